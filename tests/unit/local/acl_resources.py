"""A web ACL as the platform has it, in the shapes that the engine exports."""

from __future__ import annotations

from typing import Any

from tests.edge.handmade import FUNCTION, visible

PREFIX = f"/v1/{FUNCTION}/"
REQUEST_BYTES = 64
PROBLEM = '{"type": "about:blank", "title": "blocked", "status": 403}'
TOO_MANY = '{"type": "about:blank", "title": "rate", "status": 429}'

Block = dict[str, Any]


def byte_match(field: Block, search: str, position: str = "EXACTLY", *transformations: str) -> Block:
    """Return a byte match."""
    return {
        "byteMatchStatement": {
            "fieldToMatch": field,
            "positionalConstraint": position,
            "searchString": search,
            "textTransformations": transformed(*transformations),
        }
    }


def size(field: Block, comparison: str, limit: int, *transformations: str) -> Block:
    """Return a size constraint."""
    return {
        "sizeConstraintStatement": {
            "comparisonOperator": comparison,
            "fieldToMatch": field,
            "size": limit,
            "textTransformations": transformed(*transformations),
        }
    }


def transformed(*types: str) -> list[Block]:
    """Return text transformations in order."""
    return [{"priority": priority, "type": kind} for priority, kind in enumerate(types or ("NONE",))]


def all_of(*statements: Block) -> Block:
    """Return an and."""
    return {"andStatement": {"statements": list(statements)}}


def any_of(*statements: Block) -> Block:
    """Return an or."""
    return {"orStatement": {"statements": list(statements)}}


def negated(statement: Block) -> Block:
    """Return a not."""
    return {"notStatement": {"statement": statement}}


def rate(limit: int, *, by_ip: bool, scope: Block | None = None, window_s: int = 60) -> Block:
    """Return a rate-based statement."""
    content: Block = {
        "aggregateKeyType": "IP" if by_ip else "CONSTANT",
        "evaluationWindowSec": window_s,
        "limit": limit,
    }
    return {"rateBasedStatement": content | ({"scopeDownStatement": scope} if scope else {})}


def rule(name: str, priority: int, action: Block, statement: Block) -> Block:
    """Return a rule; its metric has its name."""
    return {
        "name": name,
        "priority": priority,
        "action": action,
        "statement": statement,
        "visibilityConfig": visible(name),
    }


URI: Block = {"uriPath": {}}
METHOD: Block = {"method": {}}
LENGTH: Block = {"singleHeader": {"name": "content-length"}}
ALLOW: Block = {"allow": {}}
BLOCK: Block = {"block": {}}
COUNT: Block = {"count": {}}

INFERENCE = all_of(
    byte_match(METHOD, "POST"),
    byte_match(URI, PREFIX, "STARTS_WITH"),
    size(URI, "LE", len(PREFIX) + 64),
    byte_match(LENGTH, str(REQUEST_BYTES)),
)
MODEL = all_of(
    any_of(byte_match(METHOD, "GET"), byte_match(METHOD, "HEAD")),
    byte_match(URI, "/models/", "STARTS_WITH"),
    size(URI, "LE", 128),
)


def refused(status: int, body: str, **headers: str) -> Block:
    """Return a block action with a custom response."""
    response: Block = {"customResponseBodyKey": body, "responseCode": status}
    if headers:
        response["responseHeaders"] = [{"name": name, "value": value} for name, value in headers.items()]
    return {"block": {"customResponse": response}}


def platform_acl(*, by_ip: int = 600, all_together: int = 1200) -> Block:
    """Return the platform's ACL: two rate rules, then what is allowed, and nothing else."""
    scope = any_of(INFERENCE, MODEL)
    too_many = refused(429, "rate", **{"Retry-After": "60"})
    return {
        "customResponseBodies": [
            {"key": "blocked", "content": PROBLEM, "contentType": "APPLICATION_JSON"},
            {"key": "rate", "content": TOO_MANY, "contentType": "APPLICATION_JSON"},
        ],
        "defaultAction": refused(403, "blocked"),
        "rules": [
            rule("allow-model", 3, ALLOW, MODEL),
            rule("rate-ip", 0, too_many, rate(by_ip, by_ip=True, scope=scope)),
            rule("rate-all", 1, too_many, rate(all_together, by_ip=False, scope=scope)),
            rule("allow-inference", 2, ALLOW, INFERENCE),
        ],
    }
