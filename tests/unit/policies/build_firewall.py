"""The good endpoint's firewall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.unit.policies.build_names import FUNCTION, tags
from tests.unit.policies.parts import Parts


def _match(field_to_match: Mapping[str, Any], constraint: str, text: str) -> dict[str, Any]:
    return {
        "byteMatchStatement": {
            "fieldToMatch": field_to_match,
            "positionalConstraint": constraint,
            "searchString": text,
            "textTransformations": [{"priority": 0.0, "type": "NONE"}],
        }
    }


def _size(limit: float) -> dict[str, Any]:
    return {
        "sizeConstraintStatement": {
            "comparisonOperator": "LE",
            "fieldToMatch": {"uriPath": {}},
            "size": limit,
            "textTransformations": [{"priority": 0.0, "type": "NONE"}],
        }
    }


def inference_statement() -> dict[str, Any]:
    """Return the statement that lets an inference request in."""
    return {
        "andStatement": {
            "statements": [
                _match({"method": {}}, "EXACTLY", "POST"),
                _match({"uriPath": {}}, "STARTS_WITH", f"/v1/{FUNCTION}/"),
                _size(79.0),
                _match({"singleHeader": {"name": "content-length"}}, "EXACTLY", "67500"),
            ]
        }
    }


def model_statement() -> dict[str, Any]:
    """Return the statement that lets a model's request in."""
    methods = [_match({"method": {}}, "EXACTLY", each) for each in ("GET", "HEAD")]
    return {
        "andStatement": {
            "statements": [
                {"orStatement": {"statements": methods}},
                _match({"uriPath": {}}, "STARTS_WITH", "/models/"),
                _size(77.0),
            ]
        }
    }


def rule(name: str, priority: float, action: Mapping[str, Any], statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a web ACL's rule."""
    seen = {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}
    return {"name": name, "priority": priority, "action": action, "statement": statement, "visibilityConfig": seen}


def rate_rule(name: str, priority: float, kind: str, limit: float) -> dict[str, Any]:
    """Return a rate rule that blocks, over inference and model requests together; the limit is for 60 s."""
    both = {"orStatement": {"statements": [inference_statement(), model_statement()]}}
    statement = {"aggregateKeyType": kind, "evaluationWindowSec": 60.0, "limit": limit, "scopeDownStatement": both}
    return rule(name, priority, {"block": {}}, {"rateBasedStatement": statement})


def firewall(parts: Parts) -> Parts:
    return parts.put(
        "acl",
        "aws:wafv2/webAcl:WebAcl",
        name="edgewise-test-face-match",
        scope="CLOUDFRONT",
        region="us-east-1",
        defaultAction={"block": {}},
        rules=[
            rate_rule("rate-of-one-address", 0.0, "IP", 600.0),
            rate_rule("rate-of-all", 1.0, "CONSTANT", 1200.0),
            rule("allow-inference", 2.0, {"allow": {}}, inference_statement()),
            rule("allow-models", 3.0, {"allow": {}}, model_statement()),
        ],
        visibilityConfig={"cloudwatchMetricsEnabled": True, "metricName": "all", "sampledRequestsEnabled": True},
        tags=tags(),
    )
