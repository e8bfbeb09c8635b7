"""Simulated months beside a bound."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from rich.console import Console

from edgewise.cost.prices import default_prices
from edgewise.cost.simulate import (
    ADVERSARIES,
    SYMBOLS,
    Month,
    Spent,
    exceeded,
    rows,
    simulate,
    table,
    tightness,
    to_json,
)
from tests.unit.cost.simulate.endpoints import face_match

BOUNDS = {**dict.fromkeys(SYMBOLS, Decimal(0)), "F": Decimal(10), "R": Decimal(4)}


def spent(adversary: str, seed: int, **by_symbol: str) -> Spent:
    amounts = {**dict.fromkeys(SYMBOLS, Decimal(0)), **{symbol: Decimal(usd) for symbol, usd in by_symbol.items()}}
    return Spent(
        adversary=adversary,
        month="2027-01",
        seed=seed,
        group="us",
        by_symbol=amounts,
        by_event={},
        counts={"passed": 3},
    )


MONTHS = [spent("steady", 1, F="9"), spent("steady", 2, F="8", R="1"), spent("pulses", 1, F="9.5", R="4")]


def test_each_ratio_is_the_greatest_of_an_adversarys_months() -> None:
    steady, pulses = rows(MONTHS, BOUNDS)

    assert (steady.adversary, steady.months, steady.worst.seed) == ("steady", 2, 1)
    assert steady.ratios["F"] == Decimal("0.9")
    assert steady.ratios["R"] == Decimal("0.25")
    assert steady.ratios["M·m"] is None
    assert pulses.ratios["total"] == Decimal("13.5") / 14
    assert tightness([steady, pulses]) == {"F": Decimal("0.95"), "R": 1, "total": Decimal("13.5") / 14}


def test_what_exceeds_is_named_with_its_amount() -> None:
    assert exceeded(spent("steady", 1, F="10", R="4"), BOUNDS) == {}
    assert exceeded(spent("steady", 1, F="9", R="4.5"), BOUNDS) == {"R": Decimal("0.5")}
    over = exceeded(spent("steady", 1, F="10", R="4", **{"C·c": "1"}), BOUNDS)
    assert over == {"C·c": 1, "total": 1}


def test_a_row_says_whether_the_bound_held() -> None:
    assert all(row.held for row in rows(MONTHS, BOUNDS))
    assert not rows([spent("steady", 1, R="4.01")], BOUNDS)[0].held
    assert not rows([spent("steady", 1, **{"C·c": "0.01"})], BOUNDS)[0].held


def test_the_table_lays_adversaries_against_symbols() -> None:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table(rows(MONTHS, BOUNDS), BOUNDS))
    text = captured.get()

    assert "14.00 USD" in text
    assert all(symbol in text for symbol in (*SYMBOLS, "steady", "pulses", "0.950", "1.000"))


def test_the_json_keeps_every_digit() -> None:
    data = json.loads(json.dumps(to_json(rows(MONTHS, BOUNDS), BOUNDS)))

    assert data["bound_usd"]["total"] == "14"
    assert data["tightness"]["F"] == "0.95"
    assert data["adversaries"][0]["worst"] == {
        "month": "2027-01",
        "seed": 1,
        "region_group": "us",
        "usd": {**dict.fromkeys(SYMBOLS, "0"), "F": "9", "total": "9"},
        "counts": {"passed": 3},
    }


def test_every_adversary_says_what_it_does() -> None:
    assert all(adversary.name == name for name, adversary in ADVERSARIES.items())
    assert all(adversary.description and "\n" not in adversary.description for adversary in ADVERSARIES.values())


@pytest.mark.parametrize(("text", "days"), [("2027-02", 28), ("2028-02", 29), ("2027-04", 30), ("2027-12", 31)])
def test_a_month_has_its_days(text: str, days: int) -> None:
    month = Month.parse(text)

    assert (str(month), month.days, month.seconds) == (text, days, days * 86_400)


@pytest.mark.parametrize("text", ["2027-13", "2027", "February", "2027-00"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


@pytest.mark.parametrize("name", ADVERSARIES)
def test_the_same_seed_gives_the_same_month(name: str) -> None:
    endpoint, adversary, month = face_match(daily_quota=500), ADVERSARIES[name], Month(2027, 2)

    first, again = (simulate(endpoint, default_prices(), adversary, 1, month) for _ in range(2))

    assert first == again


def test_another_seed_gives_another_month() -> None:
    first, other = (
        simulate(face_match(), default_prices(), ADVERSARIES["steady"], seed, Month(2027, 2)) for seed in (1, 2)
    )

    assert first.counts != other.counts
    assert first.total != other.total
