"""Refusals that tell a newcomer what to change, and what-if."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from edgewise.cost.advice import options, path_to_fit, refusal
from edgewise.cost.bound import Assumed, Endpoint, Firewall, StackShared, bound
from edgewise.cost.prices import default_prices
from edgewise.cost.what_if import put, value_at, what_if
from tests.unit.cost.test_bound import FACE, WORKER

PROD = replace(FACE, plan="pro")
BUDGET = Decimal(42)


def test_a_bound_that_fits_is_not_refused() -> None:
    assert refusal(PROD, BUDGET) == ""


# Fifteen settings that a budget of 42 USD refuses: what the message must show beside function, figure and terms.
REFUSED = [
    pytest.param(replace(PROD, daily_quota=200_000), "would fit: daily_quota: 200000 ->", id="quota over budget"),
    pytest.param(replace(PROD, memory_mb=3008), "would fit: memory_mb: 3008 ->", id="memory"),
    pytest.param(replace(PROD, timeout_s=30), "would fit: timeout_s: 30 ->", id="timeout"),
    pytest.param(replace(PROD, ms_per_request=2_000), "would fit: ms_per_request: 2000 ->", id="milliseconds"),
    pytest.param(replace(FACE, rate_cap_rps=None), "would fit: plan: none -> pro", id="no rate cap"),
    pytest.param(replace(FACE, on_flood="stay_up"), "would fit: plan: none -> pro", id="stay_up without a plan"),
    pytest.param(replace(FACE, cold_grants_daily=2_000, model_bytes=60_000_000), "would fit", id="model too large"),
    pytest.param(replace(PROD, cold_grants_daily=4_000), "would fit: cold_grants_daily: 4000 -> 125", id="cold grants"),
    pytest.param(replace(PROD, guard=None), "would fit: guard: add one", id="no guard"),
    pytest.param(replace(PROD, daily_quota=None), "would fit: daily_quota: None ->", id="no ledger"),
    pytest.param(replace(PROD, log_retention_days=None), "logs are kept for ever", id="logs for ever"),
    pytest.param(replace(PROD, plan="free"), "has no key-value store", id="free plan with a store"),
    pytest.param(replace(PROD, plan="premium"), "would fit: plan: premium -> pro", id="plan too dear"),
    pytest.param(replace(PROD, firewall=Firewall(rules=30)), "allows 25 firewall rules", id="too many rules"),
    pytest.param(replace(PROD, log_bytes=200_000), "would fit: log_bytes: 200000 ->", id="chatty logs"),
    pytest.param(replace(PROD, unpriced=("Bot Control",)), "no price is known for Bot Control", id="unpriced"),
    pytest.param(replace(WORKER, front="none"), "nothing stands before the Worker", id="bare Worker"),
]


@pytest.mark.parametrize(("described", "shown"), REFUSED)
def test_a_refusal_names_function_figure_terms_and_a_way_out(described: Any, shown: str) -> None:
    # GIVEN settings over the budget WHEN refused THEN function, figure, budget, largest terms and a remedy are there
    text = refusal(described, BUDGET)
    figure = bound(described)
    assert text.startswith(f"face-match on {figure.edge}: the worst month costs ")
    assert (f"{figure.total_usd} USD" if figure.total.is_finite() else figure.status.value) in text
    assert "budget 42 USD" in text
    assert f"largest: {figure.largest()[0].symbol} (" in text
    assert shown in text


def test_a_missing_price_is_in_the_message() -> None:
    text = refusal(PROD, BUDGET, default_prices().without("lambda_edge.request"))
    assert "the worst month costs UNKNOWN" in text
    assert "no price 'lambda_edge.request'" in text


def test_every_option_that_is_said_to_fit_fits() -> None:
    # GIVEN what the search found WHEN each is applied THEN the bound is as promised, and one more would not fit
    for described in (
        replace(PROD, daily_quota=200_000),
        replace(PROD, memory_mb=3008),
        replace(FACE, rate_cap_rps=None),
    ):
        for option in options(described, BUDGET):
            changed = bound(put(described, option.setting, option.then))
            assert changed.total_usd == option.total_usd
            assert changed.fits(BUDGET) == option.fits
            if option.fits and isinstance(option.then, int):
                assert not bound(put(described, option.setting, option.then + 1)).fits(BUDGET), option


def test_options_that_fit_come_first_and_all_lower_the_bound() -> None:
    described = replace(FACE, on_flood="stay_up")
    found = options(described, BUDGET)
    assert [option.fits for option in found] == sorted((option.fits for option in found), reverse=True)
    assert all(option.total_usd < bound(described).total_usd for option in found)


def test_no_assumption_is_ever_advised_down() -> None:
    found = options(replace(FACE, assumed=Assumed(flood_rps=100_000, signed_flood_rps=1_000)), BUDGET)
    assert not [option for option in found if option.setting.startswith("assumed")]


def test_several_steps_when_one_is_not_enough() -> None:
    # GIVEN two faults WHEN no single setting fits THEN the steps, applied one after the other, do
    described: Endpoint = replace(FACE, on_flood="stay_up", guard=None)
    steps = path_to_fit(described, BUDGET)
    assert len(steps) > 1
    for step in steps:
        described = put(described, step.setting, step.then)
    assert bound(described).fits(BUDGET)
    assert "would fit, all of these" in refusal(replace(FACE, on_flood="stay_up", guard=None), BUDGET)


def test_a_budget_of_nothing_has_no_way_out() -> None:
    assert path_to_fit(PROD, Decimal(0)) == ()
    assert "raise monthly_budget_usd" in refusal(PROD, Decimal(0))


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ("memory_mb=256", "memory_mb", 256),
        ("daily_quota=none", "daily_quota", None),
        ("rate_cap_rps=2.5", "rate_cap_rps", Decimal("2.5")),
        ("plan=business", "plan", "business"),
        ("price_class=priceclass_all", "price_class", "PriceClass_All"),
        ("assumed.signed_flood_rps=100", "assumed.signed_flood_rps", 100),
        ("assumed_flood_rps=5", "assumed.flood_rps", 5),
        ("lease_least=10", "lease.requests", 10),
        ("gate.signed=false", "gate.signed", False),
        ("guard=none", "guard", None),
    ],
)
def test_what_if_changes_one_value(change: str, path: str, value: object) -> None:
    changed = what_if(FACE, [change])
    assert value_at(changed, path) == value
    assert put(changed, path, value_at(FACE, path)) == FACE


def test_what_if_works_on_workers_and_shared_resources() -> None:
    assert what_if(WORKER, ["cpu_ms=10", "front=none"]).front == "none"
    assert what_if(StackShared(stack="s"), ["zone_plan=pro"]).zone_plan == "pro"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("memory_mb", "what-if 'memory_mb': expected key=value"),
        ("memory=1", "what-if key 'memory': unknown, use one of access_log_bytes"),
        ("memory_mb=lots", "what-if key 'memory_mb': 'lots' is not one of: int"),
        ("daily_quota=1.5", "'1.5' is not one of: int, none"),
        ("rate_cap_rps=NaN", "'NaN' is not one of: int, Decimal, none"),
        ("plan=gold", "'gold' is not one of: none | free | pro | business | premium"),
        ("gate.signed=maybe", "'maybe' is not one of: bool"),
        ("memory_mb.more=1", "what-if key 'memory_mb.more': 'memory_mb' has no parts"),
        ("gate.colour=red", "what-if key 'gate.colour': unknown, use one of answer_bytes, reads, signed, store"),
        ("firewall=yes", "'yes' is not one of: Firewall, none"),
        ("timeout_s=-3", "timeout_s is -3, must be 1 or more"),
        ("memory_mb=²", "'²' is not one of: int"),
    ],
)
def test_what_if_refuses(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        what_if(FACE, [change])


def test_what_if_into_an_absent_part() -> None:
    with pytest.raises(ValueError, match="the endpoint has no 'guard'"):
        what_if(replace(FACE, guard=None), ["guard.interval_s=60"])
