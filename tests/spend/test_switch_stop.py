"""A function is stopped and started under load: how fast it acts, by which half, and who is on record for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.system import FUNCTION, System, eventually
from tests.spend.conftest import Deploy
from tests.spend.switch_models import bodies
from tests.spend.switch_traffic import OK, Traffic, traffic

RPS = 60
# A store's change takes 0.2 s here by default, and the gate looks with each request. The rest is for a slow machine.
WITHIN_S = 10
LEASE_SECONDS = 20
CLOSED = "closed"
PATIENCE_S = 90
# A process that was told "closed" asks again after a minute.
UNTIL_ALL_ASKED_AGAIN_S = 150


@pytest.fixture(scope="module")
def system(deploy: Deploy) -> System:
    return deploy(lease_seconds=LEASE_SECONDS, monthly_budget_usd=2_000)


@pytest.fixture
def load(system: System) -> Iterator[Traffic]:
    """Give devices that are answered at the full rate, on a function that is open."""
    system.admin.set_stores_propagation(0.2)
    with traffic(system, bodies(system, poisoned=0), rps=RPS) as told:
        eventually(lambda: told.outcomes()[OK] > RPS, what="answers", within_s=PATIENCE_S)
        yield told


def switch(system: System, verb: str, *args: str) -> tuple[dict[str, Any], float]:
    """Run a verb; return what it did, and when it had ended."""
    done: dict[str, Any] = json.loads(system.edgewise(verb, FUNCTION, *args, "--json").stdout)
    return done, time.time()


def only(told: Traffic, outcome: str, *, requests: int = 2 * RPS) -> bool:
    """Whether the last requests that were heard of ended all the same."""
    last = list(told.heard)[-requests:]
    return len(last) == requests and {each.outcome for each in last} == {outcome}


def test_a_stop_under_load_ends_answers_and_calls_and_a_start_brings_them_back(system: System, load: Traffic) -> None:
    # WHEN somebody stops the function
    stopped, told_s = switch(system, "stop", "--why", "a flood")

    # THEN no answer comes any more, once the store has told the gate
    eventually(lambda: only(load, CLOSED), what="the gate to close", within_s=PATIENCE_S)
    late = [each for each in load.of(told_s + WITHIN_S) if each.outcome == OK]
    assert late == []
    assert load.outcomes(since_s=told_s + WITHIN_S).keys() <= {CLOSED}
    print(f"last answer {load.last_answer_s() - told_s:+.2f} s after the verb ended")

    # ... and no request reaches Lambda: the gate refuses them all
    calls, refused = system.invocations(), load.outcomes()[CLOSED]
    eventually(lambda: load.outcomes()[CLOSED] >= refused + 3 * RPS, what="refusals", within_s=PATIENCE_S)
    assert system.invocations() == calls
    assert system.status()["positions"][FUNCTION]["open"] is False

    # WHEN it is started again
    started, told_s = switch(system, "start", "--why", "the flood is over")

    # THEN all requests are answered again
    eventually(lambda: only(load, OK), what="answers", within_s=UNTIL_ALL_ASKED_AGAIN_S)
    assert started["warnings"] == []
    print(f"first answer {min(each.heard_s for each in load.of(told_s) if each.outcome == OK) - told_s:+.2f} s after")

    # AND the record says who did what, when and why
    history = json.loads(system.edgewise("history", FUNCTION, "--json").stdout)
    last, first = history["actions"][:2]
    for record, done in ((first, stopped), (last, started)):
        assert {key: record[key] for key in ("action", "who", "when", "why")} == {
            key: done[key] for key in ("action", "who", "when", "why")
        }
        assert record["who"]
    assert (first["action"], last["action"]) == ("stop", "start")
    assert (first["why"], last["why"]) == ("a flood", "the flood is over")
    assert history["now"]["open"] is True


def test_a_stop_acts_within_a_lease_where_the_gate_hears_nothing(system: System, load: Traffic) -> None:
    # GIVEN a store whose changes don't reach any gate in this test's time
    system.admin.set_stores_propagation(3_600)

    # WHEN somebody stops the function
    _, told_s = switch(system, "stop", "--why", "the store is slow")

    # THEN the edges' leases run out, and the ledger grants no other
    eventually(lambda: only(load, CLOSED), what="leases to end", within_s=PATIENCE_S)
    assert [each for each in load.of(told_s + LEASE_SECONDS + WITHIN_S) if each.outcome == OK] == []
    granted = ledger(system)["granted"]
    refused = load.outcomes()[CLOSED]
    eventually(lambda: load.outcomes()[CLOSED] >= refused + 2 * RPS, what="refusals", within_s=PATIENCE_S)
    assert ledger(system)["granted"] == granted

    # AND a start brings all of it back: the change that is still under way to the gates is old news when it arrives
    system.admin.set_stores_propagation(0.2)
    switch(system, "start", "--why", "measured")
    eventually(lambda: only(load, OK), what="answers", within_s=UNTIL_ALL_ASKED_AGAIN_S)


def ledger(system: System) -> dict[str, Any]:
    (shown,) = json.loads(system.edgewise("ledger", FUNCTION, "--json").stdout)["functions"]
    found: dict[str, Any] = shown
    return found
