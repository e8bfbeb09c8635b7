"""A simulated fleet: many devices with keys of their own, real faces, and exact counts to compare the ledger with."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import numpy as np

from edgewise.device.signing import Device, Signer
from inference.contract import RECEIPT_HEADER, REQUEST_CONTENT_TYPE, device_key, inference_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIMEOUT_S: Final = 10.0
_PROBLEM: Final = "urn:edgewise:problem:"
OK: Final = "ok"
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Who asks, how often.

    Attributes
    ----------
    base_url, function, kid, master_key : str
        The endpoint, and the key that the devices' keys come from.
    devices : int
        How many.
    rps, seconds : float
        Requests a second of the whole fleet, and for how long.
    greedy : float
        How many times the others' rate the first device asks at.
    """

    base_url: str
    function: str
    kid: str
    master_key: str = field(repr=False)
    devices: int
    rps: float
    seconds: float
    greedy: float = 1.0


@dataclass(kw_only=True, slots=True)
class FleetResult:
    """The fleet's own counts.

    Attributes
    ----------
    began_s : float
        Unix time of the first request.
    outcomes : Counter
        Answers by ``ok``, the problem's slug, or ``unreachable``.
    by_receipt : dict
        Receipt id → outcomes of the requests that it is to tell of.
    greedy : Counter
        The outcomes of the first device, which are in `outcomes` too.
    latencies_ms : list
        Of answered requests, from sending to the last byte.
    late_ms : list
        How much later than planned each was sent: a slow machine shows here.
    bytes_up : int
        Bodies sent.
    """

    began_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    greedy: Counter[str] = field(default_factory=Counter)
    by_receipt: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    latencies_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    bytes_up: int = 0

    @property
    def sent(self) -> int:
        """All requests."""
        return self.outcomes.total()

    @property
    def success(self) -> float:
        """The share that was answered."""
        return self.outcomes[OK] / self.sent if self.sent else 0.0

    @property
    def others_success(self) -> float:
        """The share without the first device's."""
        others = self.outcomes - self.greedy
        return others[OK] / others.total() if others.total() else 0.0

    def compare(self, handed_in: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Compare with the receipts that came in: equal by id and outcome, the rest is missing.

        Parameters
        ----------
        handed_in : dict
            Receipts by id.
        """
        told = {name: handed_in[name] for name in self.by_receipt if name in handed_in}
        # What a process had answered before the fleet came stands in its first receipt too.
        shared = {name for name, receipt in told.items() if receipt.get("from", 0) <= int(self.began_s)}
        differing = sorted(name for name in told if not self._agrees(name, told[name], shared=name in shared))
        counted, in_shared, missing = (
            sum(counts.total() for name, counts in self.by_receipt.items() if chosen(name))
            for chosen in (lambda _: True, shared.__contains__, lambda name: name not in told)
        )
        receipts = sum(sum(told[name]["outcomes"].values()) for name in told if name not in shared)
        return {
            "counted_by_the_fleet": counted,
            "told_by_receipts": receipts,
            "in_receipts_with_earlier_requests": in_shared,
            "in_missing_receipts": missing,
            "equal": not differing and counted == receipts + in_shared + missing,
            "differing_receipts": differing,
            "waited": sum(receipt.get("waited", 0) for receipt in told.values()),
            "receipt_bytes": sum(len(json.dumps(receipt, separators=(",", ":"))) for receipt in told.values()),
            "receipts": len(told),
        }

    def _agrees(self, name: str, receipt: dict[str, Any], *, shared: bool) -> bool:
        counts, told = self.by_receipt[name], receipt["outcomes"]
        return counts <= Counter(told) if shared else dict(counts) == told

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        latency = self.latencies_ms or [0.0]
        return {
            "sent": self.sent,
            "success": self.success,
            "others_success": self.others_success,
            "outcomes": dict(self.outcomes),
            "first_device": dict(self.greedy),
            "p50_ms": float(np.quantile(latency, 0.5)),
            "p99_ms": float(np.quantile(latency, 0.99)),
            "late_p99_ms": float(np.quantile(self.late_ms or [0.0], 0.99)),
            "bytes_up": self.bytes_up,
        }


async def run(plan: Plan, bodies: Sequence[bytes], *, tick: Callable[[FleetResult], None]) -> FleetResult:
    """Send at the planned times, whether or not earlier answers have come, and count.

    Parameters
    ----------
    plan : Plan
    bodies : sequence of bytes
        Real inputs; they are taken in turn.
    tick : callable
        Gets the counts so far, about twice a second.
    """
    devices = [_device(plan, number) for number in range(plan.devices)]
    shares = np.ones(plan.devices)
    shares[0] = plan.greedy
    order = np.random.default_rng(0).choice(plan.devices, size=round(plan.rps * plan.seconds), p=shares / shares.sum())
    result, turns = FleetResult(began_s=time.time()), itertools.cycle(bodies)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        began, told = time.perf_counter(), 0.0
        for number, device in enumerate(order):
            due = began + number / plan.rps
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            result.late_ms.append((time.perf_counter() - due) * 1000)
            tasks.create_task(_ask(session, devices[device], next(turns), result, first=bool(device == 0)))
            if time.perf_counter() - told > 0.5:
                told = time.perf_counter()
                tick(result)
    tick(result)
    return result


def _device(plan: Plan, number: int) -> tuple[str, Signer]:
    """Return where a device asks, and what signs for it."""
    name = f"fleet-{number:04d}"
    key = device_key(plan.master_key, name)
    device = Device(function=plan.function, device_id=name, kid=plan.kid, key=key)
    return plan.base_url.rstrip("/") + inference_path(plan.function, name), Signer(device)


async def _ask(
    session: aiohttp.ClientSession, device: tuple[str, Signer], body: bytes, result: FleetResult, *, first: bool
) -> None:
    url, signer = device
    headers = {"Authorization": signer.authorization(), "Content-Type": REQUEST_CONTENT_TYPE}
    began, receipt_id = time.perf_counter(), None
    try:
        async with session.post(url, data=body, headers=headers) as response:
            receipt_id = response.headers.get(RECEIPT_HEADER)
            content = await response.read()
            outcome = OK if response.status == 200 else _slug(response.status, content)
            result.latencies_ms.append((time.perf_counter() - began) * 1000)
    except (aiohttp.ClientError, TimeoutError):
        outcome = UNREACHABLE
    result.bytes_up += len(body)
    result.outcomes[outcome] += 1
    result.greedy[outcome] += first
    if receipt_id is not None:
        result.by_receipt[receipt_id][outcome] += 1


def _slug(status: int, content: bytes) -> str:
    """Return a problem's slug; of an answer that is none of this platform's, its status."""
    try:
        kind = str(json.loads(content)["type"])
    except (ValueError, KeyError, TypeError):
        return f"status {status}"
    return kind.removeprefix(_PROBLEM) if kind.startswith(_PROBLEM) else f"status {status}"
