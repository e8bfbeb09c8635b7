"""What the local edge knows of a web ACL, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ACTION: Final = "Default_Action"  # as CloudWatch names it among the rules


class Part(Enum):
    """The part of a request that a statement looks at."""

    METHOD = "method"
    URI_PATH = "uriPath"
    QUERY_STRING = "queryString"
    SINGLE_HEADER = "singleHeader"
    BODY = "body"


class Action(Enum):
    """What a rule does with a request that it matches; COUNT alone goes on to the next rule."""

    ALLOW = "allow"
    BLOCK = "block"
    COUNT = "count"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldToMatch:
    """A part of the request; `header` in lower case where it is one, `oversize` where it is the body."""

    part: Part
    header: str = ""
    oversize: str = "CONTINUE"


@dataclass(frozen=True, kw_only=True, slots=True)
class ByteMatch:
    """The part, transformed, is, begins with, ends with or contains some bytes."""

    field: FieldToMatch
    search: bytes
    position: str
    transformations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SizeConstraint:
    """The part, transformed, has a size: EQ, NE, LE, LT, GE or GT so many bytes."""

    field: FieldToMatch
    comparison: str
    size: int
    transformations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AllOf:
    """Every statement matches."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AnyOf:
    """At least one statement matches."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """The statement does not match."""

    statement: Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class RateBased:
    """More than `limit` requests of the scope came in the window, by address or (not `by_ip`) all together."""

    limit: int
    window_s: int
    by_ip: bool
    scope: Statement | None


Statement = ByteMatch | SizeConstraint | AllOf | AnyOf | Not


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockResponse:
    """What a blocked viewer gets instead of CloudFront's page."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule; `metric` is its name in CloudWatch."""

    name: str
    metric: str
    priority: int
    action: Action
    response: BlockResponse | None
    statement: Statement | RateBased


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAcl:
    """A web ACL, its rules in the order of their priorities."""

    name: str
    arn: str
    metric: str
    allows_by_default: bool
    default_response: BlockResponse | None
    rules: tuple[Rule, ...]
