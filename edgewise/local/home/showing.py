"""Feeds the live page and the meter with what the home process sees."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud import inbox
from edgewise.local.dashboard import meter
from edgewise.local.dashboard.collector import Collector
from edgewise.local.dashboard.function import FunctionFacts
from edgewise.local.home.cloudclient import RefusedError, UnavailableError
from edgewise.local.stack.homemodel import Home
from inference import telemetry

if TYPE_CHECKING:
    from edgewise.local.home.memory import Memory
    from edgewise.local.home.region import Region
    from edgewise.local.stack.model import LambdaFunction, LocalStack

LOG: Final = logging.getLogger("edgewise.local.home.showing")
_METER: Final = "meter"
_CLOSED_UNTIL: Final = "closed_until"
# A model and its canary.
_DIGESTS: Final = 2
Billing = Mapping[str, Mapping[str, Any]]


@dataclass(kw_only=True, eq=False, slots=True)
class Showing:
    """The page's figures.

    Attributes
    ----------
    collector : Collector
    meter : Meter
    memory : Memory
        Keeps the meter.
    """

    stack: LocalStack
    collector: Collector
    meter: meter.Meter
    memory: Memory
    _alerts_seen: int = 0
    _failing: set[str] = field(default_factory=set)

    def note_metrics(self, now_s: float, emf: Mapping[str, Any]) -> None:
        """Take in an object of settle's metrics."""
        try:
            self.collector.note_metrics(now_s, emf)
        except ValueError:
            LOG.exception("a metric can't be shown")

    async def look(self, region: Region, state: Mapping[str, Any] | None) -> None:
        """Take in how things stand."""
        now_s = region.now_s()
        self.collector.note_alarms(region.alarming.to_json())
        self._note_alerts(region)
        if state is not None:
            self.collector.note_counters(now_s, state)
            self._meter_edge(now_s, state)
        self._meter_home(now_s, region)
        for edge in self.stack.distributions:
            await self._look_at(region, edge.function, state or {})
            self.collector.note_spent(edge.function, float(self.meter.spent_usd(edge.function)))
        self.memory.write(_METER, self.meter.to_json())

    async def _look_at(self, region: Region, function: str, state: Mapping[str, Any]) -> None:
        """Read a function's counter and its store."""
        table = next((table.name for table in self.stack.tables), None)
        try:
            item = await region.client.item(table, f"counter#{function}#cloudfront") if table else {}
            self.collector.note_ledger(region.now_s(), function, item)
            self.meter.note(region.now_s(), function, "ledger", meter.of_counter(item))
        except (RefusedError, UnavailableError):
            return
        except ValueError as error:
            self._complain(f"the counter of {function}", error)
        told = state.get("distributions", {}).get(function)
        if told is not None:
            closed_until_s = await region.store_number(function, _CLOSED_UNTIL)
            self.collector.note_state(function, closed_until_s=closed_until_s, enabled=bool(told.get("enabled", True)))

    def _note_alerts(self, region: Region) -> None:
        messages = list(inbox.read(region.files.inbox))
        for message in messages[self._alerts_seen :]:
            attributes = message["attributes"]
            self.collector.note_alert(
                message["time_s"],
                subject=message["subject"],
                text=message["text"],
                kind=attributes.get("kind", ""),
                function=attributes.get("function", ""),
            )
        self._alerts_seen = len(messages)
        whose = [_about(message, _names(self.stack)) for message in messages]
        for name in _names(self.stack):
            self.meter.note(region.now_s(), name, "inbox", meter.of_alerts(whose.count(name)))

    def _meter_edge(self, now_s: float, state: Mapping[str, Any]) -> None:
        source = f"gateway-{state.get('gateway', {}).get('pid', '')}"
        for edge in self.stack.distributions:
            told = state.get("distributions", {}).get(edge.function, {})
            self.meter.note(now_s, edge.function, source, meter.of_distribution(told))
            for arn in {each.lambda_arn for each in edge.behaviours if each.lambda_arn}:
                pool = state.get("functions", {}).get(self.stack.functions[arn].name)
                if pool is not None:
                    self.meter.note(now_s, edge.function, f"{source}-calls", meter.of_pool(pool))

    def _meter_home(self, now_s: float, region: Region) -> None:
        """Charge a guard's runs to its function, and settle's in equal parts to all."""
        names = [edge.function for edge in self.stack.distributions]
        for pool in region.pools.values():
            guarded = pool.function.environment.get("FUNCTION")
            events_of, share = (meter.of_guard, [guarded]) if guarded in names else (meter.of_settle, names)
            for name in share:
                events = events_of(
                    runs=pool.invocations // len(share),
                    billed_ms=pool.billed_ms // len(share),
                    memory_mb=pool.function.memory_mb,
                )
                self.meter.note(now_s, name, f"home-{region.started}-{pool.function.name}", events)

    def _complain(self, what: str, error: Exception) -> None:
        """Say once what can't be read."""
        if what not in self._failing:
            self._failing.add(what)
            LOG.warning("%s can't be shown: %s", what, error)


