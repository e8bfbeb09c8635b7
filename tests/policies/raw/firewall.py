"""The good endpoint's web ACL, in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policies.raw.names import BODY_BYTES, READ


def matches(field: Mapping[str, Any], constraint: str, text: str, transformation: str = "NONE") -> dict[str, Any]:
    """Return a byte match statement."""
    return {
        "byte_match_statement": {
            "field_to_match": field,
            "positional_constraint": constraint,
            "search_string": text,
            "text_transformations": [{"priority": 0, "type": transformation}],
        }
    }


def every(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement that asks for all of them."""
    return {"and_statement": {"statements": list(statements)}}


def some(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement that asks for one of them."""
    return {"or_statement": {"statements": list(statements)}}


def path_at_most(size: int) -> dict[str, Any]:
    """Return a statement about the path's length."""
    return {
        "size_constraint_statement": {
            "comparison_operator": "LE",
            "field_to_match": {"uri_path": {}},
            "size": size,
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }


def inference(name: str) -> dict[str, Any]:
    """Return the statement that an inference request matches."""
    return every(
        matches({"method": {}}, "EXACTLY", "POST"),
        matches({"uri_path": {}}, "STARTS_WITH", f"/v1/{name}/"),
        path_at_most(110),
        matches({"single_header": {"name": "content-length"}}, "EXACTLY", BODY_BYTES),
    )


def models() -> dict[str, Any]:
    """Return the statement that a model's request matches."""
    reads = some(*(matches({"method": {}}, "EXACTLY", each) for each in READ))
    return every(reads, matches({"uri_path": {}}, "STARTS_WITH", "/models/"), path_at_most(77))


def rule(name: str, priority: int, action: Mapping[str, Any], statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a web ACL's rule."""
    return {
        "name": name,
        "priority": priority,
        "action": action,
        "statement": statement,
        "visibility_config": seen(name),
    }


def seen(metric: str) -> dict[str, Any]:
    """Return a visibility config."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}


def rate_rule(
    name: str, priority: int, kind: str, limit: int, scope: Mapping[str, Any], *, action: str = "block"
) -> dict[str, Any]:
    """Return a rate rule over 60 seconds."""
    statement = {
        "aggregate_key_type": kind,
        "evaluation_window_sec": 60,
        "limit": limit,
        "scope_down_statement": scope,
    }
    return rule(name, priority, {action: {}}, {"rate_based_statement": statement})


def acl_rules(name: str) -> list[dict[str, Any]]:
    """Return the rules of a good firewall."""
    both = some(inference(name), models())
    return [
        rate_rule("rate-of-one-address", 0, "IP", 600, both),
        rate_rule("rate-of-all", 1, "CONSTANT", 1200, both),
        rule("inference", 2, {"allow": {}}, inference(name)),
        rule("models", 3, {"allow": {}}, models()),
    ]
