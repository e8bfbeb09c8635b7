"""What an endpoint's firewall really lets pass, tried out request by request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from policies.core.endpoint import InferenceEndpoint
from policies.core.probes import CONTENT_LENGTH, GREATEST_BODY, doubts, probes, reaches
from policies.core.resource import Resource, behaviours
from policies.core.statements import Request
from policies.core.web_acl import DEFAULT_WINDOW_S, Acl, AclRule, read_acl

BLOCK: Final = "block"
CONSTANT: Final = "CONSTANT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """A request that gets through, and how the statements turned out that no request shows."""

    request: Request
    seen: Mapping[str, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A web ACL after the probes.

    Attributes
    ----------
    passed : tuple of Passed or None
        None when the ACL depends on more than can be tried.
    running : tuple of str
        The path patterns that run the function.
    """

    resource: Resource
    acl: Acl
    passed: tuple[Passed, ...] | None
    running: tuple[str, ...]

    @property
    def caps(self) -> list[AclRule]:
        """The rules that block at one rate of all requests together, and count all that get through."""
        seen = bool(self._through)
        return [rule for rule in self.acl.rules if seen and is_cap(rule) and self.escape(rule) is None]

    @property
    def _through(self) -> list[Request]:
        """The requests that get through to the function; none means that the rules are past trying."""
        return [
            each.request
            for each in self.passed or ()
            if any(reaches(pattern, each.request.path) for pattern in self.running)
        ]

    def escape(self, rule: AclRule) -> Request | None:
        """Return a request that gets through and that a rate rule does not count; None when there is none."""
        for each in self.passed or ():
            if not self.acl.counts(rule, each.request, each.seen):
                return each.request
        return None

    @property
    def body_bytes(self) -> int:
        """The longest body that gets through to the function; a request without a length has any."""
        lengths = [int(request.headers.get(CONTENT_LENGTH, GREATEST_BODY)) for request in self._through]
        return max(lengths, default=GREATEST_BODY)


def is_cap(rule: AclRule) -> bool:
    """Tell whether a rule has one counter for all and blocks at it."""
    return rule.rate is not None and rule.action == BLOCK and rule.rate.get("aggregateKeyType") == CONSTANT


def window_s(rule: AclRule) -> int:
    """Return the seconds that a rate rule looks back."""
    return int((rule.rate or {}).get("evaluationWindowSec") or DEFAULT_WINDOW_S)


def rate_rps(rule: AclRule) -> Fraction:
    """Return the requests a second that a rate rule lets pass."""
    return Fraction(int((rule.rate or {}).get("limit") or 0), window_s(rule))


def tried(endpoint: InferenceEndpoint) -> Tried | None:
    """Try an endpoint's web ACL out, once; None where no ACL of this program is associated.

    Raises
    ------
    UnknownValueError
        When a rule is not known.
    """
    resource = endpoint.web_acl
    if resource is None:
        return None
    key = f"tried {endpoint.distribution.urn}"
    found: Tried | None = endpoint.stack.memory.get(key)
    if found is None:
        acl = read_acl(resource)
        ways = doubts(acl)
        patterns = [behaviour.path for behaviour in behaviours(endpoint.distribution)]
        passed = None if ways is None else tuple(_passing(acl, list(ways), patterns))
        running = tuple(behaviour.path for behaviour in endpoint.running)
        found = endpoint.stack.memory[key] = Tried(resource=resource, acl=acl, passed=passed, running=running)
    return found


def _passing(acl: Acl, ways: list[dict[str, bool]], patterns: list[str]) -> list[Passed]:
    return [
        Passed(request=request, seen=seen)
        for request in probes(acl, patterns)
        for seen in ways
        if acl.passes(request, seen)
    ]
