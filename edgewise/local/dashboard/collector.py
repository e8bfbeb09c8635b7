"""Collects what settle, the gateway and the ledger tell, and answers with the dashboard's figures."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.dashboard import counters
from edgewise.local.dashboard.emf import read_emf
from edgewise.local.dashboard.function import FunctionFacts, FunctionFigures
from edgewise.local.dashboard.ledger import read_ledger
from edgewise.local.dashboard.timeline import FINE_SPAN_S, FINE_STEP_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Alerts that are kept for the page; the inbox has all of them.
MAX_ALERTS: Final = 50


@dataclass(kw_only=True, slots=True)
class Collector:
    """Takes in what is told, in bounded memory, and gives it back as figures.

    Parameters
    ----------
    stack : str
        The stack's name.
    functions : sequence of FunctionFacts
        What is known of each function before anything is told.
    clock : callable
        Gives Unix time.

    Examples
    --------
    >>> collector = Collector(stack="local", functions=[FunctionFacts(name="face-match")])
    >>> collector.note_counters(0, {"distributions": {"face-match": {"requests": 3, "waf_blocked": 3}}})
    >>> collector.figures(0)["functions"][0]["totals"]["blocked"]
    3
    """

    stack: str
    functions: Sequence[FunctionFacts] = ()
    clock: Callable[[], float] = time.time
    _known: dict[str, FunctionFigures] = field(default_factory=dict)
    _running: counters.Running = field(default_factory=counters.Running)
    _alarms: list[dict[str, Any]] = field(default_factory=list)
    _alerts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_ALERTS))

    def __post_init__(self) -> None:
        """Know the functions from the start, so that the page shows them before their first request."""
        self._known.update({facts.name: FunctionFigures(facts=facts) for facts in self.functions})

    def note_metrics(self, now_s: float, emf_object: Mapping[str, Any]) -> None:
        """Take in one object of settle's embedded metric format.

        Raises
        ------
        ValueError
            When it can't be read; nothing of it was taken in.
        """
        metrics = read_emf(emf_object)
        if metrics is not None:
            self._function(metrics.function).note_metrics(now_s, metrics)

    def note_counters(self, now_s: float, gateway_state: Mapping[str, Any]) -> None:
        """Take in the gateway's ``GET /state``; a gateway that was started anew counts on."""
        for name, told in gateway_state.get("distributions", {}).items():
            now = counters.of_distribution(told)
            now["invocations"] = counters.invocations_of(gateway_state, stack=self.stack, function=name)
            added = {key: self._running.added(f"{name}/{key}", value) for key, value in now.items()}
            function = self._function(name)
            function.note_counters(now_s, added)
            if "enabled" in told:
                function.enabled = bool(told["enabled"])

    def note_ledger(self, now_s: float, function: str, counter_item: Mapping[str, Any]) -> None:
        """Take in a function's counter item, in DynamoDB's JSON; empty before the first lease.

        Raises
        ------
        ValueError
            When it can't be read.
        """
        del now_s  # the item carries its own day
        self._function(function).note_ledger(read_ledger(counter_item))

    def note_state(self, function: str, *, closed_until_s: float | None, enabled: bool | None = None) -> None:
        """Take in whether the gate is closed (None or 0: it is open), and whether the distribution is enabled.

        The gateway's counters say the latter too, so None leaves it as it is.
        """
        figures = self._function(function)
        figures.closed_until_s = closed_until_s or None
        if enabled is not None:
            figures.enabled = enabled

    def note_spent(self, function: str, spent_usd: float) -> None:
        """Take in the meter's figure of the month so far."""
        self._function(function).spent_usd = spent_usd

    def note_alarms(self, alarms: Sequence[Mapping[str, Any]]) -> None:
        """Take in all alarms as they stand: ``name``, ``state`` (in CloudWatch's words), ``since_s``, ``reason``."""
        keys = ("name", "state", "since_s", "reason")
        self._alarms = [{key: alarm[key] for key in keys} for alarm in alarms]

    def note_alert(self, now_s: float, *, subject: str, text: str, kind: str, function: str) -> None:
        """Take in a message that the subscriber received."""
        alert = {"time_s": now_s, "subject": subject, "text": text, "kind": kind, "function": function}
        self._alerts.appendleft(alert)

    def figures(
        self, now_s: float | None = None, *, span_s: int = FINE_SPAN_S, step_s: int = FINE_STEP_S
    ) -> dict[str, Any]:
        """Return the figures as a JSON object.

        Parameters
        ----------
        now_s : float, optional
            The clock's when left out.
        span_s, step_s : int
            How far back the series and the figures by digest go, and in what steps.
        """
        now = self.clock() if now_s is None else now_s
        day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        return {
            "stack": self.stack,
            "now_s": now,
            "span_s": span_s,
            "step_s": step_s,
            "functions": [
                figures.to_json(now, day=day, span_s=span_s, step_s=step_s) for figures in self._known.values()
            ],
            "alarms": self._alarms,
            "alerts": list(self._alerts),
        }

    def _function(self, name: str) -> FunctionFigures:
        if name not in self._known:
            self._known[name] = FunctionFigures(facts=FunctionFacts(name=name))
        return self._known[name]
