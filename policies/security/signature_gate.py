"""No inference without a signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import STORE_KEY, InferenceEndpoint, endpoints
from policies.core.resource import Behaviour, Resource
from policies.core.rule import Config, Rule, Violation

# What lies in a gate's store and is no key: the switch that closes it (inference/gate).
NO_KEYS: Final = ("closed_until",)
_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
# What a CloudFront Function can check a signature with: Amazon CloudFront Developer Guide, "JavaScript runtime 2.0
# features for CloudFront Functions", module crypto and WebCrypto.
_VERIFIES: Final = re.compile(r"createHmac\s*\(|subtle\s*\.\s*(verify|sign)\s*\(")


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    for behaviour in endpoint.running:
        if behaviour.settings.get("trustedKeyGroups") or _has_edge_gate(behaviour):
            continue
        yield Violation(
            endpoint.distribution, f"the behaviour {behaviour.path} has no viewer-request function and no key group"
        )
    for gate in endpoint.gates:
        yield from _of_gate(endpoint, gate)


def _has_edge_gate(behaviour: Behaviour) -> bool:
    return any(
        each.get("eventType") == "viewer-request" for each in behaviour.settings.get("functionAssociations") or ()
    )


def _of_gate(endpoint: InferenceEndpoint, gate: Resource) -> Iterator[Violation]:
    if all(behaviour.settings.get("trustedKeyGroups") for behaviour in endpoint.running):
        return
    if not _VERIFIES.search(_COMMENT.sub("", str(gate.get("code", default="")))):
        yield Violation(
            gate,
            "its code calls neither createHmac nor subtle.verify: it lets requests pass that nobody signed",
            "verify an HMAC of the request in the function: crypto.createHmac('sha256', key)…",
        )
    entries = [
        entry for store in endpoint.stores for entry in endpoint.stack.users(store, STORE_KEY, key="keyValueStoreArn")
    ]
    if all(entry.known("key") in NO_KEYS for entry in entries):
        yield Violation(
            gate,
            "0 keys lie in its key-value stores, so it has nothing to verify with but what its code says to all",
            "put the signing key into a cloudfront.KeyvaluestoreKey and the store into key_value_store_associations",
        )


RULE: Final = Rule(
    id="signature-gate",
    what="Every path to an inference function is behind a gate that verifies a signature with a key of its store.",
    why="A request that nobody signed costs an edge call and a ledger read each, and anybody can send millions.",
    source="docs/adr/0009-spend-guard.md: requests without a valid signature never cost a Lambda call. That "
    "the code compares what it computes can't be seen here: inference/gate has tests for that",
    fix="set function_associations=[{'event_type': 'viewer-request', 'function_arn': gate.arn}] on the behaviour",
    subjects=endpoints,
    check=_check,
)
