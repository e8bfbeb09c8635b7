"""One rate for all requests together, and it blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._firewall import BLOCK, CONSTANT, Tried, is_cap, tried
from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation
from policies.core.web_acl import AclRule


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    firewall = tried(endpoint)
    if firewall is None:
        yield Violation(endpoint.distribution, "webAclId names no web ACL of this program, so no rate is limited")
    elif not firewall.caps:
        yield Violation(firewall.resource, "; ".join(_reasons(firewall)), _one_change(firewall))


def _reasons(firewall: Tried) -> Iterator[str]:
    if firewall.passed is None:
        yield "too many statements look at what no request shows (addresses, countries, labels): nobody can tell"
    elif not firewall.passed:
        yield "no request that was tried passes: nobody can tell which ones do"
    rates = [rule for rule in firewall.acl.rules if rule.rate is not None]
    if not rates:
        yield "0 rate rules, 1 is asked for"
    # Where a rule has one counter for all it is the one to mend; those by address are right beside it.
    for rule in [each for each in rates if _key(each) == CONSTANT] or rates:
        if rule.action != BLOCK:
            yield f"rule {rule.name} has action {rule.action}, not block: it stops nothing"
        if _key(rule) != CONSTANT:
            yield f"rule {rule.name} counts by {_key(rule)}: its limit times the number of keys bounds nothing"
        elif is_cap(rule) and (escape := firewall.escape(rule)):
            yield f"rule {rule.name} (priority {rule.priority:.0f}) does not count {escape}, which passes"


def _key(rule: AclRule) -> str:
    return str((rule.rate or {}).get("aggregateKeyType", "IP"))


def _one_change(firewall: Tried) -> str:
    """Return the change of one action that mends it; empty, for the rule's own advice, where that is not enough."""
    idle = [rule for rule in firewall.acl.rules if rule.rate and _key(rule) == CONSTANT and rule.action != BLOCK]
    return f"set the action of rule {idle[0].name} to {{'block': {{}}}}, and leave the rest" if idle else ""


RULE: Final = Rule(
    id="rate-rule-blocks",
    what="A rate rule with one counter for all requests (CONSTANT) blocks, and counts every request that passes the "
    "firewall, in whatever spelling.",
    why="What passes the firewall costs a request, a gate and store reads each, and with a stolen key an edge call. "
    "Only the rate rule says how many can pass before somebody acts: without it, CloudFront's 250,000 a second.",
    source="AWS WAF API Reference, RateBasedStatement; edgewise/cost/quotas.yaml",
    fix="put a rule with action={'block': {}} and rate_based_statement={'aggregate_key_type': 'CONSTANT', 'limit': …, "
    "'evaluation_window_sec': 60, 'scope_down_statement': …} before every rule that allows; let the scope have the "
    "very statements and text_transformations of the rules that allow",
    subjects=endpoints,
    check=_check,
)
