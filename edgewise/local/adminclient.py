"""Look into a running local edge and disturb it: counters, stores, faults, clocks, alerts, the home Region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from edgewise.local.files import RunFiles
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

    def put_key(self, store: str, key: str, value: str | None, *, delay_s: float | None = None) -> None:
        """Write a key of a key-value store, or delete it (None); the gate sees it after `delay_s`, or as all."""
        change = {"value": value} if delay_s is None else {"value": value, "delay_s": delay_s}
        self._ask("PUT", f"{self._running().admin_url}/stores/{store}/{key}", change)

    def clear_caches(self) -> None:
        """Empty the edge caches."""
        self._ask("POST", f"{self._running().admin_url}/caches/clear")

    def kill_environments(self, function: str, count: int = 1) -> list[int]:
        """Kill environments of a function at random; return their process ids."""
        answer = self._ask("POST", f"{self._running().admin_url}/pools/{function}/kill", {"count": count})
        return [int(pid) for pid in answer["killed"]]

    def set_faults(self, **faults: float | bool) -> dict[str, Any]:
        """Set ``ledger_latency_ms``, ``ledger_down``, ``model_store_down``, ``lake_down``, ``alerts_down``."""
        return self._ask("POST", self._running().cloud_url + FAULTS_PATH, faults)

    def set_stores_propagation(self, seconds: float) -> None:
        """Set how long writes by the store's own API take to reach the gates."""
        self._ask("PUT", f"{self._running().admin_url}/stores-propagation", {"seconds": seconds})

    def set_stores_conflicts(self, count: int) -> None:
        """Let the next writes by the store's own API be answered with 409."""
        self._ask("PUT", f"{self._running().admin_url}/stores-conflicts", {"count": count})

    def set_clock(self, offset_s: float) -> None:
        """Shift the clock of the gates and of every function, by seconds from this machine's."""
        self._ask("PUT", f"{self._running().admin_url}/clock", {"offset_s": offset_s})
        if self._running().home_url:
            self._ask("POST", f"{self._home()}/home/clock", {"offset_s": offset_s})

    def set_firewall(self, **settings: float | bool) -> dict[str, Any]:
        """Change how web ACLs count: ``lag_s``, ``clock_scale``, ``reset``."""
        return self._ask("PUT", f"{self._running().admin_url}/firewall", settings)

    def set_deploy_seconds(self, seconds: float) -> None:
        """Set how long a distribution's old setting answers after it was changed."""
        self._ask("PUT", f"{self._running().admin_url}/distributions", {"deploy_s": seconds})

    def home_state(self) -> dict[str, Any]:
        """Return how the home Region stands: ``functions``, ``streams``, ``runs``, ``alarms``, ``dead_letters``."""
        return self._ask("GET", f"{self._home()}/home/state")

    def inbox(self) -> list[dict[str, Any]]:
        """Return the messages that subscribers received, the oldest first."""
        messages: list[dict[str, Any]] = self._ask("GET", f"{self._home()}/inbox")["messages"]
        return messages

    def dashboard(self) -> dict[str, Any]:
        """Return the live page's figures."""
        return self._ask("GET", f"{self._home()}/dashboard.json")

    def replay(self, seconds: float | None = None) -> None:
        """Hand the stream's records of the last seconds over again; all without a number."""
        self._ask("POST", f"{self._home()}/home/replay", "all" if seconds is None else {"seconds": seconds})

    def run_schedule(self, name: str) -> dict[str, Any]:
        """Run a scheduled function now, by the schedule's or its own name; return how it ended."""
        return self._ask("POST", f"{self._home()}/home/run/{name}", timeout_s=60)

    def set_home_faults(self, **faults: float | bool) -> dict[str, Any]:
        """Set ``seconds_per_minute``, ``metrics_delay_s``, ``stream_paused``, ``ledger_throttles``; the others stay."""
        return self._ask("PUT", f"{self._home()}/home/faults", faults)

    def _home(self) -> str:
        url = self._running().home_url
        if not url:
            raise LocalEdgeError("the stack has nothing for its home Region: no function, alarm or topic")
        return url

    def _running(self) -> LocalEdgeStatus:
        running = status(self.run_dir)
        if running is None:
            raise LocalEdgeError(f"no local edge runs in {self.run_dir}")
        return running

    def _ask(self, method: str, url: str, body: object = None, *, timeout_s: float = 10) -> dict[str, Any]:
        headers = {TOKEN_HEADER: RunFiles(self.run_dir).admin_token.read_text()}
        answer = httpx.request(method, url, json=body, headers=headers, timeout=timeout_s)
        if answer.status_code != httpx.codes.OK:
            raise LocalEdgeError(f"{method} {url} answered {answer.status_code}: {answer.text}")
        content: dict[str, Any] = answer.json()
        return content
