"""The simulation can fail: without any one of the edge's controls some adversary spends more than the bound."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edgewise.cost.bound import Endpoint, bound
from edgewise.cost.bound.endpoint import Allowance, Assumed, Lease, Settle
from edgewise.cost.prices import default_prices
from edgewise.cost.simulate import ADVERSARIES, Control, Month, exceeded, simulate
from tests.unit.cost.simulate.endpoints import face_match

JANUARY = Month(2027, 1)
SHEET = default_prices()

# Small floods and allowances: what the control saves is then most of the bill.
QUIET = {
    "allowance": Allowance(firewall=1_000, gate=1_000, ledger=100),
    "assumed": Assumed(flood_rps=100, signed_flood_rps=25),
}
# A settle function that makes each lease dear.
DEAR_LEASES = {"settle": Settle(memory_mb=1_024, timeout_s=30), "model_bytes": 0}
# The firewall reacts in half a minute and nobody switches off: the rate rule has all the work.
QUICK_RULE = {"on_flood": "stay_up", "assumed": Assumed(firewall_s=30)}
LARGE_MODEL = 40_000_000


@dataclass(frozen=True, kw_only=True)
class Case:
    control: Control
    adversary: str
    endpoint: Endpoint


CASES = [
    Case(control=Control.RATE_RULE, adversary="unsigned-flood", endpoint=face_match(**QUICK_RULE)),
    Case(control=Control.ONE_COUNTER, adversary="many-addresses", endpoint=face_match(**QUICK_RULE)),
    Case(control=Control.SIGNATURE, adversary="everything", endpoint=face_match()),
    Case(
        control=Control.SIZE,
        adversary="oversized",
        endpoint=face_match(
            daily_quota=200_000, ms_per_request=5, request_bytes=1_000, lease=Lease(requests=500), **QUIET
        ),
    ),
    Case(control=Control.FETCH_TOKEN, adversary="model-flood", endpoint=face_match()),
    Case(control=Control.CLOSED_UNTIL, adversary="ledger-outage", endpoint=face_match()),
    Case(control=Control.DAILY_QUOTA, adversary="slow-calls", endpoint=face_match()),
    Case(
        control=Control.MONTHLY_QUOTA,
        adversary="cold-storm",
        endpoint=face_match(monthly_quota=20_000, **QUIET | {"model_bytes": LARGE_MODEL}),
    ),
    Case(
        control=Control.COLD_QUOTA,
        adversary="cold-storm",
        endpoint=face_match(cold_grants_daily=10, model_bytes=LARGE_MODEL),
    ),
    Case(
        control=Control.RENEWAL_QUOTA,
        adversary="lease-churn",
        endpoint=face_match(cold_grants_daily=10, renewals_daily=10, **QUIET | DEAR_LEASES),
    ),
    Case(
        control=Control.SMALLEST_LEASE,
        adversary="lease-churn",
        endpoint=face_match(daily_quota=1_000, **QUIET | DEAR_LEASES),
    ),
    Case(control=Control.MS_GRANT, adversary="slow-calls", endpoint=face_match(**QUIET)),
    Case(control=Control.TIMEOUT, adversary="everything", endpoint=face_match()),
    Case(control=Control.SETTLE_RETRIES, adversary="broken-watchers", endpoint=face_match()),
    Case(control=Control.DISCONNECT, adversary="junk-flood", endpoint=face_match()),
]


@pytest.mark.parametrize("case", CASES, ids=[case.control for case in CASES])
def test_without_a_control_the_bound_is_passed(case: Case) -> None:
    # GIVEN an endpoint that an adversary can't make dearer than its bound
    amounts = bound(case.endpoint, SHEET).by_symbol()
    adversary = ADVERSARIES[case.adversary]
    assert not exceeded(simulate(case.endpoint, SHEET, adversary, 1, JANUARY), amounts)

    # WHEN one control is taken away
    spent = simulate(case.endpoint, SHEET, adversary, 1, JANUARY, without={case.control})

    # THEN the same adversary in the same world spends more than the whole bound
    assert "total" in exceeded(spent, amounts)


def test_every_control_has_its_case() -> None:
    assert {case.control for case in CASES} == set(Control)
