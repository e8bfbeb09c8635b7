"""All alarms of a stack at work: evaluated each minute, each change told to the topics, once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud.seed import CLOUDWATCH
from edgewise.local.home import alarmstate
from edgewise.local.home.cloudclient import RefusedError, UnavailableError, until_taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewise.local.home.cloudclient import CloudClient
    from edgewise.local.home.memory import Memory
    from edgewise.local.home.metrics import Series
    from edgewise.local.stack.homemodel import Alarm

_NAME: Final = "alarms"
_POLL_S: Final = 0.05
# SNS API Reference, "Publish": a subject has fewer than 100 characters.
_SUBJECT_LENGTH: Final = 99


@dataclass(kw_only=True, eq=False, slots=True)
class Alarming:
    """Keeps every alarm's state, and what is still to be told, in a file.

    Raises
    ------
    LocalEdgeError
        For an alarm that is not evaluated here.
    """

    alarms: Sequence[Alarm]
    series: Series
    client: CloudClient
    memory: Memory
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    _untold: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the alarms, and know what an earlier process knew."""
        for alarm in self.alarms:
            alarmstate.check_alarm(alarm)
        known = self.memory.read(_NAME)
        fresh = {"state": alarmstate.INSUFFICIENT_DATA, "since_s": 0.0, "reason": "Not evaluated yet."}
        self.states = {alarm.name: known.get("states", {}).get(alarm.name, dict(fresh)) for alarm in self.alarms}
        self._untold = known.get("untold", [])

    def evaluate(self, now_s: float, *, seconds_per_minute: float) -> None:
        """Bring every alarm to its state.

        Parameters
        ----------
        now_s : float
            Unix seconds; the periods end before it.
        seconds_per_minute : float
            How long a minute takes here.
        """
        for alarm in self.alarms:
            period_s = alarmstate.period_of(alarm, seconds_per_minute)
            values = alarmstate.recent_values(alarm, self.series, now_s=now_s, period_s=period_s)
            before = self.states[alarm.name]["state"]
            after = alarmstate.next_state(alarm, before, values)
            if after != before:
                why = alarmstate.reason(alarm, values)
                self.states[alarm.name] = {"state": after, "since_s": now_s, "reason": why}
                self._untold += _messages(alarm, before=before, state=after, reason=why, now_s=now_s)
                # State and messages in one write: a kill between the two would leave a change that nobody hears of.
                self._keep()

    async def run(self) -> None:
        """Tell the topics, until cancelled."""
        while True:
            while self._untold:
                await self._tell(self._untold[0])
                self._untold.pop(0)
                self._keep()
            await asyncio.sleep(_POLL_S)

    def to_json(self) -> list[dict[str, Any]]:
        """Return all alarms as they stand."""
        return [{"name": name, **state} for name, state in self.states.items()]

    async def _tell(self, message: dict[str, Any]) -> None:
        async def publish() -> None:
            await self.client.publish(
                message["topic_arn"], subject=message["subject"], text=message["text"], once=message["once"]
            )

        await until_taken(publish, what="an alarm's message")
        await self._set_state(message)

    async def _set_state(self, message: dict[str, Any]) -> None:
        """Keep moto's own state in step, for whoever looks there."""
        told = json.loads(message["text"])
        request = {
            "AlarmName": told["AlarmName"],
            "StateValue": told["NewStateValue"],
            "StateReason": told["NewStateReason"],
        }
        try:
            await self.client.call(
                "monitoring", f"{CLOUDWATCH}.SetAlarmState", request, once=f"{message['once']}/state"
            )
        except (RefusedError, UnavailableError):
            return

    def _keep(self) -> None:
        self.memory.write(_NAME, {"states": self.states, "untold": self._untold})


def _messages(alarm: Alarm, *, before: str, state: str, reason: str, now_s: float) -> list[dict[str, Any]]:
    actions = {
        alarmstate.ALARM: alarm.alarm_actions,
        alarmstate.OK: alarm.ok_actions,
        alarmstate.INSUFFICIENT_DATA: alarm.insufficient_data_actions,
    }[state]
    subject = f'{state}: "{alarm.name}" in US East (N. Virginia)'
    text = json.dumps(message_of(alarm, before=before, state=state, reason=reason, now_s=now_s))
    return [
        {
            "topic_arn": arn,
            "subject": subject[:_SUBJECT_LENGTH],
            "text": text,
            "once": f"alarm/{alarm.name}/{now_s}/{arn}",
        }
        for arn in (actions if alarm.actions_enabled else ())
        if ":sns:" in arn
    ]


def message_of(alarm: Alarm, *, before: str, state: str, reason: str, now_s: float) -> dict[str, Any]:
    """Return the message that CloudWatch publishes when an alarm changes its state.

    AWS, CloudWatch User Guide, "Notifying users on alarm changes"; the form is known from received messages.
    """
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description or None,
        "AWSAccountId": alarm.arn.split(":")[4],
        "NewStateValue": state,
        "NewStateReason": reason,
        "StateChangeTime": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": alarm.arn,
        "OldStateValue": before,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    told: dict[str, Any] = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.missing_data,
    }
    metric = alarm.queries[0].metric
    if len(alarm.queries) > 1 or metric is None:
        metrics = [
            {"Id": query.id, "Expression": query.expression, "ReturnData": query.returns} for query in alarm.queries
        ]
        return told | {"Metrics": metrics}
    return told | {
        "MetricName": metric.name,
        "Namespace": metric.namespace,
        "StatisticType": "Statistic" if not metric.statistic.startswith("p") else "ExtendedStatistic",
        "Statistic": metric.statistic.upper(),
        "Unit": metric.unit or None,
        "Dimensions": [{"name": name, "value": value} for name, value in metric.dimensions.items()],
        "Period": metric.period_s,
    }
