"""A web ACL at work: what passes, what is blocked, and by which rule."""

from __future__ import annotations

import operator
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from multidict import CIMultiDict

from edgewise.local.cdn.pages import Reply, error_page, phrase
from edgewise.local.cdn.ratelimit import DEFAULT_LAG_S, RateCounter
from edgewise.local.stack.aclmodel import (
    DEFAULT_ACTION,
    Action,
    AllOf,
    AnyOf,
    BlockResponse,
    ByteMatch,
    FieldToMatch,
    Not,
    Part,
    RateBased,
    SizeConstraint,
    Statement,
    WebAcl,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgewise.local.cdn.event import ViewerRequest

# AWS WAF Developer Guide, "Quotas": the body that is inspected, by default.
INSPECTED_BODY_BYTES: Final = 16 * 1024
BLOCKED_TEXT: Final = "Request blocked."
_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "LE": operator.le,
    "LT": operator.lt,
    "GE": operator.ge,
    "GT": operator.gt,
}
_EVERYBODY: Final = "every address"


@dataclass(kw_only=True, eq=False, slots=True)
class Firewall:
    """Judges each request of a distribution by its web ACL.

    Attributes
    ----------
    acl : WebAcl
    clock : callable
        Monotonic seconds; tests give one of their own.
    lag_s : float
        How long after a check a rate rule begins, or ends, to limit.
    allowed : int
        Requests that passed (CloudWatch ``AllowedRequests``).
    blocked, counted : Counter
        Requests by the metric name of the rule that blocked them (``BlockedRequests``; `DEFAULT_ACTION`
        where no rule did) or counted them (``CountedRequests``).
    """

    acl: WebAcl
    clock: Callable[[], float] = time.monotonic
    lag_s: float = DEFAULT_LAG_S
    allowed: int = 0
    blocked: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    _rates: dict[str, RateCounter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to count."""
        self.reset()

    def reset(self) -> None:
        """Begin to count the rates anew, as AWS does when a rule is changed."""
        self._rates = {
            rule.name: RateCounter(
                limit=rule.statement.limit, window_s=rule.statement.window_s, now=self.clock(), lag_s=self.lag_s
            )
            for rule in self.acl.rules
            if isinstance(rule.statement, RateBased)
        }

    def set_lag(self, lag_s: float) -> None:
        """Change the lag, for what is decided from now on."""
        self.lag_s = lag_s
        for rate in self._rates.values():
            rate.lag_s = lag_s

    @property
    def inspects_body(self) -> bool:
        """Whether a rule looks at the body."""
        return any(_inspects_body(rule.statement) for rule in self.acl.rules)

    def judge(self, request: ViewerRequest, *, body: bytes = b"") -> Reply | None:
        """Return what a blocked viewer gets; None when the request passes.

        Parameters
        ----------
        request : ViewerRequest
            The request as it came: paths are not normalised for a web ACL.
        body : bytes
            Its beginning, where `inspects_body` asks for it; no more than `INSPECTED_BODY_BYTES` count.
        """
        for rule in self.acl.rules:
            if isinstance(rule.statement, RateBased):
                hit = self._over_rate(rule.name, rule.statement, request, body)
            else:
                hit = matches(rule.statement, request, body)
            if not hit:
                continue
            if rule.action is Action.COUNT:
                self.counted[rule.metric] += 1
            elif rule.action is Action.BLOCK:
                return self._block(rule.metric, rule.response, request)
            else:
                self.allowed += 1
                return None
        if self.acl.allows_by_default:
            self.allowed += 1
            return None
        return self._block(DEFAULT_ACTION, self.acl.default_response, request)

    def _over_rate(self, name: str, rate: RateBased, request: ViewerRequest, body: bytes) -> bool:
        if rate.scope is not None and not matches(rate.scope, request, body):
            return False
        key = request.client_ip if rate.by_ip else _EVERYBODY
        return self._rates[name].add(key, self.clock())

    def _block(self, metric: str, response: BlockResponse | None, request: ViewerRequest) -> Reply:
        self.blocked[metric] += 1
        if response is None:
            return error_page(403, BLOCKED_TEXT, request_id=request.request_id)
        headers: CIMultiDict[str] = CIMultiDict(response.headers)
        if response.content_type:
            headers["Content-Type"] = response.content_type
        return Reply(
            status=response.status,
            headers=headers,
            body=response.body,
            reason=phrase(response.status),
            x_cache="Error from cloudfront",
        )

    def to_json(self) -> dict[str, object]:
        """Return the counters, and what the rate rules limit just now, as a JSON object."""
        now = self.clock()
        return {
            "web_acl": self.acl.metric,
            "waf_allowed": self.allowed,
            "waf_blocked": self.blocked.total(),
            "waf_blocked_by_rule": dict(self.blocked),
            "waf_counted_by_rule": dict(self.counted),
            "waf_limited": {name: sorted(map(str, rate.limited(now))) for name, rate in self._rates.items()},
        }


def matches(statement: Statement, request: ViewerRequest, body: bytes) -> bool:
    """Tell whether a statement matches a request."""
    match statement:
        case AllOf(statements=statements):
            return all(matches(each, request, body) for each in statements)
        case AnyOf(statements=statements):
            return any(matches(each, request, body) for each in statements)
        case Not(statement=inner):
            return not matches(inner, request, body)
        case ByteMatch():
            return _matches_bytes(statement, request, body)
        case SizeConstraint():
            return _matches_size(statement, request, body)


def _matches_bytes(statement: ByteMatch, request: ViewerRequest, body: bytes) -> bool:
    found = _transformed(_part(statement.field, request, body), statement.transformations)
    if found is None:
        return False
    if statement.position == "EXACTLY":
        return found == statement.search
    if statement.position == "STARTS_WITH":
        return found.startswith(statement.search)
    if statement.position == "ENDS_WITH":
        return found.endswith(statement.search)
    return statement.search in found


def _matches_size(statement: SizeConstraint, request: ViewerRequest, body: bytes) -> bool:
    oversize = statement.field.part is Part.BODY and len(body) > INSPECTED_BODY_BYTES
    if oversize and statement.field.oversize != "CONTINUE":
        return statement.field.oversize == "MATCH"
    found = _transformed(_part(statement.field, request, body), statement.transformations)
    return found is not None and _COMPARISONS[statement.comparison](len(found), statement.size)


def _part(told: FieldToMatch, request: ViewerRequest, body: bytes) -> bytes | None:
    """Return the part of a request that a statement looks at; None for a header that was not sent."""
    if told.part is Part.METHOD:
        return request.method.encode()
    if told.part is Part.URI_PATH:
        return request.uri.encode("utf-8", "surrogateescape")
    if told.part is Part.QUERY_STRING:
        return request.querystring.encode("utf-8", "surrogateescape")
    if told.part is Part.BODY:
        return body[:INSPECTED_BODY_BYTES]
    values = request.headers.getall(told.header, [])
    return ",".join(values).encode("utf-8", "surrogateescape") if values else None


def _transformed(content: bytes | None, transformations: tuple[str, ...]) -> bytes | None:
    if content is None:
        return None
    for transformation in transformations:
        if transformation == "LOWERCASE":
            content = content.lower()
        elif transformation == "URL_DECODE":
            content = unquote_to_bytes(content)
    return content


def _inspects_body(statement: Statement | RateBased) -> bool:
    match statement:
        case RateBased(scope=scope):
            return scope is not None and _inspects_body(scope)
        case AllOf(statements=statements) | AnyOf(statements=statements):
            return any(map(_inspects_body, statements))
        case Not(statement=inner):
            return _inspects_body(inner)
        case _:
            return statement.field.part is Part.BODY
