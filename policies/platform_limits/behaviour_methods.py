"""A behaviour allows one of CloudFront's three sets of methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import UNKNOWN, Behaviour
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import all_behaviours, setting
from policies.platform_limits._limits import ALLOWED_METHODS, CACHED_METHODS

_SETS: Final = {
    "allowedMethods": ("allowed_methods", ALLOWED_METHODS),
    "cachedMethods": ("cached_methods", CACHED_METHODS),
}


def _check(behaviour: Behaviour, _: Config) -> Iterator[Violation]:
    for key, (spelled, sets) in _SETS.items():
        methods = setting(behaviour, key)
        if methods is None:
            continue
        if UNKNOWN in methods:
            behaviour.distribution.sure(UNKNOWN, f"{behaviour.path} {key}")
        if frozenset(methods) not in sets:
            asked = " or ".join(",".join(sorted(each)) for each in sets)
            yield Violation(
                behaviour.distribution,
                f"behaviour {behaviour.path}: {spelled} is {','.join(sorted(methods))}, not {asked}",
            )


RULE: Final = Rule(
    id="behaviour-methods",
    what="A behaviour's methods are one of CloudFront's own sets; POST comes with all seven.",
    why="Any other set fails as InvalidArgument at the distribution, the last resource to be made.",
    source="Amazon CloudFront API Reference, AllowedMethods",
    fix="write allowed_methods=['GET','HEAD'], the same with 'OPTIONS', or all seven, and let the gate answer 405 to "
    "what the endpoint does not take; cached_methods=['GET','HEAD']",
    subjects=all_behaviours,
    check=_check,
)
