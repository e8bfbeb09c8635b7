"""One function an event, and a gate never beside Lambda@Edge on a viewer event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from policies.core.resource import Behaviour, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import FUNCTIONS, LAMBDAS, all_behaviours, associations
from policies.platform_limits._limits import BOTH_FUNCTIONS


def _subjects(stack: Stack) -> list[Behaviour]:
    return [each for each in all_behaviours(stack) if associations(each) or associations(each, FUNCTIONS)]


def _check(behaviour: Behaviour, _: Config) -> Iterator[Violation]:
    distribution, where = behaviour.distribution, f"behaviour {behaviour.path}"
    for key in (LAMBDAS, FUNCTIONS):
        for event, count in Counter(each.get("eventType") for each in associations(behaviour, key)).items():
            if count > 1:
                yield Violation(distribution, f"{where}: {count} functions on {event}, an event takes one")
    at_viewer = [each["eventType"] for each in associations(behaviour) if _is_viewer(each.get("eventType"))]
    if at_viewer and associations(behaviour, FUNCTIONS):
        yield Violation(distribution, f"{where}: Lambda@Edge on {at_viewer[0]} beside a CloudFront Function")


def _is_viewer(event: object) -> bool:
    return isinstance(event, str) and event.startswith("viewer-")


RULE: Final = Rule(
    id="edge-events",
    what="A behaviour runs one function an event, and no CloudFront Function beside Lambda@Edge on a viewer event.",
    why="CloudFront refuses the distribution with InvalidFunctionAssociation, when everything around it is made.",
    source=f"{BOTH_FUNCTIONS}, Combining CloudFront Functions with Lambda@Edge",
    fix="put the Lambda function on event_type='origin-request' and keep the gate on 'viewer-request'",
    subjects=_subjects,
    check=_check,
)
