"""What a deployed stack says of itself: the gateway's counters, the live page, alarms, the guard, the inbox."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from tests.live.system import FUNCTION, System

GUARD: Final = f"edgewise-local-{FUNCTION}-guard"


def counters(system: System) -> Counter[str]:
    """Return the distribution's counters; what did not happen yet is 0."""
    found = system.admin.state()["distributions"][FUNCTION]
    return Counter({name: value for name, value in found.items() if type(value) is int})


def figures(system: System) -> dict[str, Any]:
    (found,) = system.admin.dashboard()["functions"]
    told: dict[str, Any] = found
    return told


def states(system: System, *alarms: str) -> set[str]:
    return {str(each["state"]) for each in system.admin.home_state()["alarms"] if each["name"] in alarms}


def rings(system: System, alarm: str) -> list[dict[str, Any]]:
    return [message for message in system.admin.inbox() if f'"{alarm}"' in message["subject"]]


def disconnections(system: System) -> list[dict[str, Any]]:
    """Return the messages that say that the distribution was disabled, not those that warn of it."""
    told = [message for message in system.admin.inbox() if message["attributes"].get("kind") == "disconnected"]
    return [message for message in told if message["attributes"]["level"] == "100"]


def dead_letters(system: System) -> int:
    """Return how many records settle gave up."""
    return sum(int(number) for number in system.admin.home_state()["dead_letters"].values())
