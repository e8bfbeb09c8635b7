"""The receipts of one process: one open for each of its two models, and those that the ledger has not taken yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.receipt import Receipt

if TYPE_CHECKING:
    from inference.terms import Moment


class Packets:
    """Keeps receipts in order.

    With a canary the models take turns lease by lease, and a question takes one receipt along. So the other model's
    receipt stays open beside the one under way: sealing it at each turn would make more than are ever handed in.

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
        self._process = process
        self._serial = 0
        self._since_s = 0.0
        self._beside: Receipt | None = None
        self._sealed: list[Receipt] = []
        self.open = self._new("")

    def touch(self, now: Moment, digest: str = "") -> Receipt:
        """Return the open receipt of a model to note something in; a note while nothing is on its way starts the age.

        Parameters
        ----------
        digest : str
            Empty for the model that answers now.
        """
        receipt = self._of(digest)
        if receipt.empty:
            receipt.waits_since_s = now.mono_s
            if not self._sealed:
                self._since_s = now.mono_s
        return receipt

    def age_s(self, now: Moment) -> float:
        """Return how long something has been waiting to be told."""
        return now.mono_s - self._since_s if self._sealed or self._untold() else 0.0

    def answer_with(self, digest: str) -> None:
        """Go on with a model: each receipt tells of one."""
        receipt = self._of(digest)
        if receipt is self._beside:
            self.open, self._beside = receipt, self.open
        receipt.digest = digest

    def oldest(self) -> Receipt | None:
        """Return the receipt that is to be handed in now, sealed: one that was not taken, else the oldest open one."""
        if not self._sealed and (untold := self._untold()):
            self._seal(min(untold, key=lambda each: each.waits_since_s))
        return self._sealed[0] if self._sealed else None

    def drop(self, receipt: Receipt, *, lost: bool) -> None:
        """Forget a receipt that was taken, or that nobody knows of whether it was."""
        if receipt in self._sealed:
            self._sealed.remove(receipt)
        self.open.lost += lost

    def _of(self, digest: str) -> Receipt:
        """Return the open receipt of a model; a third model's takes the place of the one beside."""
        if not digest or self.open.digest in ("", digest):
            return self.open
        if self._beside is None or self._beside.digest != digest:
            if self._beside is not None:
                self._seal(self._beside)
            self._beside = self._new(digest)
        return self._beside

    def _untold(self) -> list[Receipt]:
        return [each for each in (self._beside, self.open) if each is not None and not each.empty]

    def _seal(self, receipt: Receipt) -> None:
        if receipt is self._beside:
            self._beside = None
        else:
            self.open = self._new(receipt.digest)
        if receipt.empty:
            self.open.lost += receipt.lost
            self.open.leases += receipt.leases
        else:
            self._sealed.append(receipt)

    def _new(self, digest: str) -> Receipt:
        self._serial += 1
        return Receipt(digest=digest, receipt_id=f"{self._process}-{self._serial}")
