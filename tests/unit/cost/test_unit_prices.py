"""Unit prices against the bills on paper: all that is granted in the worst month adds up to the bound's own terms."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from edgewise.cost.bound import Endpoint, Guard, Settle, bound
from edgewise.cost.prices import default_prices
from edgewise.cost.unit_prices import NoUnitPriceError, UnitPrices, unit_prices
from tests.unit.cost.bills_on_paper import BIG_BODY, PLAN, SMALL, STAY_UP, Bill
from tests.unit.cost.test_bills_by_hand import big_body, plan, small, stay_up

FIELDS = ("fixed", "request", "lease", "cold")
GRANTED = ("F", "Q·a", "M·m", "L·l", "C·c")
BILLS = [
    pytest.param(small(), SMALL, id="small"),
    pytest.param(plan(), PLAN, id="plan"),
    pytest.param(stay_up(), STAY_UP, id="stay-up"),
    pytest.param(big_body(), BIG_BODY, id="big-body"),
]


def counts(endpoint: Endpoint) -> dict[str, Decimal]:
    return {count.symbol: count.value for term in bound(endpoint).terms for count in term.counts}


def committed(prices: UnitPrices, *, granted: Decimal, leases: Decimal, cold: Decimal) -> Decimal:
    return prices.fixed + granted * prices.request + leases * prices.lease + cold * prices.cold


@pytest.mark.parametrize(("endpoint", "bill"), BILLS)
def test_all_that_a_month_grants_costs_what_the_bill_on_paper_says(endpoint: Endpoint, bill: Bill) -> None:
    on_paper = sum((Decimal(usd) for symbol, _, usd in bill if symbol in GRANTED), Decimal(0))
    n = counts(endpoint)

    total = committed(unit_prices(endpoint), granted=n["Q"], leases=n["L"], cold=n["C"])

    # Each line on paper is rounded to a millionth.
    assert abs(total - on_paper) < Decimal("0.0001")


@pytest.mark.parametrize(("endpoint", "bill"), BILLS)
def test_rounding_never_goes_below_the_bounds_terms_and_hardly_above(endpoint: Endpoint, bill: Bill) -> None:
    exact = sum((usd for symbol, usd in bound(endpoint).by_symbol().items() if symbol in GRANTED), Decimal(0))
    n = counts(endpoint)

    total = committed(unit_prices(endpoint), granted=n["Q"], leases=n["L"], cold=n["C"])

    assert bill
    assert exact <= total < exact + Decimal("0.01")
    assert total < bound(endpoint).total


def test_a_small_functions_unit_prices_by_hand() -> None:
    """The figures of SMALL: Q 31,000, L 620, C 310; a second at 256 MB costs 0.25 x 0.00005001."""
    prices = unit_prices(small())

    second = Decimal("0.25") * Decimal("0.00005001")
    lines: dict[str, Decimal] = {}
    for symbol, _, usd in SMALL:
        lines[symbol] = lines.get(symbol, Decimal(0)) + Decimal(usd)
    near = Decimal("0.00000002")
    assert abs(prices.fixed - lines["F"]) < Decimal("0.00001")
    assert abs(prices.request - (lines["Q·a"] / 31_000 + Decimal("0.055") * second)) < near
    assert abs(prices.lease - (lines["L·l"] / 620 + 2 * second)) < near
    assert abs(prices.cold - lines["C·c"] / 310) < near


def test_start_ups_of_the_guard_are_in_the_fixed_fees_and_those_of_settle_in_each_lease() -> None:
    """8,928 runs of the guard and 3,840 of settle for 620 leases, each with 10 s of start-up at 128 MB."""
    started, warm = (
        replace(small(), guard=replace(Guard(), init_s=init_s), settle=replace(Settle(), init_s=init_s))
        for init_s in (10, 0)
    )
    start_up = 10 * Decimal("0.125") * Decimal("0.0000166667")

    more = {name: getattr(unit_prices(started), name) - getattr(unit_prices(warm), name) for name in FIELDS}

    near = Decimal("0.00000000001")
    assert abs(more["fixed"] - 8_928 * start_up) < near
    assert abs(more["lease"] - 3_840 * start_up / 620) < near
    assert (more["request"], more["cold"]) == (0, 0)


def test_where_a_timeout_a_request_is_less_the_requests_carry_all_time() -> None:
    # GIVEN leases of one request whose granted time is the whole timeout
    endpoint = replace(small(), ms_per_request=2_000, lease=replace(small().lease, requests=1))
    n = counts(endpoint)
    assert n["M"] == n["Q"] * endpoint.timeout_s

    prices = unit_prices(endpoint)

    by_symbol = bound(endpoint).by_symbol()
    assert abs(prices.request * n["Q"] - by_symbol["Q·a"] - by_symbol["M·m"]) < Decimal("0.000001")
    assert abs(prices.lease * n["L"] - by_symbol["L·l"]) < Decimal("0.000001")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"daily_quota": None}, "small: without a daily quota"),
        ({"ms_per_request": None}, "small: without a daily quota and ms_per_request"),
        ({"log_retention_days": None}, "small: the bound is infinite: .*logs are kept for ever"),
    ],
)
def test_what_has_no_finite_bound_has_no_unit_prices(changes: dict[str, None], expected: str) -> None:
    with pytest.raises(NoUnitPriceError, match=expected):
        unit_prices(replace(small(), **changes))  # type: ignore[arg-type]  # each key's type is its field's


def test_a_missing_price_is_named() -> None:
    with pytest.raises(NoUnitPriceError, match=r"UNKNOWN.*waf.request"):
        unit_prices(small(), default_prices().without("waf.request"))


def test_a_function_without_cold_grants_pays_nothing_for_them() -> None:
    assert unit_prices(replace(small(), cold_grants_daily=0)).cold == 0
