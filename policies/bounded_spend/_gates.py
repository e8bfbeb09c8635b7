"""Which behaviours a gate of this program stands before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import STORE_KEY, InferenceEndpoint
from policies.core.resource import UNKNOWN, Behaviour, Resource, Stack, behaviours

CLOSED_UNTIL: Final = "closed_until"
_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
# CloudFront Developer Guide, JavaScript runtime 2.0 features for CloudFront Functions: crypto and WebCrypto.
_VERIFIES: Final = re.compile(r"createHmac\s*\(|subtle\s*\.\s*(verify|sign)\s*\(")


def ungated(endpoint: InferenceEndpoint) -> Iterator[tuple[Behaviour, str]]:
    """Yield the behaviours that no gate of this program stands before, and what stands there instead."""
    arns = {gate.known("arn") for gate in endpoint.gates} - {None}
    for behaviour in behaviours(endpoint.distribution):
        on_requests = [
            each.get("functionArn")
            for each in behaviour.settings.get("functionAssociations") or ()
            if each.get("eventType") == "viewer-request"
        ]
        if not on_requests:
            yield behaviour, "no function on viewer-request"
        elif not endpoint.distribution.linked(behaviour.key, "cloudfront/function:Function"):
            yield behaviour, f"{on_requests[0]}, which is no function of this program"
        elif any(arn is not UNKNOWN and arn not in arns for arn in on_requests):
            yield behaviour, "a function that this program does not declare"


def code_of(gate: Resource) -> str:
    """Return a gate's code without its comments.

    Raises
    ------
    UnknownValueError
    """
    return _COMMENT.sub("", str(gate.get("code", default="")))


def verifies(gate: Resource) -> bool:
    """Tell whether a gate's code computes a signature. That it compares it can't be seen here."""
    return bool(_VERIFIES.search(code_of(gate)))


def reads_closed_until(gate: Resource) -> bool:
    """Tell whether a gate's code asks for the stop switch."""
    return CLOSED_UNTIL in code_of(gate)


def keys_of(stack: Stack, store: Resource) -> list[str]:
    """Return the keys that the program writes into a store."""
    return [str(each.known("key")) for each in stack.users(store, STORE_KEY, key="keyValueStoreArn")]
