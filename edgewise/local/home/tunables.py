"""What a test may change about the home Region while it runs: how fast a minute passes, how late metrics are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_SECONDS_PER_MINUTE: Final = 60.0
_LEAST_SECONDS_PER_MINUTE: Final = 0.05


@dataclass(kw_only=True, slots=True)
class Tunables:
    """Changed by ``PUT /home/faults``.

    Attributes
    ----------
    seconds_per_minute : float
        Of schedules, metrics and alarms; tests set less than 60.
    metrics_delay_s : float
        How late the platform's own metrics are; those that functions print are not.
    stream_paused : bool
        Whether records wait.
    ledger_throttles : float
        Writes that the ledger is said to have throttled, in each minute.
    """

    seconds_per_minute: float = DEFAULT_SECONDS_PER_MINUTE
    metrics_delay_s: float = 0.0
    stream_paused: bool = False
    ledger_throttles: float = 0.0

    def set(self, changes: Mapping[str, object]) -> None:
        """Change some.

        Raises
        ------
        ValueError
            For an unknown name, another type, or a number out of range; nothing is changed then.
        """
        for name, value in changes.items():
            known: object = getattr(self, name, None) if name in self.__slots__ else None
            number = isinstance(known, float) and isinstance(value, int | float) and not isinstance(value, bool)
            if not number and not (isinstance(known, bool) and isinstance(value, bool)):
                raise ValueError(f"{name!r} with value {value!r}: expected one of {self.to_json()}")
            least = _LEAST_SECONDS_PER_MINUTE if name == "seconds_per_minute" else 0.0
            if number and float(str(value)) < least:
                raise ValueError(f"{name!r} is {value!r}, must be at least {least:g}")
        for name, value in changes.items():
            setattr(self, name, value if isinstance(value, bool) else float(str(value)))

    def to_json(self) -> dict[str, object]:
        """Return them as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}
