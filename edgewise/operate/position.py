"""How a function's switches stand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgewise.operate import distribution, items, store
from edgewise.operate.steps import asking
from edgewise.operate.switches import shown

if TYPE_CHECKING:
    from edgewise.operate.cloud import Cloud, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What ledger, gate and distribution say of a function now.

    Attributes
    ----------
    open : bool
        Whether all let requests pass; a quota that is used up closes the gate.
    enabled : bool
        Whether the distribution is; a change of it takes minutes to arrive.
    leases_closed_until_s, gate_closed_until_s : int or None
        Unix time, 0 or past for open; None for a value that can't be read, which closes.
    canary_digest : str
        Empty for none.
    canary_percent : float
    """

    open: bool
    enabled: bool
    leases_closed_until_s: int | None
    gate_closed_until_s: int | None
    canary_digest: str
    canary_percent: float

    def __str__(self) -> str:
        """Return it for people."""
        ends = (self.leases_closed_until_s, self.gate_closed_until_s)
        if self.open:
            told = "open"
        elif not self.enabled:
            told = "the distribution is disabled"
        elif None in ends:
            told = "closed: a closed_until can't be read"
        else:
            told = f"closed until {shown(max(end for end in ends if end is not None))}"
        return f"{told}; canary {self.canary_digest[:19]} {self.canary_percent:g} %" if self.canary_digest else told

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


def look(cloud: Cloud, target: Target) -> Position:
    """Read how a function's switches stand.

    Raises
    ------
    OperateError
        When ledger, store or distribution can't be read.
    """
    with asking("the override item, the gate's store and the distribution"):
        override = items.read(cloud, target, items.override_key(target.function))
        gate_s = store.closed_until(cloud, target)
        enabled = distribution.is_enabled(cloud, target)
    leases_s = items.whole(override, "closed_until") if "closed_until" in override else 0
    now_s = cloud.now_s()
    is_open = enabled and all(end_s is not None and end_s <= now_s for end_s in (leases_s, gate_s))
    percent = override.get("canary_percent", {}).get("N", "0")
    return Position(
        open=is_open,
        enabled=enabled,
        leases_closed_until_s=leases_s,
        gate_closed_until_s=gate_s,
        canary_digest=override.get("canary_digest", {}).get("S", ""),
        canary_percent=float(percent),
    )
