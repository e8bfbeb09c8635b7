"""Doing and telling what the guard decided. Only this part needs botocore."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.guard import acts
from inference.settle import aws, store
from inference.settle.alerts import publish
from inference.settle.closing import month_ends_s

if TYPE_CHECKING:
    from inference.guard.memory import Deed

_FAILURES: Final = (BotoCoreError, ClientError, store.StoreConflictError)


class Clients:
    """AWS clients, each made when it is first asked for."""

    @cached_property
    def sns(self) -> Any:
        """For alerts; in one attempt, a second might be a second message."""
        return aws.client("sns", attempts=1)

    @cached_property
    def store(self) -> Any:
        """For the gate's store."""
        return aws.store_client()

    @cached_property
    def cloudfront(self) -> Any:
        """For the distribution."""
        return aws.client("cloudfront", region="us-east-1")


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What is acted on.

    Attributes
    ----------
    function, stack, store_arn, distribution, topic : str
    clients : Any
        See `Clients`.
    """

    function: str
    stack: str
    store_arn: str
    distribution: str
    topic: str
    clients: Any = field(default_factory=Clients)

    def prepare(self) -> None:
        """Make the clients."""
        _ = self.clients.sns, self.clients.store, self.clients.cloudfront

    def do(self, deed: Deed, now_s: float) -> str:
        """Act and tell, and return why it could not be done; empty when it was.

        Parameters
        ----------
        deed : Deed
        now_s : float
            Unix time. A gate is not closed until a month's end that has passed.
        """
        told = acts.alert_of(deed, function=self.function, stack=self.stack, distribution=self.distribution)
        try:
            if deed.act == "disconnect":
                acts.disable(self.clients.cloudfront, self.distribution)
            elif deed.act == "close" and month_ends_s(deed.month) > now_s:
                store.close(self.clients.store, self.store_arn, month_ends_s(deed.month))
            publish(self.clients.sns, self.topic, told)
        except _FAILURES as error:
            return f"{deed.act} ({deed.gate}): {type(error).__name__}: {error}"[:200]
        return ""
