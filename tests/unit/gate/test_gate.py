"""The gate's verdicts on a device's request, in Node without what CloudFront's runtime lacks."""

from __future__ import annotations

import pytest

from tests.unit.gate.gate_runner import DEVICE, FUNCTION, NOW_S, OTHER_MASTER, STORE, Gate, headers, request, signed


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
