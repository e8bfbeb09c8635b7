"""The receipts of one process: one open, some sealed until the ledger has taken them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.receipt import Receipt

if TYPE_CHECKING:
    from inference.terms import Moment

# While the ledger is away; one more and the oldest is lost.
MAX_SEALED: Final = 4


class Packets:
    """Keeps receipts in order.

    Parameters
    ----------
    process : str
        Their ids begin with it.

    Attributes
    ----------
    open : Receipt
        The one under way.
    """

    def __init__(self, *, process: str) -> None:
        self.open = Receipt()
        self._process = process
        self._serial = 0
        self._since_s = 0.0
        self._sealed: list[Receipt] = []

    @property
    def open_id(self) -> str:
        """The id that the open receipt will have."""
        return f"{self._process}-{self._serial + 1}"

    def touch(self, now: Moment) -> Receipt:
        """Return the open receipt to note something in; the first note starts its age."""
        if self.open.empty and not self._sealed:
            self._since_s = now.mono_s
        return self.open

    def age_s(self, now: Moment) -> float:
        """Return how long something has been waiting to be told."""
        return now.mono_s - self._since_s if self._sealed or not self.open.empty else 0.0

    def answer_with(self, digest: str) -> None:
        """Go on with a model: each receipt tells of one."""
        if self.open.digest not in ("", digest):
            self._seal()
        self.open.digest = digest

    def oldest(self) -> Receipt | None:
        """Seal what is open, and return the receipt that is to be handed in now."""
        self._seal()
        return self._sealed[0] if self._sealed else None

    def drop(self, receipt: Receipt, *, lost: bool) -> None:
        """Forget a receipt that was taken, or that nobody knows of whether it was."""
        if receipt in self._sealed:
            self._sealed.remove(receipt)
        self.open.lost += lost

    def _seal(self) -> None:
        if self.open.empty:
            return
        self.open.receipt_id = self.open_id
        self._serial += 1
        self._sealed.append(self.open)
        self.open = Receipt(digest=self.open.digest)
        if len(self._sealed) > MAX_SEALED:
            # The oldest but one: the oldest may be on its way.
            del self._sealed[1]
            self.open.lost += 1
