"""What passes the firewall of one endpoint, as plain data: the component declares it, the bound counts it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inference.contract import inference_path, model_path
from infra.limits import DEVICE_ID_LENGTH

# The shortest window that AWS WAF offers: RateBasedStatement, EvaluationWindowSec. The bound counts with it.
WINDOW_S: Final = 60
RETRY_AFTER_S: Final = str(WINDOW_S)

Statement = Mapping[str, Any]
# "At least one" is demanded of each match; NONE leaves the bytes as they came, so no other spelling passes.
_AS_IT_CAME: Final = [{"priority": 0, "type": "NONE"}]
_PATH: Final[Mapping[str, Any]] = {"uri_path": {}}
_METHOD: Final[Mapping[str, Any]] = {"method": {}}
_LENGTH: Final[Mapping[str, Any]] = {"single_header": {"name": "content-length"}}
_BLOCKED, _RATE = "blocked", "rate"

# AWS WAF Developer Guide, the pages of each statement type: capacity units of a match, of a size constraint, of a
# rate-based statement besides its scope, and of each text transformation. NONE is counted like the others: the guide
# does not say that it is free.
_MATCH_UNITS: Final = {"EXACTLY": 2, "STARTS_WITH": 2, "ENDS_WITH": 2, "CONTAINS": 10, "CONTAINS_WORD": 10}
_SIZE_UNITS, _RATE_UNITS, _TRANSFORMATION_UNITS = 1, 2, 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Passing:
    """What may pass, and how often.

    Attributes
    ----------
    function : str
        The function's name in the path.
    metric : str
        The web ACL's metric; each rule's begins with it.
    request_bytes : int
        The one length of a body that passes.
    rate_cap_rps, rate_cap_ip_rps : int
        Requests a second that pass, from everybody and from one address.
    """

    function: str
    metric: str
    request_bytes: int
    rate_cap_rps: int
    rate_cap_ip_rps: int


def default_action() -> dict[str, Any]:
    """Return what happens to whatever matches no rule: it is blocked."""
    return {"block": _answer(403, _BLOCKED)}


def rules(passing: Passing) -> list[dict[str, Any]]:
    """Return the rules in their order: floods first, one address before all of them, then the two that pass.

    A rate rule with one counter for all hits honest devices too once it blocks, so a single flooder must be stopped
    by its address before.
    """
    inference, model = _inference(passing), _model()
    either = {"or_statement": {"statements": [inference, model]}}
    flood: dict[str, Any] = {"block": _answer(429, _RATE, {"name": "Retry-After", "value": RETRY_AFTER_S})}
    ordered: list[tuple[str, dict[str, Any], Statement]] = [
        ("rate-of-one-address", flood, _rate("IP", passing.rate_cap_ip_rps, either)),
        ("rate-of-all", flood, _rate("CONSTANT", passing.rate_cap_rps, either)),
        ("inference", {"allow": {}}, inference),
        ("model", {"allow": {}}, model),
    ]
    return [
        {
            "name": name,
            "priority": priority,
            "action": action,
            "statement": statement,
            "visibility_config": visible(f"{passing.metric}-{name}"),
        }
        for priority, (name, action, statement) in enumerate(ordered)
    ]


def capacity_units(of: Sequence[Mapping[str, Any]]) -> int:
    """Return the most capacity units that AWS WAF counts for some rules."""
    return sum(_units(rule["statement"]) for rule in of)


def _units(statement: Statement) -> int:
    ((kind, content),) = statement.items()
    if kind in ("and_statement", "or_statement"):
        return sum(_units(each) for each in content["statements"])
    if kind == "rate_based_statement":
        return _RATE_UNITS + _units(content["scope_down_statement"])
    transformations = _TRANSFORMATION_UNITS * len(content["text_transformations"])
    if kind == "size_constraint_statement":
        return _SIZE_UNITS + transformations
    return _MATCH_UNITS[content["positional_constraint"]] + transformations


def _inference(passing: Passing) -> Statement:
    prefix = inference_path(passing.function, "")
    return _all(
        _match(_METHOD, "EXACTLY", "POST"),
        _match(_PATH, "STARTS_WITH", prefix),
        _no_longer(len(prefix) + DEVICE_ID_LENGTH),
        _match(_LENGTH, "EXACTLY", str(passing.request_bytes)),
    )


def _model() -> Statement:
    path = model_path(f"sha256:{'0' * 64}")
    reads = {"or_statement": {"statements": [_match(_METHOD, "EXACTLY", method) for method in ("GET", "HEAD")]}}
    return _all(reads, _match(_PATH, "STARTS_WITH", path[: path.rindex("/") + 1]), _no_longer(len(path)))


def _all(*statements: Statement) -> Statement:
    return {"and_statement": {"statements": list(statements)}}


def _match(part: Mapping[str, Any], how: str, text: str) -> Statement:
    return {
        "byte_match_statement": {
            "field_to_match": part,
            "positional_constraint": how,
            "search_string": text,
            "text_transformations": _AS_IT_CAME,
        }
    }


def _no_longer(length: int) -> Statement:
    return {
        "size_constraint_statement": {
            "field_to_match": _PATH,
            "comparison_operator": "LE",
            "size": length,
            "text_transformations": _AS_IT_CAME,
        }
    }


def _rate(key: str, rps: int, scope: Statement) -> Statement:
    return {
        "rate_based_statement": {
            "aggregate_key_type": key,
            "limit": rps * WINDOW_S,
            "evaluation_window_sec": WINDOW_S,
            "scope_down_statement": scope,
        }
    }


def _answer(status: int, body: str, *headers: Mapping[str, str]) -> dict[str, Any]:
    response: dict[str, Any] = {"response_code": status, "custom_response_body_key": body}
    return {"custom_response": response | ({"response_headers": list(headers)} if headers else {})}


def bodies(passing: Passing) -> list[dict[str, str]]:
    """Return what is answered: a problem's members, under the only JSON type that AWS WAF can name."""
    path = inference_path(passing.function, "<device-id>")
    passes = (
        f"Only POST {path} with a Content-Length of {passing.request_bytes}, and GET or HEAD of "
        "/models/<digest>.onnx pass."
    )
    waits = (
        f"More than {passing.rate_cap_ip_rps} requests a second from one address, or {passing.rate_cap_rps} from all, "
        f"are turned away. Wait {RETRY_AFTER_S} seconds."
    )
    return [
        _body(_BLOCKED, 403, "The request is not one of those that pass", passes),
        _body(_RATE, 429, "Too many requests", waits),
    ]


def _body(key: str, status: int, title: str, detail: str) -> dict[str, str]:
    problem = {"type": f"urn:edgewise:problem:{key}", "title": title, "status": status, "detail": detail}
    return {"key": key, "content_type": "APPLICATION_JSON", "content": json.dumps(problem, separators=(",", ":"))}


def visible(metric: str) -> dict[str, Any]:
    """Return the setting under which CloudWatch counts what a web ACL or a rule did."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}
