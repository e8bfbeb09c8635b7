"""A web ACL as its rules work on a request: which rule ends it, which rule counts it.

What a request does not show (addresses, countries, labels, bodies, other people's rule groups) is a variable that a
question is asked for with both values: nobody gets the benefit of the doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.core.resource import UNKNOWN, Resource, UnknownValueError
from policies.core.statements import RATE, Request, Seen, Statement, decide, leaves, matches, showing, text_of

# WAF, RateBasedStatement: the window when none is set.
DEFAULT_WINDOW_S: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class AclRule:
    """One rule.

    Attributes
    ----------
    action : str
        ``allow``, ``block``, ``count``, ``captcha``, ``challenge``; ``group`` for a rule group that may allow.
    """

    name: str
    priority: float
    action: str
    statement: Statement

    @property
    def rate(self) -> Statement | None:
        """The rate-based statement, if it is one."""
        found: Statement | None = self.statement.get(RATE)
        return found

    @property
    def ends(self) -> bool:
        """Whether a request that it matches goes no further, whatever its rate."""
        return self.rate is None and self.action in {"allow", "block", "group"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Acl:
    """A web ACL read once.

    Attributes
    ----------
    rules : tuple of AclRule
        In the order in which they are tried.
    blocks : bool
        Whether what no rule names is blocked.
    """

    rules: tuple[AclRule, ...]
    blocks: bool

    def passes(self, request: Request, seen: Seen) -> bool:
        """Tell whether a request gets through while no rate rule is over its limit."""
        for rule in self.rules:
            if rule.ends and matches(rule.statement, request, seen):
                return rule.action != "block"
        return not self.blocks

    def counts(self, counting: AclRule, request: Request, seen: Seen) -> bool:
        """Tell whether a rate rule counts a request: nothing ends it before, and the scope takes it in."""
        for rule in self.rules:
            if rule is counting:
                scope = (counting.rate or {}).get("scopeDownStatement")
                return scope is None or matches(scope, request, seen)
            if rule.ends and matches(rule.statement, request, seen):
                return False
        return False

    @property
    def leaves(self) -> list[Statement]:
        """The statements of all rules that hold no other."""
        return [leaf for rule in self.rules for leaf in leaves(rule.statement)]

    @property
    def unseen(self) -> set[str]:
        """The statements that a request does not decide, as JSON."""
        return {text_of(leaf) for leaf in self.leaves if decide(leaf, showing(leaf)) is None}


def read_acl(acl: Resource) -> Acl:
    """Read a web ACL.

    Raises
    ------
    UnknownValueError
        When a rule is not known, or the rules stand in JSON of their own, which is not read.
    """
    if acl.get("ruleJson") is not None:
        raise UnknownValueError(acl, "ruleJson (rules in JSON are not read: write them as rules)")
    found = []
    for index, each in enumerate(acl.get("rules", default=())):
        rule = acl.sure(each, f"rules.{index}")
        for key in ("priority", "action", "statement"):
            if _has_unknown(rule.get(key)):
                raise UnknownValueError(acl, f"rules.{index}.{key}")
        statement = rule.get("statement") or {}
        found.append(
            AclRule(
                name=str(rule.get("name")),
                priority=float(rule.get("priority") or 0),
                action=_action(rule),
                statement=statement,
            )
        )
    ordered = tuple(sorted(found, key=lambda rule: rule.priority))
    return Acl(rules=ordered, blocks=acl.get("defaultAction", "block") is not None)


def _has_unknown(value: Any) -> bool:
    """Tell whether a value is not known; ARNs of sets and groups never are at first, and decide nothing here."""
    if isinstance(value, Mapping):
        return any(key != "arn" and _has_unknown(each) for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(map(_has_unknown, value))
    return value is UNKNOWN


def _action(rule: Mapping[str, Any]) -> str:
    override = rule.get("overrideAction")
    if isinstance(override, Mapping):
        # AWS's own groups allow nothing: they block, count, label, or ask.
        owner = ((rule.get("statement") or {}).get("managedRuleGroupStatement") or {}).get("vendorName")
        return "count" if override.get("count") is not None or owner == "AWS" else "group"
    keys = [key for key, value in (rule.get("action") or {}).items() if value is not None]
    return keys[0] if len(keys) == 1 else ""
