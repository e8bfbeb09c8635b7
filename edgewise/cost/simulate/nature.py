"""How the world behaves in a month: lags, failures and sizes, as shares of what the endpoint assumes at worst."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

# "Usually below 30 s" and now and then minutes: AWS WAF developer guide, "Rate-based rule caveats".
_USUAL_REACTION_S: Final = (10, 30)
_RARE_REACTION: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Nature:
    """The world in one month.

    A share of 1 is the worst that the endpoint's named assumptions and settings allow, so that no world breaks them.

    Attributes
    ----------
    firewall_lag : float or None
        Share of `firewall_s` until the rate rule blocks; None draws one for each trip, mostly under 30 s.
    store_lag, metrics_lag, disable_lag : float
        Shares of `store_s`, `metrics_s`, `disable_s`.
    guard_lag : float
        Share of the scheduler's 60 s precision and of the guard's start-up and timeout that pass before it acts.
    settle_lag : float
        Share of all of settle's tries that pass before the record that ends a quota has closed the gate.
    settle_closes : bool
        False when settle dies before it writes the store.
    headers, answers, logs : float
        Shares of the greatest headers, answer and log lines of a call.
    call_ms : float
        A call's metered time as a share of `ms_per_request`; it may be more than 1, never past the timeout.
    overruns : bool
        Whether the last call of each lease runs until its timeout.
    lives : int or None
        Calls after which an environment is taken away; None for as long as it can.
    dies_with_lease : bool
        Whether the environment is lost at the end of each lease (crash, timeout, recycling).
    lanes : int
        Environments that the platform keeps side by side at least.
    init, load : float
        Shares of `init_s` for a start-up (settle's and the guard's too), and of the timeout for a first call's
        wait for ledger and model.
    fetches : float
        Share of the model's fetches that one cold grant may take.
    refused_cold : bool
        Whether each call that gets no lease starts an environment and ends at its timeout.
    ledger_races : float
        Share of the writes that one question to the ledger may lose against others before it is settled.
    ledger_retries : float
        Share of the repeated attempts of each call to the ledger that are made.
    lone_receipts : bool
        Whether each receipt goes in alone.
    early_renewals : bool
        Whether an environment asks for its next lease as soon and as often as it may.
    settle_fails : float
        Share of records on which settle fails every time.
    settle_time, guard_time : float
        Shares of the timeouts that a run takes.
    home_starts : float
        Share of settle's and the guard's runs that start an environment.
    alarms, alerts : float
        Shares of the alarms and of settle's alerts that can go out.
    backlog : float
        Share of a day's leases that the month before left unsettled.
    bunched : bool
        Whether the refusals of earlier months were logged on those months' last days.
    group : str
        The region group that serves all; empty for the one in which the month costs most.
    """

    firewall_lag: float | None = None
    store_lag: float = 0.3
    metrics_lag: float = 0.3
    disable_lag: float = 0.4
    guard_lag: float = 0.1
    settle_lag: float = 0.1
    settle_closes: bool = True
    headers: float = 0.02
    answers: float = 0.3
    logs: float = 0.3
    call_ms: float = 0.8
    overruns: bool = False
    lives: int | None = None
    dies_with_lease: bool = False
    lanes: int = 1
    init: float = 0.15
    load: float = 0.3
    fetches: float = 0.0
    refused_cold: bool = False
    ledger_races: float = 0.0
    ledger_retries: float = 0.0
    lone_receipts: bool = False
    early_renewals: bool = False
    settle_fails: float = 0.0
    settle_time: float = 0.05
    guard_time: float = 0.05
    home_starts: float = 0.02
    alarms: float = 0.01
    alerts: float = 0.2
    backlog: float = 0.0
    bunched: bool = False
    group: str = ""

    def reaction_s(self, greatest_s: int, rng: Random) -> int:
        """Return the seconds that the rate rule takes to block this time."""
        if self.firewall_lag is not None:
            return int(self.firewall_lag * greatest_s)
        usual = rng.uniform(*_USUAL_REACTION_S)
        drawn = rng.uniform(usual, greatest_s) if rng.random() < _RARE_REACTION else usual
        return min(int(drawn), greatest_s)


def usual(rng: Random) -> Nature:
    """Draw an ordinary month."""
    return Nature(
        store_lag=rng.uniform(0.15, 0.65),  # 20 to 75 s of 120: measured by others
        metrics_lag=rng.uniform(0.2, 1),
        disable_lag=rng.uniform(0.2, 1),
        guard_lag=rng.uniform(0, 0.5),
        settle_lag=rng.uniform(0, 0.3),
        headers=rng.uniform(0.01, 0.1),
        answers=rng.uniform(0.1, 0.6),
        logs=rng.uniform(0.1, 0.6),
        call_ms=rng.uniform(0.3, 1.1),
        lives=rng.choice([None, None, rng.randint(200, 20_000)]),
        lanes=rng.randint(1, 4),
        init=rng.uniform(0.05, 0.4),
        load=rng.uniform(0.1, 0.6),
        ledger_races=rng.uniform(0, 0.1),
        ledger_retries=rng.uniform(0, 0.1),
        lone_receipts=rng.random() < 0.3,
        settle_fails=rng.uniform(0, 0.02),
        settle_time=rng.uniform(0.01, 0.2),
        guard_time=rng.uniform(0.02, 0.2),
        alarms=rng.uniform(0, 0.02),
        alerts=rng.uniform(0, 0.5),
        backlog=rng.uniform(0, 0.05),
        home_starts=rng.uniform(0, 0.1),
    )


# Everything as bad as the named assumptions and settings allow.
WORST: Final = Nature(
    firewall_lag=1.0,
    store_lag=1.0,
    metrics_lag=1.0,
    disable_lag=1.0,
    guard_lag=1.0,
    settle_lag=1.0,
    headers=1.0,
    answers=1.0,
    logs=1.0,
    call_ms=1.0,
    overruns=True,
    dies_with_lease=True,
    init=1.0,
    load=1.0,
    fetches=1.0,
    refused_cold=True,
    ledger_races=1.0,
    ledger_retries=1.0,
    lone_receipts=True,
    early_renewals=True,
    settle_fails=1.0,
    settle_time=1.0,
    guard_time=1.0,
    home_starts=1.0,
    alarms=1.0,
    alerts=1.0,
    backlog=1.0,
    bunched=True,
)
