"""What `edgewise ledger` makes of the two items."""

from __future__ import annotations

from rich.console import Console

from edgewise.cli.ledger import table
from edgewise.operate import ledger_view
from edgewise.operate.ledger_view import TERMS, view
from inference import counter
from inference.limits import NO_MONTHLY_QUOTA
from tests.unit.inference.world import limits, limits_item


def item(wanted: dict[str, int], **left: int) -> dict[str, dict[str, str]]:
    opened = limits(**wanted)
    numbers = counter.quotas(opened) | left
    return {
        "day": {"S": "2026-11-25"},
        "terms": {"S": counter.terms(opened)},
        **{name: {"N": str(value)} for name, value in numbers.items()},
    }


def test_the_terms_are_in_the_edges_order() -> None:
    assert tuple(name.removesuffix("_remaining") for name in counter.quotas(limits())) == TERMS
    assert ledger_view.NO_MONTHLY_QUOTA == NO_MONTHLY_QUOTA


def test_before_the_first_lease_all_is_left() -> None:
    found = view("f", limits_item(limits(daily_quota=200)), {})
    assert (found.day, found.granted_today, found.left_today, found.missing) == ("", 0, 200, 0)
    assert found.left_this_month is None


def test_what_is_granted_left_and_missing() -> None:
    counted = item({"daily_quota": 200}, day_remaining=120, granted=80, used=50, unspent=7)
    found = view("f", limits_item(limits(daily_quota=200)), counted)
    assert (found.granted_today, found.left_today, found.missing) == (80, 120, 23)


def test_a_quota_that_was_lowered_since_the_last_lease_is_shown_as_it_holds() -> None:
    wanted = limits(daily_quota=50, monthly_quota=500)
    counted = item({"daily_quota": 200, "monthly_quota": 1_000}, day_remaining=120, month_remaining=700)
    found = view("f", limits_item(wanted), counted)
    assert (found.granted_today, found.left_today, found.left_this_month) == (80, -30, 200)


def test_the_table_shows_it() -> None:
    console = Console(record=True, width=100)
    counted = item({}, day_remaining=120, granted=80, used=50, unspent=7)
    console.print(table([view("face-match", limits_item(limits()), counted)]))
    shown = console.export_text()
    assert "80 of 200" in shown
    assert "as the days allow" in shown
    assert "23" in shown