def showing_of(stack: LocalStack, memory: Memory, billing: Billing) -> Showing:
    """Make the page's figures for a stack.

    Parameters
    ----------
    stack : LocalStack
    memory : Memory
    billing : Mapping
        By function what the state does not tell: ``plan``, ``bound_usd``, ``budget_usd`` as text. What is left out
        is taken from settle's own variables, and the plan is none.
    """
    told = {name: {**_told_to_settle(stack).get(name, {}), **billing.get(name, {})} for name in _names(stack)}
    facts = [
        FunctionFacts(name=name, bound_usd=_usd(known, "bound"), budget_usd=_usd(known, "budget"))
        for name, known in told.items()
    ]
    counting = meter.Meter(
        fees={name: _fees(stack, name, str(known.get("plan", "none"))) for name, known in told.items()}
    )
    kept = memory.read(_METER)
    if kept:
        try:
            counting.load(kept)
        except ValueError as error:
            LOG.warning("%s", error)
    return Showing(
        stack=stack,
        collector=Collector(stack=stack.stack, functions=facts),
        meter=counting,
        memory=memory,
    )


def _about(message: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the function that a message is about; the stack's own are charged to the first."""
    told = message["attributes"].get("function", "")
    if told in names:
        return str(told)
    return next((name for name in names if f"-{name}" in message["subject"]), next(iter(names), ""))


def _names(stack: LocalStack) -> list[str]:
    return [edge.function for edge in stack.distributions]


def _told_to_settle(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """Return what settle's variable says of each function."""
    for function in stack.home_functions.values():
        if found := _functions_variable(function):
            return found
    return {}


def _functions_variable(function: LambdaFunction) -> dict[str, dict[str, Any]]:
    try:
        told = json.loads(function.environment.get("FUNCTIONS", "{}"))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _usd(known: Mapping[str, Any], what: str) -> Decimal | None:
    value = known.get(f"{what}_usd", known.get(what))
    return Decimal(str(value)) if value not in (None, "") else None


def _fees(stack: LocalStack, function: str, plan: str) -> meter.Fees:
    home: Home = stack.home
    edge = next(edge for edge in stack.distributions if edge.function == function)
    acl = stack.web_acls.get(edge.web_acl_arn) if edge.web_acl_arn else None
    named = f"-{function}"
    metrics = len(telemetry.BY_DIGEST) * _DIGESTS + len(telemetry.BY_FUNCTION) if stack.home_functions else 0
    return meter.Fees(
        plan=plan,
        web_acl_rules=len(acl.rules) if acl else None,
        alarms=sum(named in alarm.name for alarm in home.alarms),
        custom_metrics=metrics,
        budgets=sum(named in budget.name for budget in home.budgets),
    )
