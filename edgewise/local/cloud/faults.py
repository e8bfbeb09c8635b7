"""What goes wrong on purpose in AWS's services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(kw_only=True, slots=True)
class Faults:
    """What goes wrong on purpose.

    The ledger's latency and outage, the outage of the buckets that distributions read, of the other
    buckets (the lake), of topics.
    """

    ledger_latency_ms: float = 0.0
    ledger_down: bool = False
    model_store_down: bool = False
    lake_down: bool = False
    alerts_down: bool = False

    def set(self, changes: Mapping[str, object]) -> None:
        """Change some.

        Raises
        ------
        ValueError
            For a name that is no fault, or a value of another type.
        """
        for name, value in changes.items():
            known: object = getattr(self, name, None) if name in self.__slots__ else None
            number = isinstance(known, float) and isinstance(value, int | float) and not isinstance(value, bool)
            if not number and not (isinstance(known, bool) and isinstance(value, bool)):
                raise ValueError(f"fault {name!r} with value {value!r}: expected one of {self.to_json()}")
            setattr(self, name, float(value) if isinstance(known, float) else value)  # type: ignore[arg-type]  # a number by the check above

    def to_json(self) -> dict[str, object]:
        """Return the faults as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}
