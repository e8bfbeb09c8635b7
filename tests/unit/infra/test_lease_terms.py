"""What the bound is told of leases is what the edge and the limits item say."""

from __future__ import annotations

import pytest

from edgewise.paths import PROJECT_ROOT
from inference import memory
from infra import bound
from infra.function_settings import FunctionSettings
from infra.settings import SettingsError, read_settings
from tests.unit.infra.test_settings import CONFIG, FUNCTION, IN_FUNCTION, encode, with_function


def test_the_memory_of_a_refused_renewal_is_the_edges() -> None:
    assert bound.RENEWAL_MEMORY_S == memory.RENEWAL_MEMORY_S
    assert (PROJECT_ROOT / "inference" / "memory.py").is_file()


def function(**changes: object) -> FunctionSettings:
    return read_settings("local", encode(with_function(**changes))).functions["face-match"]


@pytest.mark.parametrize(("daily", "cold", "renewals"), [(20_000, 125, 800), (2_000, 25, 100), (50, 25, 100)])
def test_the_quotas_of_grants_follow_the_daily_quota(daily: int, cold: int, renewals: int) -> None:
    found = function(daily_quota=daily)
    assert (found.cold_grants, found.renewals) == (cold, renewals)


def test_the_owners_figures_win() -> None:
    found = function(cold_grants_daily=3, renewals_daily=4, monthly_quota=400_000, lease_least=2)
    assert (found.cold_grants, found.renewals, found.monthly_quota, found.lease_least) == (3, 4, 400_000, 2)
    assert "monthly_quota" not in FUNCTION
    assert CONFIG


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lease_least": 51}, ["lease_least 51", "lease_requests 50"]),
        ({"lease_least": 0}, [f"{IN_FUNCTION}.lease_least", "0"]),
        ({"monthly_quota": 19_999}, ["monthly_quota 19999", "daily_quota 20000"]),
        ({"cold_grants_daily": 0}, [f"{IN_FUNCTION}.cold_grants_daily", "0"]),
        ({"renewals_daily": -1}, [f"{IN_FUNCTION}.renewals_daily", "-1"]),
    ],
)
def test_bad_terms_are_refused(changes: dict[str, object], told: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings("local", encode(with_function(**changes)))
    for part in told:
        assert part in str(caught.value)
