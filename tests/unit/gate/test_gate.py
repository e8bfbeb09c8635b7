"""The gate's verdicts, in Node without what CloudFront's runtime lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import contract
from tests.unit.gate.gate_runner import (
    DEVICE,
    FETCH,
    FUNCTION,
    NOW_S,
    OTHER_MASTER,
    STORE,
    Gate,
    headers,
    request,
    signed,
    templated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = f"/models/{'0f' * 32}.onnx"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(tmp_path_factory.mktemp("gate")) as running:
        yield running


def fetching(method: str = "GET", token: str | None = f"f1.{FETCH}", uri: str = MODEL) -> dict[str, Any]:
    wanted = {"host": {"value": "d111111abcdef8.cloudfront.net"}}
    if token is not None:
        wanted["x-edgewise-fetch"] = {"value": token}
    return {"method": method, "uri": uri, "querystring": {}, "headers": wanted, "cookies": {}}


def test_passes_a_signed_request_without_its_secrets(gate: Gate) -> None:
    # GIVEN an accepted request with a query string and a fetch token that is none of its business
    wanted = request(
        headers=headers(x_edgewise_fetch="f1.00"), querystring={"a": {"value": "1"}}, cookies={"c": {"value": "2"}}
    )

    # WHEN it comes to the gate
    verdict = gate.ask(wanted)

    # THEN it passes as it came, but for the secrets and the query string
    assert verdict.passed
    assert verdict.result["uri"] == f"/v1/{FUNCTION}/{DEVICE}"
    assert set(verdict.result["headers"]) == {"host", "content-length", "content-type"}
    assert verdict.result["querystring"] == {}
    assert verdict.asked == ["get closed_until", "get key:k1", f"exists deny:{DEVICE}"]
    assert verdict.logged == []


def test_accepts_the_second_key_during_a_rotation(gate: Gate) -> None:
    verdict = gate.ask(request(headers=headers(authorization=signed(kid="k2", master=OTHER_MASTER))))
    assert verdict.passed


def test_content_type_is_compared_without_case(gate: Gate) -> None:
    assert gate.ask(request(headers=headers(content_type="Application/Octet-Stream"))).passed


@pytest.mark.parametrize(
    "uri",
    [
        "/",
        "",
        "/v1",
        f"/v1/{FUNCTION}",
        f"/v1/{FUNCTION}/",
        f"/v1/{FUNCTION}/{DEVICE}/",
        f"/v1/{FUNCTION}/{DEVICE}/more",
        f"//v1/{FUNCTION}/{DEVICE}",
        f"/v1//{FUNCTION}/{DEVICE}",
        f"/V1/{FUNCTION}/{DEVICE}",
        f"/v2/{FUNCTION}/{DEVICE}",
        f"/v1/other/{DEVICE}",
        f"/v1/{FUNCTION}/{DEVICE}%20",
        f"/v1/{FUNCTION}/%64oor-7",
        f"/v1/{FUNCTION}%2f{DEVICE}",
        f"/v1/{FUNCTION}/../{FUNCTION}/{DEVICE}",
        f"/v1/{FUNCTION}/{DEVICE}\n",
        f"/v1/{FUNCTION}/dôor",
        f"/v1/{FUNCTION}/-door",
        f"/v1/{FUNCTION}/{'d' * 65}",
        "/models/",
        f"/models/{'0F' * 32}.onnx",
        f"/models/{'0f' * 31}.onnx",
        f"/models/{'0f' * 32}.onnx.bak",
        f"/models/{'0f' * 32}%2eonnx",
        f"/models/../models/{'0f' * 32}.onnx",
        "/__proto__",
        "/v1/constructor/prototype",
    ],
)
def test_every_other_path_is_not_found(gate: Gate, uri: str) -> None:
    for method in ("POST", "GET"):
        verdict = gate.ask(request(uri=uri, method=method))
        assert (verdict.status, verdict.slug, verdict.asked) == (404, "not-found", [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "post", ""])
def test_only_post_is_allowed(gate: Gate, method: str) -> None:
    verdict = gate.ask(request(method=method))
    assert (verdict.status, verdict.slug, verdict.header("allow")) == (405, "method", "POST")
    assert verdict.asked == []


@pytest.mark.parametrize(
    ("length", "status", "slug"),
    [
        (None, 411, "length-required"),
        ("", 411, "length-required"),
        ("+67500", 411, "length-required"),
        ("67500, 67500", 411, "length-required"),
        ("0x107ac", 411, "length-required"),
        ("-1", 411, "length-required"),
        ("6.75e4", 411, "length-required"),
        ("0", 400, "wrong-size"),
        ("67499", 400, "wrong-size"),
        ("67501", 400, "wrong-size"),
        ("1000000", 400, "wrong-size"),
        ("1000001", 413, "too-large"),
        ("9" * 400, 413, "too-large"),
    ],
)
def test_length(gate: Gate, length: str | None, status: int, slug: str) -> None:
    verdict = gate.ask(request(headers=headers(content_length=length)))
    assert (verdict.status, verdict.slug, verdict.asked) == (status, slug, [])


def test_a_chunked_body_has_no_length_to_trust(gate: Gate) -> None:
    verdict = gate.ask(request(headers=headers(transfer_encoding="chunked")))
    assert (verdict.status, verdict.slug) == (411, "length-required")


@pytest.mark.parametrize("content_type", [None, "", "image/jpeg", "application/octet-stream; charset=utf-8"])
def test_type(gate: Gate, content_type: str | None) -> None:
    verdict = gate.ask(request(headers=headers(content_type=content_type)))
    assert (verdict.status, verdict.slug, verdict.asked) == (415, "wrong-type", [])


@pytest.mark.parametrize(("name", "status"), [("content-length", 411), ("content-type", 415), ("authorization", 401)])
def test_a_header_that_comes_twice_is_not_believed(gate: Gate, name: str, status: int) -> None:
    # GIVEN a header twice, with equal values
    doubled = headers()
    value = doubled[name]["value"]
    doubled[name] = {"value": value, "multiValue": [{"value": value}, {"value": value}]}

    # WHEN and THEN
    assert gate.ask(request(headers=doubled)).status == status
    doubled[name] = {"value": value, "multiValue": [{"value": value}]}
    assert gate.ask(request(headers=doubled)).passed


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Edgewise",
        "Bearer k1.1795000060." + "0" * 64,
        "edgewise k1.1795000060." + "0" * 64,
        "Edgewise k1.1795000060." + "0" * 63,
        "Edgewise k1.1795000060." + "0" * 65,
        "Edgewise k1.1795000060." + "A" * 64,
        "Edgewise k1.+1795000060." + "0" * 64,
        "Edgewise k1.1e9." + "0" * 64,
        "Edgewise .1795000060." + "0" * 64,
        "Edgewise ninechars1.1795000060." + "0" * 64,
    ],
)
def test_a_malformed_signature_costs_no_read(gate: Gate, header: str | None) -> None:
    verdict = gate.ask(request(headers=headers(authorization=header)))
    assert (verdict.status, verdict.slug, verdict.asked) == (401, "signature", [])
    assert verdict.problem["time"] == NOW_S
    assert verdict.header("www-authenticate") == "Edgewise"


@pytest.mark.parametrize(
    ("ahead_s", "accepted"), [(-1, False), (0, False), (1, True), (300, True), (301, False), (10**9, False)]
)
def test_expiry(gate: Gate, ahead_s: int, accepted: bool) -> None:
    verdict = gate.ask(request(headers=headers(authorization=signed(ahead_s=ahead_s))))
    if accepted:
        assert verdict.passed
    else:
        assert (verdict.status, verdict.slug, verdict.asked) == (401, "signature", [])
        assert verdict.problem["time"] == NOW_S


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(signed(function="other"), id="another function"),
        pytest.param(signed(device="door-8"), id="another device"),
        pytest.param(signed(master=OTHER_MASTER), id="another key"),
        pytest.param(signed(kid="k9"), id="an unknown kid"),
        pytest.param(signed(kid="k2"), id="a kid with another key"),
    ],
)
def test_a_signature_fits_one_function_device_and_key(gate: Gate, header: str) -> None:
    verdict = gate.ask(request(headers=headers(authorization=header)))
    assert (verdict.status, verdict.slug) == (401, "signature")
    assert verdict.problem["time"] == NOW_S


def test_a_denied_device_is_refused_though_it_signs(gate: Gate) -> None:
    thief = request(uri=f"/v1/{FUNCTION}/thief", headers=headers(authorization=signed(device="thief")))
    verdict = gate.ask(thief)
    assert (verdict.status, verdict.slug) == (401, "signature")
    assert gate.ask(thief, store={k: v for k, v in STORE.items() if k != "deny:thief"}).passed


@pytest.mark.parametrize(
    ("closed_until", "retry_after"),
    [
        (NOW_S + 1, "1"),
        (NOW_S + 3_600, "3600"),
        (NOW_S + 604_800, "604800"),
        (NOW_S + 604_801, "604800"),
        (253_402_300_799, "604800"),
    ],
)
def test_closed(gate: Gate, closed_until: int, retry_after: str) -> None:
    verdict = gate.ask(request(), store=STORE | {"closed_until": str(closed_until)})
    assert (verdict.status, verdict.slug, verdict.header("retry-after")) == (503, "closed", retry_after)
    assert verdict.asked == ["get closed_until"]


@pytest.mark.parametrize("closed_until", ["0", "1", str(NOW_S - 1), str(NOW_S)])
def test_open(gate: Gate, closed_until: str) -> None:
    assert gate.ask(request(), store=STORE | {"closed_until": closed_until}).passed


@pytest.mark.parametrize("closed_until", ["", "never", "-1", "1e3", " 0", "NaN", None])
def test_without_a_readable_closed_until_it_stays_closed(gate: Gate, closed_until: str | None) -> None:
    store = {key: value for key, value in STORE.items() if key != "closed_until"}
    if closed_until is not None:
        store["closed_until"] = closed_until
    verdict = gate.ask(request(), store=store)
    assert (verdict.status, verdict.slug, verdict.header("retry-after")) == (503, "closed", "5")


@pytest.mark.parametrize("broken", ["closed_until", "key:k1", f"deny:{DEVICE}"])
def test_a_failing_store_closes_the_gate_and_buys_no_log_line(gate: Gate, broken: str) -> None:
    verdict = gate.ask(request(), broken=(broken,))
    assert (verdict.status, verdict.slug, verdict.header("retry-after")) == (503, "closed", "5")
    assert verdict.logged == []


@pytest.mark.parametrize("master", ["", "a1" * 31, "A1" * 32, "a1" * 32 + "\n"])
def test_a_malformed_master_key_signs_nothing(gate: Gate, master: str) -> None:
    # GIVEN a store whose key is empty or damaged, and a device that signs with it
    wanted = request(headers=headers(authorization=signed(master=master)))

    # WHEN and THEN: else an empty key would let everybody sign
    verdict = gate.ask(wanted, store=STORE | {"key:k1": master})
    assert (verdict.status, verdict.slug) == (503, "closed")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_model_is_fetched_with_the_token(gate: Gate, method: str) -> None:
    verdict = gate.ask(fetching(method))
    assert verdict.passed
    assert set(verdict.result["headers"]) == {"host"}
    assert verdict.asked == ["get fetch:f1"]


def test_a_model_is_fetched_while_the_function_is_closed(gate: Gate) -> None:
    assert gate.ask(fetching(), store=STORE | {"closed_until": "253402300799"}).passed


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_model_is_only_read(gate: Gate, method: str) -> None:
    verdict = gate.ask(fetching(method))
    assert (verdict.status, verdict.slug, verdict.header("allow")) == (405, "method", "GET, HEAD")
    assert verdict.asked == []


@pytest.mark.parametrize(
    "token",
    [None, "", FETCH, f"f2.{FETCH}", f"f1.{'c4' * 32}", f"f1.{FETCH}0", "f1.", f"F1.{FETCH}", f"f1.{FETCH.upper()}"],
)
def test_a_model_is_refused_without_the_token(gate: Gate, token: str | None) -> None:
    verdict = gate.ask(fetching(token=token))
    assert (verdict.status, verdict.slug, verdict.problem["time"]) == (401, "signature", NOW_S)


def test_a_device_signature_fetches_no_model(gate: Gate) -> None:
    wanted = fetching(token=None)
    wanted["headers"]["authorization"] = {"value": signed()}
    assert gate.ask(wanted).status == 401


def test_a_failing_store_gives_no_model(gate: Gate) -> None:
    verdict = gate.ask(fetching(), broken=("fetch:f1",))
    assert (verdict.status, verdict.slug) == (503, "closed")


def test_every_refusal_is_a_problem_that_nobody_caches(gate: Gate) -> None:
    refused = [
        gate.ask(request(uri="/")),
        gate.ask(request(method="GET")),
        gate.ask(request(headers=headers(content_length=None))),
        gate.ask(request(headers=headers(content_length="1"))),
        gate.ask(request(headers=headers(content_length="1000001"))),
        gate.ask(request(headers=headers(content_type=None))),
        gate.ask(request(headers=headers(authorization=None))),
        gate.ask(request(), store={}),
    ]
    for verdict in refused:
        problem = verdict.problem
        assert verdict.header("content-type") == "application/problem+json"
        assert verdict.header("cache-control") == "no-store"
        assert problem["status"] == verdict.status
        assert problem["title"] == verdict.result["statusDescription"]
        assert problem["detail"]
    assert {verdict.status for verdict in refused} == {400, 401, 404, 405, 411, 413, 415, 503}


def test_the_gate_and_the_contract_say_the_same() -> None:
    source = templated()
    for pattern in (contract.FUNCTION_NAME, contract.DEVICE_ID, contract.KEY_ID):
        assert pattern.pattern in source
    assert f"MAX_REQUEST_BYTES = {contract.MAX_REQUEST_BYTES};" in source
    assert f"'{contract.REQUEST_CONTENT_TYPE}'" in source
    assert f"'{contract.PROBLEM_CONTENT_TYPE}'" in source
    assert f"'{contract.FETCH_TOKEN_HEADER}'" in source
    assert f"/^{contract.AUTHORIZATION_SCHEME} " in source


def test_the_gate_fits_into_a_cloudfront_function() -> None:
    # AWS, "Quotas on CloudFront Functions": 10 KB
    assert len(templated().encode()) <= 10_240
    assert not re.search(r"__[A-Z_]+__", templated())


ALPHABET = st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFZ.-_ +/=\x00é")


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), change=ALPHABET, how=st.sampled_from(["replace", "insert", "delete"]))
def test_any_change_of_one_character_is_refused(gate: Gate, place: int, change: str, how: str) -> None:
    # GIVEN an accepted signature
    good = signed()
    at = place % len(good)

    # WHEN one character changes
    after = at if how == "insert" else at + 1
    bad = good[:at] + ("" if how == "delete" else change) + good[after:]

    # THEN it is refused, unless it is the same text
    verdict = gate.ask(request(headers=headers(authorization=bad)))
    assert verdict.passed if bad == good else verdict.status == 401


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    uri=st.one_of(st.text(), st.just(f"/v1/{FUNCTION}/{DEVICE}"), st.just(MODEL)),
    method=st.one_of(st.sampled_from(["GET", "POST", "HEAD"]), st.text()),
    values=st.dictionaries(
        st.sampled_from(["content-length", "content-type", "authorization", "x-edgewise-fetch", "transfer-encoding"]),
        st.text(),
    ),
)
def test_any_request_gets_a_documented_verdict_for_three_reads_at_most(
    gate: Gate, uri: str, method: str, values: dict[str, str]
) -> None:
    wanted = headers() | {name: {"value": value} for name, value in values.items()}
    verdict = gate.ask(request(uri=uri, method=method, headers=wanted))
    assert len(verdict.asked) <= 3
    assert verdict.passed or verdict.status in {400, 401, 404, 405, 411, 413, 415, 503}
    assert not verdict.passed or uri == f"/v1/{FUNCTION}/{DEVICE}"


@pytest.mark.parametrize("broken", [(), ("closed_until",), ("key:k1",), ("fetch:f1",)])
@pytest.mark.parametrize("missing", [(), ("closed_until",), ("key:k1",), ("fetch:f1",)])
@pytest.mark.parametrize("wanted", [request(), fetching()])
def test_no_way_through_the_gate_reads_more_than_three_times(
    gate: Gate, wanted: dict[str, Any], missing: tuple[str, ...], broken: tuple[str, ...]
) -> None:
    store = {key: value for key, value in STORE.items() if key not in missing}
    verdict = gate.ask(wanted, store=store, broken=broken)
    assert len(verdict.asked) <= 3
