"""Alarms that somebody hears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.bounded_spend._around import dead_letters, is_heard, ledgers
from policies.bounded_spend._watching import alarms_about
from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

COMPOSITE: Final = "aws:cloudwatch/compositeAlarm:CompositeAlarm"


@dataclass(frozen=True)
class _Part:
    stack: Stack
    name: str
    resources: tuple[Resource, ...]


def _parts(stack: Stack) -> Iterator[_Part]:
    found: dict[int, _Part] = {}
    for endpoint in endpoints(stack):
        for name, resources in _watched(endpoint).items():
            if resources:
                found[id(resources[0])] = _Part(stack, name, resources)
    yield from found.values()


def _watched(endpoint: InferenceEndpoint) -> dict[str, tuple[Resource, ...]]:
    acl = (endpoint.web_acl,) if endpoint.web_acl else ()
    letters = tuple(queue for mapping in endpoint.mappings for queue in dead_letters(mapping))
    return {
        "endpoint": (endpoint.distribution, *acl),
        "ledger": ledgers(endpoint),
        "settle function": (*endpoint.settlers, *letters),
        "guard": endpoint.guards,
    }


def _check(part: _Part, _: Config) -> Iterator[Violation]:
    alarms = [alarm for resource in part.resources for alarm in alarms_about(part.stack, resource)]
    if not alarms:
        yield Violation(part.resources[0], f"0 alarms of this program watch the {part.name}, 1 is asked for")
    for alarm in alarms:
        above = part.stack.users(alarm, COMPOSITE, key="alarmRule")
        silent = [_silence(part.stack, each) for each in (alarm, *above)]
        if all(silent):
            yield Violation(alarm, f"the alarm of the {part.name} rings nowhere: {silent[0]}")


def _silence(stack: Stack, alarm: Resource) -> str:
    """Return why nobody hears an alarm; nothing where somebody does."""
    if alarm.get("actionsEnabled", default=True) is False:
        return "actionsEnabled is false"
    topics = alarm.linked("alarmActions", ":Topic")
    if not topics:
        return "alarmActions names no SNS topic of this program"
    if not any(is_heard(stack, topic) for topic in topics):
        return f"the topic {topics[0].name} has 0 subscriptions"
    return ""


RULE: Final = Rule(
    id="alarms-ring",
    what="Endpoint, ledger, settle function and guard each have an alarm whose topic has a subscription.",
    why="A flood, a stopped settle function or a throttled ledger costs money until somebody acts; an alarm without an "
    "action or a subscriber is heard by nobody.",
    source="docs/adr/0009-spend-guard.md; Amazon CloudWatch User Guide, Using Amazon CloudWatch alarms. Whether a mail "
    "address was confirmed can't be seen here",
    fix="set alarm_actions=[topic.arn] and leave actions_enabled on; give the topic an sns.TopicSubscription",
    subjects=_parts,
    check=_check,
)
