"""A zone's rate rules count by data centre, and say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import ZONE_COUNTER

_PHASE: Final = "http_ratelimit"
_MISPRINT: Final = "http*ratelimit"


def _subjects(stack: Stack) -> list[Resource]:
    found = stack.of("cloudflare:index/ruleset:Ruleset")
    return [each for each in found if each.get("phase") in {_PHASE, _MISPRINT}]


def _check(ruleset: Resource, _: Config) -> Iterator[Violation]:
    if ruleset.get("phase") == _MISPRINT:
        yield Violation(ruleset, f"phase is {_MISPRINT}, not {_PHASE}", f"set phase='{_PHASE}'")
    for each in ruleset.get("rules", default=()):
        rate = ruleset.sure(each, "rules").get("ratelimit") or {}
        counted = rate.get("characteristics") or ()
        where = f"rule {each.get('ref') or each.get('description') or each.get('expression')}"
        if ZONE_COUNTER not in counted:
            yield Violation(ruleset, f"{where}: characteristics are {', '.join(counted) or 'none'}, no {ZONE_COUNTER}")
        if rate.get("requestsPerPeriod", 1) < 1:
            yield Violation(ruleset, f"{where}: requests_per_period is {rate['requestsPerPeriod']:g}, at least 1")


RULE: Final = Rule(
    id="zone-rate-rule",
    what=f"Each rule of a ruleset of phase {_PHASE} counts by {ZONE_COUNTER}, from one request on.",
    why="Cloudflare refuses the ruleset, all its rules with it; and there is no counter over all data centres, so such "
    "a rule is no bound.",
    source="cloudflare-docs, waf/rate-limiting-rules/request-rate",
    fix=f"set ratelimit={{'characteristics': ['{ZONE_COUNTER}', 'ip.src'], …}}",
    subjects=_subjects,
    check=_check,
)
