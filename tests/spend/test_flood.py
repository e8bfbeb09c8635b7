"""An unsigned flood against a deployed stack: what passes, who is hurt, what it costs, and who ends it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from inference.contract import inference_path
from tests.live.system import DEVICE, FUNCTION, System, eventually
from tests.spend.conftest import Deploy
from tests.spend.flood import DISABLED, FIREWALL, GATE, Plan, flood, send
from tests.spend.honest import OK, Devices, devices
from tests.spend.seen import GUARD, counters, dead_letters, disconnections, figures, rings, states

# A minute of the firewall takes ten seconds here, and one of the home Region a second: a guard looks every five.
CLOCK_SCALE = 6
SECONDS_PER_MINUTE = 1
# Small, so that a slow machine, too, sends more: 600 requests in a minute of the firewall.
RATE_CAP_RPS = 10
ALLOWANCE_FIREWALL = 2_000
# More than is ever sent here: the firewall's is the one that is used up.
ALLOWANCE_GATE = 100_000
WITHIN_S = 120
THROTTLES, DEAD_LETTERS = "edgewise-local-ledger-throttles", "edgewise-local-dead-letters"
ERRORS = f"edgewise-local-{FUNCTION}-errors"
ALARMS = (THROTTLES, DEAD_LETTERS, ERRORS)
# What an honest device hears of the firewall's rule for all, and of a distribution that is off.
RATE, OFF = "rate", f"status {DISABLED}"


@pytest.fixture(scope="module")
def system(deploy: Deploy) -> System:
    running = deploy(
        rate_cap_rps=RATE_CAP_RPS,
        rate_cap_ip_rps=RATE_CAP_RPS,
        allowance_firewall=ALLOWANCE_FIREWALL,
        allowance_gate=ALLOWANCE_GATE,
        monthly_budget_usd=200,
    )
    prepare(running)
    return running


@dataclass(kw_only=True)
class Flooded:
    """What a flood left: it began, the rule for all bit, it ended, and the distribution went off."""

    honest: Devices
    began_s: float
    bit_s: float
    ended_s: float
    off_s: float
    passed: Counter[int]
    calls: int
    gate_calls: int
    late: Counter[int]
    late_counted: dict[str, int]
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def flooded(system: System) -> Flooded:
    assert system.good().status == 200
    calls, before, counted = system.invocations(), figures(system), counters(system)
    with devices(system, rps=4) as honest:
        # GIVEN honest devices that are answered
        eventually(lambda: honest.outcomes()[OK] >= 4, what="answers", within_s=WITHIN_S)

        # WHEN twenty addresses send what has everything but a signature, until an allowance is used up
        with flood(plan(system, seconds=80)) as sent:
            eventually(lambda: sent.statuses()[FIREWALL] > 0, what="the rule for all to bite", within_s=WITHIN_S)
            eventually(
                lambda: counters(system)["waf_blocked"] - counted["waf_blocked"] > ALLOWANCE_FIREWALL,
                what="the allowance to be used up",
                within_s=WITHIN_S,
            )
        ended_s = time.time()
        eventually(lambda: honest.outcomes()[OFF] >= 4, what="the distribution to be disabled", within_s=WITHIN_S)
        # ... and go on when the distribution is disabled
        counted_late = counters(system)
        late = send(plan(system, seconds=1)).statuses()
        after_late = counters(system)
    eventually(lambda: not figures(system)["enabled"], what="the page to know", within_s=WITHIN_S)
    return Flooded(
        honest=honest,
        began_s=sent.began_s,
        bit_s=sent.first_s(FIREWALL),
        ended_s=ended_s,
        off_s=min(each.asked_s for each in honest.heard if each.outcome == OFF),
        passed=sent.statuses(),
        calls=system.invocations() - calls,
        gate_calls=after_late["gate_refused"] - counted["gate_refused"],
        late=late,
        late_counted={name: after_late[name] - counted_late[name] for name in ("gate_calls", "waf_blocked")},
        before=before,
        after=figures(system),
    )


def test_alarms_ring_once_while_something_is_wrong_and_are_good_again_by_themselves(system: System) -> None:
    # GIVEN alarms that are silent
    eventually(lambda: states(system, *ALARMS) == {"OK"}, what="alarms to be good", within_s=WITHIN_S)
    assert [rings(system, alarm) for alarm in ALARMS] == [[], [], []]

    # WHEN the ledger throttles, settle has to give records up, and requests fail
    with faults(system):
        # THEN the subscriber is told of each, with what it means and what to do
        eventually(
            lambda: system.good().status == 503 and all(rings(system, alarm) for alarm in ALARMS),
            what="alarms to ring",
            within_s=WITHIN_S,
        )
        for alarm in ALARMS:
            (told,) = rings(system, alarm)
            message = json.loads(told["text"])
            assert (message["AlarmName"], message["NewStateValue"]) == (alarm, "ALARM")
            assert "To do: " in message["AlarmDescription"]

    # ... and of none that it is over; a dead letter stays until somebody has read it
    eventually(lambda: states(system, THROTTLES, ERRORS) == {"OK"}, what="alarms to be good", within_s=WITHIN_S)
    assert states(system, DEAD_LETTERS) == {"ALARM"}
    assert [len(rings(system, alarm)) for alarm in ALARMS] == [1, 1, 1]


def test_a_flood_without_signatures_reaches_no_function(flooded: Flooded) -> None:
    # THEN the gate refused what passed the firewall, until the rule for all bit
    assert set(flooded.passed) <= {GATE, FIREWALL, 0}
    assert flooded.passed[GATE] > 0
    assert flooded.gate_calls >= flooded.passed[GATE]
    # ... and each call of the function is an honest device's
    outcomes = flooded.honest.outcomes()
    assert flooded.calls == outcomes.total() - outcomes[RATE] - outcomes[OFF]
    assert outcomes[OK] > 0

    # AND honest devices pay for the rule that knows no address
    for name, since_s, until_s in (
        ("before the flood", 0.0, flooded.began_s),
        ("before the rule for all bites", flooded.began_s, flooded.bit_s),
        ("while it blocks", flooded.bit_s, flooded.ended_s),
        ("after the flood, until the distribution is off", flooded.ended_s, flooded.off_s),
        ("while it is off", flooded.off_s, float("inf")),
    ):
        heard = flooded.honest.outcomes(since_s=since_s, until_s=until_s)
        print(f"honest devices {name}: {heard[OK]} of {heard.total()} answered, {dict(heard)}")
    assert flooded.honest.outcomes(since_s=flooded.bit_s)[RATE] > 0
    print(f"flood: {dict(flooded.passed)}; calls of the function: {flooded.calls}, all honest")


def test_the_guard_disables_the_distribution_and_says_why(system: System, flooded: Flooded) -> None:
    # THEN nothing behind a disabled distribution works any more, its firewall neither
    assert set(flooded.late) <= {DISABLED, 0}
    assert flooded.late[DISABLED] > 0
    assert flooded.late_counted == {"gate_calls": 0, "waf_blocked": 0}
    # ... the subscriber knows who did it, and why
    (told,) = disconnections(system)
    assert told["attributes"]["function"] == FUNCTION
    assert "(firewall)" in told["subject"]
    assert "requests blocked by the firewall in 20" in told["text"]
    assert f"edgewise start {FUNCTION} --enable-distribution" in told["text"]
    assert f"the allowance is {ALLOWANCE_FIREWALL:,}" in told["text"]
    # ... and was told before that requests are blocked
    assert len(rings(system, f"edgewise-local-{FUNCTION}-blocked")) == 1
    assert told["time_s"] >= flooded.bit_s
    print(told["subject"], told["text"], sep="\n")
    print(f"disabled {flooded.off_s - flooded.bit_s:.1f} s after the first blocked request")


def test_a_flood_costs_no_more_than_the_printed_bound(system: System, flooded: Flooded) -> None:
    # THEN the meter has seen the flood
    spent, before = flooded.after["spent_usd"], flooded.before["spent_usd"]
    assert before < spent
    # ... and no more than was printed before it came
    printed = json.loads(system.edgewise("bound", "local", "--json").stdout)
    (worst,) = [each for each in printed["functions"] if each["name"] == FUNCTION]
    assert flooded.after["bound_usd"] == pytest.approx(float(worst["total_usd"]), abs=0.01)
    assert spent <= float(worst["total_usd"])
    # ... and neither quota nor budget heard of it
    kinds = {message["attributes"].get("kind") for message in system.admin.inbox()}
    assert kinds.isdisjoint({"budget", "quota", "closed"})
    assert flooded.after["committed_usd"] <= flooded.after["budget_usd"]
    assert flooded.after["closed_until_s"] is None
    print(f"spent {before:.4f} USD before, {spent:.4f} USD after; bound {worst['total_usd']} USD")


def test_a_start_says_that_the_distribution_is_off_and_enables_it_when_asked(system: System, flooded: Flooded) -> None:
    # GIVEN a function that the guard disconnected
    assert flooded.late[DISABLED] > 0

    # WHEN it is started THEN somebody is told what is left to do, and what it may cost
    told = json.loads(system.edgewise("start", FUNCTION, "--why", "the flood is over", "--json").stdout)
    assert any("--enable-distribution" in warning for warning in told["warnings"])
    assert any("may cost up to" in warning for warning in told["warnings"])
    assert system.good().status == DISABLED
    assert system.status()["positions"][FUNCTION]["enabled"] is False

    # WHEN it is asked for THEN requests are answered again, and who did it is on record
    system.edgewise("start", FUNCTION, "--why", "the flood is over", "--enable-distribution")
    eventually(lambda: system.good().status == 200, what="an answer", within_s=WITHIN_S)
    history = json.loads(system.edgewise("history", FUNCTION, "--json").stdout)
    assert history["now"]["open"] is True
    assert history["actions"][0]["details"].startswith("distribution=")

    # AND the guard leaves it alone: it waits for another allowance
    assert system.admin.run_schedule(GUARD)["outcome"] == "ok"
    assert len(disconnections(system)) == 1
    assert system.good().status == 200


def prepare(system: System) -> None:
    """Let time pass faster."""
    system.admin.set_firewall(clock_scale=CLOCK_SCALE)
    system.admin.set_home_faults(seconds_per_minute=SECONDS_PER_MINUTE)
    system.admin.set_faults(ledger_latency_ms=0)


def plan(system: System, *, seconds: float) -> Plan:
    return Plan(
        address=system.address,
        path=inference_path(FUNCTION, DEVICE),
        request_bytes=system.request_bytes,
        seconds=seconds,
    )


@contextmanager
def faults(system: System) -> Iterator[None]:
    """Let three things be wrong for the time of a block."""
    system.admin.set_home_faults(ledger_throttles=3)
    system.admin.set_faults(lake_down=True)
    try:
        # Requests leave receipts, and settle finds no lake to write them to.
        eventually(
            lambda: system.good().status == 200 and dead_letters(system) > 0,
            what="settle to give up",
            within_s=WITHIN_S,
        )
        system.admin.set_faults(lake_down=True, ledger_down=True)
        # What has a lease left answers from it: another has to ask.
        system.admin.kill_environments(f"edgewise-local-{FUNCTION}", 4)
        eventually(lambda: system.good().status == 503, what="an error", within_s=WITHIN_S)
        yield
    finally:
        system.admin.set_home_faults(ledger_throttles=0)
        system.admin.set_faults(lake_down=False, ledger_down=False)
