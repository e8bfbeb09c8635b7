"""Look into a running local edge and disturb it: counters, key-value stores, faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from edgewise.local.files import RunFiles
from edgewise.local.gate.store import DEFAULT_PROPAGATION_S
from edgewise.local.protocol import FAULTS_PATH, TOKEN_HEADER
from edgewise.local.stack.model import LocalEdgeError
from edgewise.local.supervisor import LocalEdgeStatus, status

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class AdminClient:
    """Talks to the local edge of a run folder.

    Each method raises `LocalEdgeError` when the local edge does not run or refuses.
    """

    run_dir: Path

    def state(self) -> dict[str, Any]:
        """Return counters and process ids: ``functions``, ``distributions``, ``gate``, ``stores``."""
        return self._ask("GET", f"{self._running().admin_url}/state")

    def put_key(self, store: str, key: str, value: str | None, *, delay_s: float = DEFAULT_PROPAGATION_S) -> None:
        """Write a key of a key-value store, or delete it (None); the gate sees it after `delay_s`."""
        change = {"value": value, "delay_s": delay_s}
        self._ask("PUT", f"{self._running().admin_url}/stores/{store}/{key}", change)

    def clear_caches(self) -> None:
        """Empty the edge caches."""
        self._ask("POST", f"{self._running().admin_url}/caches/clear")

    def kill_environments(self, function: str, count: int = 1) -> list[int]:
        """Kill environments of a function at random; return their process ids."""
        answer = self._ask("POST", f"{self._running().admin_url}/pools/{function}/kill", {"count": count})
        return [int(pid) for pid in answer["killed"]]

    def set_faults(self, **faults: float | bool) -> dict[str, Any]:
        """Set faults: ``ledger_latency_ms``, ``ledger_down``, ``model_store_down``; the others stay."""
        return self._ask("POST", self._running().cloud_url + FAULTS_PATH, faults)

    def _running(self) -> LocalEdgeStatus:
        running = status(self.run_dir)
        if running is None:
            raise LocalEdgeError(f"no local edge runs in {self.run_dir}")
        return running

    def _ask(self, method: str, url: str, body: object = None) -> dict[str, Any]:
        headers = {TOKEN_HEADER: RunFiles(self.run_dir).admin_token.read_text()}
        answer = httpx.request(method, url, json=body, headers=headers, timeout=10)
        if answer.status_code != httpx.codes.OK:
            raise LocalEdgeError(f"{method} {url} answered {answer.status_code}: {answer.text}")
        content: dict[str, Any] = answer.json()
        return content
