"""What holds of the gate whatever it is asked: problems, reads, size, the contract."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import contract
from tests.unit.gate.gate_runner import (
    DEVICE,
    FUNCTION,
    MODEL,
    STORE,
    Gate,
    fetching,
    headers,
    request,
    signed,
    templated,
)


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
