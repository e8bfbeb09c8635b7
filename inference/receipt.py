"""What an edge process saw since it last told: one packet a lease, of bounded size, without any device's name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from inference.sketch import Sketch

# A counter item of DynamoDB is billed by the kilobyte; the bound prices a receipt at this size.
MAX_BYTES: Final = 1_024
VERSION: Final = 1
_SKETCHES: Final = ("latency_ms", "score", "bytes_up")


@dataclass(kw_only=True, slots=True)
class Receipt:
    """Counts and sketches of the requests that leases were spent on.

    Attributes
    ----------
    digest : str
        The model that answered; another model starts another receipt.
    receipt_id : str
        Given when it is opened; whoever adds receipts up takes each id once.
    began_s, ended_s : int
        Unix time of the first and the last request.
    outcomes : dict
        Requests counted against leases, by ``ok`` or the problem's slug.
    refused : dict
        Requests that no lease was spent on, by the problem's slug.
    milliseconds, bytes_up, bytes_down : int
        Sums; bytes are those of bodies.
    cold, waited, lost : int
        Cold starts, requests that waited for the ledger, earlier receipts that may be lost.
    unspent, leases : int
        Requests that ended leases had left, and leases granted since the last receipt.
    devices, top_device : int
        How many devices were seen in the fullest lease, and the most requests of one of them.
    sketches : dict
        `Sketch` of latency, score and body size.
    waits_since_s : float
        Monotonic time of the first note. Not told.
    """

    digest: str = ""
    receipt_id: str = ""
    began_s: int = 0
    ended_s: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    milliseconds: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    cold: int = 0
    waited: int = 0
    lost: int = 0
    unspent: int = 0
    leases: int = 0
    devices: int = 0
    top_device: int = 0
    sketches: dict[str, Sketch] = field(default_factory=lambda: {name: Sketch() for name in _SKETCHES})
    waits_since_s: float = 0.0

    @property
    def used(self) -> int:
        """Requests that leases were spent on."""
        return sum(self.outcomes.values())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.outcomes or self.unspent or self.refused)

    def note(
        self,
        outcome: str,
        *,
        now_s: float,
        latency_ms: float,
        bytes_up: int,
        bytes_down: int,
        score: float | None = None,
        waited: bool = False,
        cold: bool = False,
    ) -> None:
        """Note one request that was counted against a lease."""
        self.began_s = self.began_s or int(now_s)
        self.ended_s = int(now_s)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.milliseconds += max(1, round(latency_ms))
        self.bytes_up += bytes_up
        self.bytes_down += bytes_down
        self.waited += waited
        self.cold += cold
        self.sketches["latency_ms"].add(latency_ms)
        self.sketches["bytes_up"].add(bytes_up)
        if score is not None:
            self.sketches["score"].add(score)

    def note_refused(self, slug: str) -> None:
        """Note one request that no lease was spent on."""
        self.refused[slug] = self.refused.get(slug, 0) + 1

    def note_devices(self, counts: dict[str, int]) -> None:
        """Note how a lease was shared; the names stay here."""
        if counts:
            self.devices = max(self.devices, len(counts))
            self.top_device = max(self.top_device, *counts.values())

    def to_text(self) -> str:
        """Return it as JSON of at most `MAX_BYTES`, its sketches coarser where it must be."""
        joined = max(sketch.joined for sketch in self.sketches.values())
        while len(text := json.dumps(self._members(), separators=(",", ":"))) > MAX_BYTES:
            joined += 1
            for sketch in self.sketches.values():
                sketch.join(max(joined, sketch.joined))
        return text

    def _members(self) -> dict[str, Any]:
        numbers = {
            "ms": self.milliseconds,
            "up": self.bytes_up,
            "down": self.bytes_down,
            "cold": self.cold,
            "waited": self.waited,
            "lost": self.lost,
            "unspent": self.unspent,
            "leases": self.leases,
            "devices": self.devices,
            "top": self.top_device,
        }
        told = {
            "v": VERSION,
            "id": self.receipt_id,
            "digest": self.digest,
            "from": self.began_s,
            "to": self.ended_s,
            "outcomes": self.outcomes,
            "refused": self.refused,
            **numbers,
            **{name: sketch.to_text() for name, sketch in self.sketches.items() if len(sketch)},
        }
        return {name: value for name, value in told.items() if value not in (0, {})}

    @classmethod
    def from_text(cls, text: str) -> Receipt:
        """Read what `to_text` wrote.

        Raises
        ------
        ValueError
            When it is no receipt of this version.
        """
        told = json.loads(text)
        if not isinstance(told, dict) or told.get("v") != VERSION:
            raise ValueError(f"no receipt of version {VERSION}")
        sketches = {name: Sketch.from_text(told[name]) if name in told else Sketch() for name in _SKETCHES}
        return cls(
            digest=told.get("digest", ""),
            receipt_id=told["id"],
            began_s=told.get("from", 0),
            ended_s=told.get("to", 0),
            outcomes=told.get("outcomes", {}),
            refused=told.get("refused", {}),
            milliseconds=told.get("ms", 0),
            bytes_up=told.get("up", 0),
            bytes_down=told.get("down", 0),
            cold=told.get("cold", 0),
            waited=told.get("waited", 0),
            lost=told.get("lost", 0),
            unspent=told.get("unspent", 0),
            leases=told.get("leases", 0),
            devices=told.get("devices", 0),
            top_device=told.get("top", 0),
            sketches=sketches,
        )
