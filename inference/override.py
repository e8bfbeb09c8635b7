"""The override item: what the operators switch without a deployment, closing and a canary.

It is an item of its own: one of Pulumi's that somebody else wrote too would be put back by a refresh and an update.
Mostly there is none. Of a damaged one the two halves fail in their own ways. A `closed_until` that can't be read grants
nothing, for nothing says that the function is open: spending safety wins. A canary that can't be read is no canary: the
pinned model answers, as before the canary and after a rollback.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from inference.contract import DIGEST
from inference.limits import LedgerDataError, Limits, beside, number, text

WHOLE_PERCENT: Final = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """What the override item says.

    Attributes
    ----------
    closed_until_s : int
        Unix time until which nothing is granted; 0 is open.
    canary_digest : str
        The model of a share of the leases; empty for none. It lies beside the pinned one.
    canary_percent : float
        That share, from 0 to 100.
    """

    closed_until_s: int = 0
    canary_digest: str = ""
    canary_percent: float = 0.0

    def models(self, limits: Limits, draw: float) -> tuple[Limits, ...]:
        """Return the limits with the model that a lease answers with.

        Parameters
        ----------
        limits : Limits
            With the pinned model.
        draw : float
            The lease's, from 0 up to 1: below the share it is the canary.

        Returns
        -------
        tuple of Limits
            The drawn one; then the other, if either may answer. A share of 0 or of all leaves one.
        """
        if self.canary_percent <= 0 or self.canary_digest in ("", limits.model_digest):
            return (limits,)
        # Not an address of its own: the lease's fetch token must go where the deployment said, and nowhere else.
        url = beside(limits.model_url, self.canary_digest)
        canary = replace(limits, model_url=url, model_digest=self.canary_digest)
        if self.canary_percent >= WHOLE_PERCENT:
            return (canary,)
        return (canary, limits) if draw * 100 < self.canary_percent else (limits, canary)


def read_override(item: dict[str, Any] | None) -> Override:
    """Read the item, in DynamoDB's JSON; None for none.

    Raises
    ------
    LedgerDataError
        When `closed_until` is there and can't be read: then nothing is granted.
    """
    if not item:
        return Override()
    closed_until_s = number(item, "closed_until", least=0) if "closed_until" in item else 0
    digest, percent = _canary(item)
    return Override(closed_until_s=closed_until_s, canary_digest=digest, canary_percent=percent)


def _canary(item: dict[str, Any]) -> tuple[str, float]:
    try:
        digest, percent = text(item, "canary_digest"), float(item["canary_percent"]["N"])
    except (LedgerDataError, KeyError, TypeError, ValueError):
        return "", 0.0
    if not DIGEST.fullmatch(digest) or not 0 <= percent <= WHOLE_PERCENT:
        return "", 0.0
    return digest, percent
