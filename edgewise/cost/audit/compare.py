"""The lake's sums beside the ledger's: the ledger is exact, the lake may lag behind it or lack a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.cost.audit.reader import Lake


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Sums of a function since its first lease.

    Attributes
    ----------
    granted : int
        Requests that the ledger gave out; no receipt tells of it, so it is None in the lake.
    receipts, used, unspent : int
        Receipts, and the requests that they tell of as spent and as given back.
    """

    granted: int | None
    receipts: int
    used: int
    unspent: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A function's sums from both sides.

    Attributes
    ----------
    doubles : int
        Rows of the lake that repeat another; no sum has them.
    """

    function: str
    ledger: Counted
    lake: Counted
    doubles: int

    @property
    def missing(self) -> int:
        """Requests granted of which no receipt has come: under way, or lost with their environment."""
        return (self.ledger.granted or 0) - self.ledger.used - self.ledger.unspent

    @property
    def behind(self) -> dict[str, int]:
        """What the ledger counted and the lake has not: records that settle has yet to write, or dead letters."""
        names = ("receipts", "used", "unspent")
        return {name: getattr(self.ledger, name) - getattr(self.lake, name) for name in names}

    @property
    def equal(self) -> bool:
        """Whether the lake has all that the ledger counted, and no more."""
        return not any(self.behind.values())

    @property
    def verdict(self) -> str:
        """The comparison in a sentence."""
        if self.equal:
            return "the lake has every receipt that the ledger counted"
        if min(self.behind.values()) < 0:
            return "the lake has more than the ledger: the ledger's table was restored or made anew"
        lacking = f"the lake lacks {self.behind['receipts']:,} receipts"
        return f"{lacking}: settle is behind, they are among its dead letters, or they expired"

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        more = {"missing": self.missing, "behind": self.behind, "equal": self.equal, "verdict": self.verdict}
        return {**asdict(self), **more}


def counted_from_item(item: Mapping[str, Any]) -> Counted:
    """Read the ledger's counter item, in DynamoDB's JSON; empty before the first lease.

    Raises
    ------
    ValueError
        When a sum is not a number.
    """

    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    try:
        return Counted(
            granted=number("granted"), receipts=number("receipts"), used=number("used"), unspent=number("unspent")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the counter item can't be read: {error!r}; its attributes are {sorted(item)}") from error


def compare(lake: Lake, ledger: Mapping[str, Counted]) -> list[Comparison]:
    """Compare a lake with the ledger.

    Parameters
    ----------
    lake : Lake
    ledger : mapping
        By function. A function that only the lake knows is compared with nothing granted.
    """
    sums = {str(row["function"]): row for row in lake.ask("sums")}
    doubles: dict[str, int] = {}
    for row in lake.ask("doubles"):
        name = str(row["function"])
        doubles[name] = doubles.get(name, 0) + int(row["copies"]) - 1
    nothing = Counted(granted=0, receipts=0, used=0, unspent=0)
    return [
        Comparison(
            function=name,
            ledger=ledger.get(name, nothing),
            lake=_counted(sums.get(name, {})),
            doubles=doubles.get(name, 0),
        )
        for name in sorted({*ledger, *sums})
    ]


def _counted(row: Mapping[str, Any]) -> Counted:
    numbers = {name: int(row.get(name) or 0) for name in ("receipts", "used", "unspent")}
    return Counted(granted=None, **numbers)
