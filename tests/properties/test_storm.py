"""64 processes on one ledger: what passes never exceeds the quota, and the test can fail.

One seed each here, the whole size; all twenty: ``EDGEWISE_STORM_SEEDS=20 pytest tests/properties/test_storm.py``
(a quarter of an hour).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from edgewise.paths import PROJECT_ROOT

SEEDS = range(1, 1 + int(os.environ.get("EDGEWISE_STORM_SEEDS", "1")))
QUOTA = 50_000
DISTURBED = {"kills": 40, "freezes": 60, "lost": 0.02, "twice": 0.02}
# Enough to meet without a lock, in a few seconds.
SMALL: dict[str, Any] = {"quota": 5_000, "calls": 20_000, "patience_s": 20}


def blow(**storm: Any) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.properties.storm", json.dumps(storm)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(answer.stdout)
    print(result)
    return result


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_frozen_and_badly_answered_processes_never_pass_more_than_the_quota(seed: int) -> None:
    result = blow(seed=seed, **DISTURBED)
    assert (result["killed"], result["unfinished"]) == (40, 0)
    assert result["calls"] >= 200_000
    assert 0 < result["passed"] <= QUOTA
    # What was granted is the quota: lost answers and lost processes cost, they give nothing back.
    assert int(result["counter"]["granted"]) + int(result["counter"]["day_remaining"]) == QUOTA
    assert int(result["counter"]["used"]) <= result["passed"]


@pytest.mark.parametrize("seed", SEEDS)
def test_undisturbed_they_use_the_quota(seed: int) -> None:
    result = blow(seed=seed, patience_s=20)
    assert result["unfinished"] == 0
    assert 0.98 * QUOTA <= result["passed"] <= QUOTA


def test_without_the_lock_around_moto_more_passes() -> None:
    assert blow(seed=1, lock=False, **SMALL)["passed"] > SMALL["quota"]


def test_with_a_ledger_that_reads_and_then_writes_more_passes() -> None:
    assert blow(seed=1, naive=True, **SMALL)["passed"] > SMALL["quota"]
