"""The guard's memory: one item of the ledger's table, and what follows from it and from what was counted.

What a run decides is written down before it is done, and crossed out behind it. So a run that dies in between is
finished by the next, five minutes later, with the same alert ids; only what died between an alert and the crossing out
is told twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from inference.limits import number, text

if TYPE_CHECKING:
    from collections.abc import Mapping

Gate = Literal["firewall", "gate", "ledger"]
Act = Literal["close", "disconnect", "warn"]
GATES: Final[tuple[Gate, ...]] = ("firewall", "gate", "ledger")
WARN_PERCENT: Final = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Something that is to be done and told.

    Attributes
    ----------
    act : {"close", "disconnect", "warn"}
    gate : {"firewall", "gate", "ledger"}
        Whose allowance was used.
    month : str
        Such as ``2026-11``.
    number : int
        Counts deeds of the month: part of the alert's id.
    refused, allowance : int
        Requests refused since the last act of this gate, and how many may be.
    """

    act: Act
    gate: Gate
    month: str
    number: int
    refused: int
    allowance: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What the guard remembers of a month.

    Attributes
    ----------
    month : str
    used_base : int
        The counter's `used` at the month's first run; 0 for the guard's first month.
    acted, warned : dict
        By gate: the month's refused requests at its last act and warning.
    deeds : int
        How many deeds the month has seen.
    pending : tuple of Deed
        Decided, and not known to be done.
    closed_at, disconnected_at : int
        Unix time of the last act; 0 for never.
    reason : str
        Of that act.
    revision : int
        Counts writes; 0 for an item that is not there yet.
    """

    month: str
    used_base: int = 0
    acted: dict[Gate, int] = field(default_factory=lambda: dict.fromkeys(GATES, 0))
    warned: dict[Gate, int] = field(default_factory=lambda: dict.fromkeys(GATES, 0))
    deeds: int = 0
    pending: tuple[Deed, ...] = ()
    closed_at: int = 0
    disconnected_at: int = 0
    reason: str = ""
    revision: int = 0

    def in_month(self, month: str, *, used: int) -> Memory:
        """Return it for a month: in a new one nothing is refused yet, and what is pending stays so.

        Parameters
        ----------
        month : str
        used : int
            The counter's `used` by now: a new month counts from here.
        """
        if month == self.month:
            return self
        return replace(Memory(month=month, used_base=used, pending=self.pending), **_kept(self))

    def decide(self, refused: Mapping[Gate, int], allowances: Mapping[Gate, int]) -> Memory:
        """Return it with what has to be done now as `pending`.

        A gate acts when a whole allowance was refused since its last act: opening by hand doesn't set the count
        back, it goes on for another allowance. At most one deed of a kind a run.

        Parameters
        ----------
        refused : mapping
            Refused requests of the month, by gate.
        allowances : mapping
            By gate; one without an allowance never acts.
        """
        acted, warned, deeds = dict(self.acted), dict(self.warned), list(self.pending)
        for gate, allowance in allowances.items():
            since = refused[gate] - acted[gate]
            warns = since * 100 >= allowance * WARN_PERCENT and warned[gate] <= acted[gate]
            if since >= max(allowance, 1):
                acted[gate] = refused[gate]
                act: Act = "close" if gate == "ledger" else "disconnect"
            elif warns and since > 0:
                warned[gate] = refused[gate]
                act = "warn"
            else:
                continue
            if act == "warn" or all(deed.act != act for deed in deeds):
                deeds.append(
                    Deed(
                        act=act,
                        gate=gate,
                        month=self.month,
                        number=self.deeds + len(deeds) - len(self.pending) + 1,
                        refused=since,
                        allowance=allowance,
                    )
                )
        new = len(deeds) - len(self.pending)
        return replace(self, acted=acted, warned=warned, pending=tuple(deeds), deeds=self.deeds + new)


def _kept(memory: Memory) -> dict[str, Any]:
    kept = ("closed_at", "disconnected_at", "reason", "revision")
    return {name: getattr(memory, name) for name in kept}


def read(item: dict[str, Any] | None, *, month: str) -> Memory:
    """Read the item.

    Parameters
    ----------
    item : dict, optional
        In DynamoDB's JSON.
    month : str
        The month that a first memory begins with.

    Raises
    ------
    LedgerDataError, ValueError
        When it can't be read: the run fails and its alarm rings.
    """
    if not item:
        return Memory(month=month)
    return Memory(
        month=text(item, "month"),
        used_base=number(item, "used_base", least=0),
        acted={gate: number(item, f"acted_{gate}", least=0) for gate in GATES},
        warned={gate: number(item, f"warned_{gate}", least=0) for gate in GATES},
        deeds=number(item, "deeds", least=0),
        pending=tuple(Deed(**each) for each in json.loads(text(item, "pending"))),
        closed_at=number(item, "closed_at", least=0),
        disconnected_at=number(item, "disconnected_at", least=0),
        reason=text(item, "reason"),
        revision=number(item, "revision", least=1),
    )


def write(memory: Memory, *, table: str, function: str) -> dict[str, Any]:
    """Return the UpdateItem that puts a memory in the place of the one it was read from, and of no other.

    The write that it describes makes its revision one more.
    """
    numbers = {
        "used_base": memory.used_base,
        **{f"acted_{gate}": memory.acted[gate] for gate in GATES},
        **{f"warned_{gate}": memory.warned[gate] for gate in GATES},
        "deeds": memory.deeds,
        "closed_at": memory.closed_at,
        "disconnected_at": memory.disconnected_at,
        "revision": memory.revision + 1,
    }
    texts = {
        "month": memory.month,
        "pending": json.dumps([asdict(deed) for deed in memory.pending]),
        "reason": memory.reason,
    }
    names = (*numbers, *texts)
    values = {f":{name}": {"N": str(value)} for name, value in numbers.items()}
    values |= {f":{name}": {"S": value} for name, value in texts.items()}
    if memory.revision:
        values[":seen"] = {"N": str(memory.revision)}
    return {
        "TableName": table,
        "Key": {"pk": {"S": f"guard#{function}"}},
        "ConditionExpression": "#revision = :seen" if memory.revision else "attribute_not_exists(pk)",
        # Each by an alias: "month" is a reserved word.
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": values,
    }
