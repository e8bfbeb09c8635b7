"""A rate rule's numbers are ones that the firewall takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.core.endpoint import WEB_ACL
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import RATE_LEAST, RATE_MOST, RATE_WINDOWS_S


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(WEB_ACL) if each.get("rules")]


def _check(acl: Resource, _: Config) -> Iterator[Violation]:
    rules = [acl.sure(each, f"rules.{index}") for index, each in enumerate(acl.get("rules"))]
    for priority, count in Counter(each.get("priority") for each in rules).items():
        if count > 1:
            yield Violation(acl, f"{count} rules of priority {priority:g}", "give each rule a priority of its own")
    for each in rules:
        rate = (each.get("statement") or {}).get("rateBasedStatement")
        if rate:
            yield from (Violation(acl, f"rule {each.get('name')}: {fault}") for fault in _faults(acl, rate))


def _faults(acl: Resource, rate: Mapping[str, Any]) -> Iterator[str]:
    limit = acl.sure(rate.get("limit", 0), "rules limit")
    window_s = acl.sure(rate.get("evaluationWindowSec", RATE_WINDOWS_S[2]), "rules evaluationWindowSec")
    if not RATE_LEAST <= limit <= RATE_MOST:
        yield f"limit is {limit:g}, allowed are {RATE_LEAST} to {RATE_MOST}"
    if window_s not in RATE_WINDOWS_S:
        yield f"evaluation_window_sec is {window_s:g}, not one of {', '.join(map(str, RATE_WINDOWS_S))}"
    if rate.get("aggregateKeyType") == "CONSTANT" and not rate.get("scopeDownStatement"):
        yield "aggregate_key_type CONSTANT without scope_down_statement"


RULE: Final = Rule(
    id="rate-rule-values",
    what=f"A rate rule counts {RATE_LEAST} to {RATE_MOST} requests in 60, 120, 300 or 600 s, CONSTANT with a "
    "scope-down; no two rules share a priority.",
    why="AWS WAF refuses the whole web ACL, and the endpoint behind it is then made without one or not at all.",
    source="AWS WAF API Reference, RateBasedStatement and Rule",
    fix="set evaluation_window_sec=60 and limit to the rate times 60",
    subjects=_subjects,
    check=_check,
)
