"""Reads the gateway's running counters, and turns them into what was added since the last look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a viewer's request can end as, in the words of `edgewise.local.cdn.edge.Edge.counters`.
REQUESTS: Final = "requests"
BLOCKED: Final = "waf_blocked"
DISABLED: Final = "disabled"
GATE_REFUSED: Final = "gate_refused"
BYTES_IN: Final = "bytes_in"
BYTES_OUT: Final = "bytes_out"
_SERVED: Final = ("status_200", "status_304")
# In the words of `edgewise.local.functions.pool.Pool.to_json`.
INVOCATIONS: Final = "invocations"


# Sources that carry a process id are new with each start; those that fell silent longest ago are forgotten.
MAX_COUNTERS: Final = 4_096


@dataclass(slots=True)
class Running:
    """Remembers running counters; one that went down has begun anew, with its process."""

    last: dict[str, int] = field(default_factory=dict)

    def added(self, key: str, value: int) -> int:
        """Return what was added since the last look; at the first one that is all of it."""
        before = self.last.pop(key, 0)
        self.last[key] = value
        while len(self.last) > MAX_COUNTERS:
            del self.last[next(iter(self.last))]
        return value - before if value >= before else value


def of_distribution(counters: Mapping[str, Any]) -> dict[str, int]:
    """Return a distribution's running counters under the names of the dashboard's series.

    Parameters
    ----------
    counters : mapping
        As the gateway's ``GET /state`` has it; what it does not count is 0.
    """

    def number(name: str) -> int:
        return int(counters.get(name, 0))

    return {
        "requests": number(REQUESTS),
        "served": sum(map(number, _SERVED)),
        "blocked": number(BLOCKED),
        "refused_gate": number(GATE_REFUSED),
        "disabled": number(DISABLED),
        "bytes_in": number(BYTES_IN),
        "bytes_out": number(BYTES_OUT),
    }


def invocations_of(state: Mapping[str, Any], *, stack: str, function: str) -> int:
    """Return the calls of a function's Lambda, 0 where the state has none.

    Parameters
    ----------
    state : mapping
        The gateway's ``GET /state``; its functions have the names that they have in the account.
    """
    pool = state.get("functions", {}).get(f"edgewise-{stack}-{function}", {})
    return int(pool.get(INVOCATIONS, 0))
