"""The switch that is turned is the one that the gate reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._gates import CLOSED_UNTIL, keys_of, reads_closed_until
from policies.core.endpoint import ROLE_POLICY, InferenceEndpoint, endpoints
from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    for gate in endpoint.gates:
        if not gate.linked("keyValueStoreAssociations", ":KeyValueStore"):
            yield Violation(
                gate,
                "keyValueStoreAssociations names no store of this program: nothing can close this gate",
                "set key_value_store_associations=[store.arn]",
            )
        elif not reads_closed_until(gate):
            yield Violation(gate, f"its code never asks for {CLOSED_UNTIL}", f"refuse while {CLOSED_UNTIL} is ahead")
    for store in endpoint.stores:
        if CLOSED_UNTIL not in keys_of(endpoint.stack, store):
            yield Violation(
                store,
                f"the program writes no key {CLOSED_UNTIL} into it",
                f"add cloudfront.KeyvaluestoreKey(key='{CLOSED_UNTIL}', value='0', key_value_store_arn=store.arn)",
            )
        for closer in (*endpoint.settlers, *endpoint.guards):
            yield from _of_closer(endpoint, store, closer)


def _of_closer(endpoint: InferenceEndpoint, store: Resource, closer: Resource) -> Iterator[Violation]:
    told = closer.linked("environment", ":KeyValueStore")
    if store not in told:
        names = ", ".join(each.name for each in told) or "no store"
        yield Violation(closer, f"it is told of {names}; the gate reads {store.name}")
        return
    policies = [
        policy
        for role in closer.linked("role")
        for policy in endpoint.stack.users(role, ROLE_POLICY, key="role")
        if store in policy.linked("policy")
    ]
    if not policies:
        yield Violation(
            closer,
            f"no policy of its role names {store.name}: it may not write there",
            "allow cloudfront-keyvaluestore:PutKey on store.arn in the role's policy",
        )


RULE: Final = Rule(
    id="stop-switch",
    what=f"Every gate reads {CLOSED_UNTIL} from a store of this program, and settle and the guard write that very one.",
    why="A stop that is written to another store closes nothing: each refused request goes on costing an edge call, "
    "and nobody notices before the bill.",
    source="docs/adr/0009-spend-guard.md; docs/ledger.md",
    fix="give the function the arn of the store that the gate's key_value_store_associations name, in its environment",
    subjects=endpoints,
    check=_check,
)
