"""An inference behaviour hands the body to its function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Behaviour
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import associations, edge_behaviours
from policies.platform_limits._limits import EDGE_GUIDE


def _check(behaviour: Behaviour, _: Config) -> Iterator[Violation]:
    running = associations(behaviour)
    for each in running:
        event = str(each.get("eventType"))
        if each.get("includeBody") is True and event.endswith("-response"):
            yield Violation(behaviour.distribution, f"behaviour {behaviour.path}: include_body is True on {event}")
    requests = [each for each in running if str(each.get("eventType")).endswith("-request")]
    # The contract's path: elsewhere a function may well look at headers only.
    if behaviour.path.lstrip("/").startswith("v1/") and requests and not any(_has_body(each) for each in requests):
        yield Violation(
            behaviour.distribution,
            f"behaviour {behaviour.path}: include_body is not True, so the function sees no body",
        )


def _has_body(association: object) -> bool:
    return isinstance(association, dict) and association.get("includeBody") is True


RULE: Final = Rule(
    id="edge-body",
    what="A behaviour of the inference path gives its function the body; no response event asks for one.",
    why="Without it each POST is billed and answered 400, as the function gets an empty body; on a response event "
    "CloudFront refuses it.",
    source=f"{EDGE_GUIDE}, Restrictions on the request body with the include body option",
    fix="set include_body=True on the association with event_type='origin-request', and nowhere else",
    subjects=edge_behaviours,
    check=_check,
)
