"""Models are fetched by who may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._gates import keys_of, ungated
from policies.core.endpoint import InferenceEndpoint, endpoints, is_model_path
from policies.core.resource import Stack, behaviours
from policies.core.rule import Config, Rule, Violation

# inference/gate: what a key begins with under which the gate finds the token that models are fetched with.
TOKEN_KEY: Final = "fetch:"


def _subjects(stack: Stack) -> list[InferenceEndpoint]:
    return [
        each
        for each in endpoints(stack)
        if any(is_model_path(behaviour.path) for behaviour in behaviours(each.distribution))
    ]


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    open_paths = {behaviour.path for behaviour, _ in ungated(endpoint)}
    tokens = [key for store in endpoint.stores for key in keys_of(endpoint.stack, store) if key.startswith(TOKEN_KEY)]
    for behaviour in behaviours(endpoint.distribution):
        if not is_model_path(behaviour.path) or behaviour.settings.get("trustedKeyGroups"):
            continue
        if behaviour.path in open_paths:
            yield Violation(
                endpoint.distribution,
                f"the behaviour {behaviour.path} has no gate: anybody fetches",
                f"put the gate on {behaviour.path}, see behaviours-gated"
                + ("" if tokens else f"; then a token under the key {TOKEN_KEY}k1 into its store"),
            )
        elif not tokens:
            yield Violation(
                endpoint.distribution, f"0 keys {TOKEN_KEY}… lie in the gate's store, so {behaviour.path} asks for none"
            )


RULE: Final = Rule(
    id="model-token",
    what="The path that models are fetched by is behind a gate that has a token to ask for, or a key group.",
    why="A model is megabytes. Whoever may fetch it as often as they like buys bytes on your bill: at 5 MB and "
    "20 requests a second 250 TB a month.",
    source="docs/adr/0004-bound.md; docs/ledger.md, fetch_token",
    fix=f"put a token into cloudfront.KeyvaluestoreKey(key='{TOKEN_KEY}k1', …) of the gate's store and the gate on the "
    "behaviour's viewer-request, or set trusted_key_groups",
    subjects=_subjects,
    check=_check,
)
