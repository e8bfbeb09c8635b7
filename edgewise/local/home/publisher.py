"""Brings metrics to moto and to the alarms, late where that is asked for; none is lost with a killed process."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud.requests import RequestJournal
from edgewise.local.cloud.seed import CLOUDWATCH
from edgewise.local.home.cloudclient import until_taken
from edgewise.local.home.metrics import Datum, Series, requests_of
from edgewise.local.protocol import ONCE_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgewise.local.home.cloudclient import CloudClient
    from edgewise.local.home.memory import Memory

_POLL_S: Final = 0.05
_NAME: Final = "metrics"


@dataclass(kw_only=True, eq=False, slots=True)
class Publisher:
    """Holds what is on its way.

    Attributes
    ----------
    client : CloudClient
    memory : Memory
        Keeps what is on its way.
    journal : Path
        Of what moto took: from there an earlier process's points are known.
    """

    client: CloudClient
    memory: Memory
    journal: Path
    series: Series = field(default_factory=Series)
    _waiting: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Know what an earlier process knew."""
        self.series.load(self.journal)
        header = ONCE_HEADER.upper()
        taken = {request.headers.get(header) for request in RequestJournal.read(self.journal)}
        waiting = self.memory.read(_NAME).get("waiting", [])
        self._waiting = [parcel for parcel in waiting if parcel["once"] not in taken]

    def note(self, data: Sequence[Datum], *, delay_s: float = 0.0) -> None:
        """Take in data; it is seen after the delay."""
        due_s = time.time() + delay_s
        for request in requests_of(data):
            self._waiting.append({"once": str(uuid.uuid4()), "due_s": due_s, "request": request})
        self._keep()
        if not delay_s:
            self._show_what_is_due()

    async def run(self) -> None:
        """Bring what is due to moto, until cancelled."""
        while True:
            self._show_what_is_due()
            shown = [parcel for parcel in self._waiting if parcel.get("shown")]
            for parcel in shown:
                await self._send(parcel)
                self._waiting.remove(parcel)
                self._keep()
            await asyncio.sleep(_POLL_S)

    def _show_what_is_due(self) -> None:
        """Let the alarms see what is due, whether or not moto can be reached."""
        now_s = time.time()
        for parcel in self._waiting:
            if parcel["due_s"] <= now_s and not parcel.get("shown"):
                request = parcel["request"]
                self.series.add([Datum.from_json(request["Namespace"], told) for told in request["MetricData"]])
                parcel["shown"] = True

    async def _send(self, parcel: dict[str, Any]) -> None:
        async def put() -> None:
            target = f"{CLOUDWATCH}.PutMetricData"
            await self.client.call("monitoring", target, parcel["request"], once=parcel["once"])

        await until_taken(put, what="a metric")

    def _keep(self) -> None:
        # `shown` is this process's: the next one has to show it to its own alarms.
        parcels = [{key: parcel[key] for key in ("once", "due_s", "request")} for parcel in self._waiting]
        self.memory.write(_NAME, {"waiting": parcels})
