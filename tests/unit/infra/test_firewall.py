"""What passes the firewall, and what the bound counts of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from edgewise.cost.quotas import limit
from inference.contract import DEVICE_ID, inference_path
from infra.bound import describe
from infra.firewall import WINDOW_S, Passing, bodies, capacity_units, default_action, rules
from infra.limits import DEVICE_ID_LENGTH
from infra.settings import read_settings
from tests.unit.infra.program import manifest
from tests.unit.infra.test_settings import encode, with_function

PASSING = Passing(
    function="face-match", metric="edgewise-dev-face-match", request_bytes=67_500, rate_cap_rps=20, rate_cap_ip_rps=10
)
MODEL = f"/models/{'0' * 64}.onnx"


def matches(statement: Mapping[str, Any], request: Mapping[str, str]) -> bool:
    """Read a statement as AWS WAF does, as far as these rules go."""
    ((kind, content),) = statement.items()
    if kind == "and_statement":
        return all(matches(each, request) for each in content["statements"])
    if kind == "or_statement":
        return any(matches(each, request) for each in content["statements"])
    ((part, told),) = content["field_to_match"].items()
    assert content["text_transformations"] == [{"priority": 0, "type": "NONE"}]
    found = request.get(told["name"] if part == "single_header" else part)
    if found is None:
        return False
    if kind == "size_constraint_statement":
        assert content["comparison_operator"] == "LE"
        return len(found) <= int(content["size"])
    text, how = content["search_string"], content["positional_constraint"]
    return found == text if how == "EXACTLY" else found.startswith(text)


def passes(method: str, path: str, length: str | None = None) -> bool:
    request = {"method": method, "uri_path": path} | ({} if length is None else {"content-length": length})
    return any(matches(rule["statement"], request) for rule in rules(PASSING) if "allow" in rule["action"])


@pytest.mark.parametrize("device", ["c", "cam-1", "d" * 64])
def test_the_contracts_request_passes(device: str) -> None:
    assert passes("POST", inference_path("face-match", device), "67500")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_models_request_passes(method: str) -> None:
    assert passes(method, MODEL)


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [
        pytest.param("GET", "/v1/face-match/cam-1", None, id="another method"),
        pytest.param("post", "/v1/face-match/cam-1", "67500", id="another case"),
        pytest.param("POST", "/v1/face-match/cam-1", "67499", id="a byte short"),
        pytest.param("POST", "/v1/face-match/cam-1", "067500", id="another spelling of the length"),
        pytest.param("POST", "/v1/face-match/cam-1", None, id="no length"),
        pytest.param("POST", "/v1/face-match/" + "d" * 65, "67500", id="a device too long"),
        pytest.param("POST", "/v1/other/cam-1", "67500", id="another function"),
        pytest.param("POST", "/V1/face-match/cam-1", "67500", id="another spelling of the path"),
        pytest.param("POST", "//v1/face-match/cam-1", "67500", id="two slashes"),
        pytest.param("POST", MODEL, "67500", id="a POST to the models"),
        pytest.param("GET", MODEL + "x", None, id="a model too long"),
        pytest.param("GET", "/", None, id="the root"),
    ],
)
def test_nothing_else_passes(method: str, path: str, length: str | None) -> None:
    assert not passes(method, path, length)


def test_floods_are_stopped_first_and_one_address_before_all() -> None:
    one, everybody, *allowed = rules(PASSING)

    keys = [rule["statement"]["rate_based_statement"]["aggregate_key_type"] for rule in (one, everybody)]
    assert keys == ["IP", "CONSTANT"]
    assert [rule["priority"] for rule in rules(PASSING)] == [0, 1, 2, 3]
    assert ["allow" in rule["action"] for rule in allowed] == [True, True]


def test_the_caps_are_counted_in_the_shortest_window_over_what_would_pass() -> None:
    rates = [rule["statement"]["rate_based_statement"] for rule in rules(PASSING)[:2]]

    assert [rate["limit"] for rate in rates] == [600, 1_200]
    assert {rate["evaluation_window_sec"] for rate in rates} == {60}
    good = {"method": "POST", "uri_path": "/v1/face-match/cam-1", "content-length": "67500"}
    for rate in rates:
        assert matches(rate["scope_down_statement"], good)
        assert matches(rate["scope_down_statement"], {"method": "GET", "uri_path": MODEL})
        assert not matches(rate["scope_down_statement"], good | {"content-length": "1"})


def test_the_smallest_cap_is_one_that_aws_accepts() -> None:
    smallest = Passing(function="f1", metric="m", request_bytes=1, rate_cap_rps=1, rate_cap_ip_rps=1)

    limits = [rule["statement"]["rate_based_statement"]["limit"] for rule in rules(smallest)[:2]]
    assert min(limits) >= limit("waf.rate_rule_minimum")


def test_what_is_blocked_is_told_why() -> None:
    texts = {body["key"]: json.loads(body["content"]) for body in bodies(PASSING)}
    (response,) = default_action()["block"].values()
    rates = [rule["action"]["block"]["custom_response"] for rule in rules(PASSING)[:2]]

    assert (response["response_code"], response["custom_response_body_key"]) == (403, "blocked")
    assert {(each["response_code"], each["custom_response_body_key"]) for each in rates} == {(429, "rate")}
    assert rates[0]["response_headers"] == [{"name": "Retry-After", "value": "60"}]
    assert texts["blocked"]["status"] == 403
    assert "67500" in texts["blocked"]["detail"]
    assert "/v1/face-match/<device-id>" in texts["blocked"]["detail"]
    assert texts["rate"]["type"] == "urn:edgewise:problem:rate"
    assert "20" in texts["rate"]["detail"]


def test_the_bound_counts_the_rules_and_units_that_are_declared() -> None:
    settings = read_settings("dev", encode(with_function()))
    described = describe("face-match", settings.functions["face-match"], manifest(), settings)

    assert described.firewall is not None
    assert described.firewall.rules == len(rules(PASSING)) == 4
    assert described.firewall.window_s == WINDOW_S
    # Two rate rules: 2 and the scope. The scope, and the rules that allow: 12 for each of POST, the path and the
    # length, 11 for the size; 24 for GET and HEAD, 12 and 11.
    assert described.firewall.capacity_units == 2 * (2 + 94) + 94 == capacity_units(rules(PASSING))
    assert described.firewall.capacity_units <= limit("waf.free_capacity_units")


def test_a_device_is_as_long_as_the_contract_says() -> None:
    assert DEVICE_ID.fullmatch("d" * DEVICE_ID_LENGTH)
    assert not DEVICE_ID.fullmatch("d" * (DEVICE_ID_LENGTH + 1))
