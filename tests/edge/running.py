"""A running local edge as a device, and as somebody who wants to break it, sees it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from edgewise.local import supervisor
from edgewise.local.adminclient import AdminClient
from edgewise.local.supervisor import LocalEdgeStatus
from edgewise.python313 import find_python313
from inference import contract
from tests.edge.handmade import FUNCTION, NAME, HandmadeStack

GATE = Path(__file__).parents[2] / "inference" / "gate" / "gate.js"
DEVICE = "device-1"
PROBE_BYTES = 64


def gate_code(request_bytes: int = PROBE_BYTES) -> str:
    """Return the real gate's code, as the program builds it."""
    config = {"function": FUNCTION, "requestBytes": request_bytes, "maxExpiryAheadS": contract.MAX_EXPIRY_AHEAD_S}
    return GATE.read_text().replace("__GATE_CONFIG__", json.dumps(config))


@cache
def lambda_runtime() -> str:
    """Return Lambda's name of the Python that runs the zips here: the clouds' own, or the host's."""
    clouds_own = find_python313(build=True, say=print)
    return "python3.13" if clouds_own else f"python{sys.version_info.major}.{sys.version_info.minor}"


def padded(**told: object) -> bytes:
    """Return the body that tells the probe what to do."""
    return json.dumps(told).encode().ljust(PROBE_BYTES)


def eventually(true: Callable[[], bool], *, within_s: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not so within {within_s} s"
        time.sleep(0.02)


@dataclass(kw_only=True)
class RunningEdge:
    """Requests to it are signed with the stack's own key unless a test says otherwise."""

    stack: HandmadeStack
    run_dir: Path

    @property
    def admin(self) -> AdminClient:
        return AdminClient(self.run_dir)

    @property
    def status(self) -> LocalEdgeStatus:
        found = supervisor.status(self.run_dir)
        assert found is not None
        return found

    @property
    def base(self) -> str:
        return self.status.endpoints[FUNCTION]

    @property
    def url(self) -> str:
        return self.base + contract.inference_path(FUNCTION, DEVICE)

    @property
    def model_url(self) -> str:
        return f"{self.base}/models/{self.stack.digest}.onnx"

    @property
    def fetch_headers(self) -> dict[str, str]:
        return {contract.FETCH_TOKEN_HEADER: f"k1.{self.stack.fetch_token}"}

    def signed(self, *, device: str = DEVICE, key: str | None = None) -> dict[str, str]:
        """Return the headers of a signed request."""
        proof = contract.authorization(
            contract.device_key(key or self.stack.keys["k1"], device),
            kid="k1",
            function=FUNCTION,
            device_id=device,
            expires=int(time.time()) + 60,
        )
        return {"Authorization": proof, "Content-Type": contract.REQUEST_CONTENT_TYPE}

    def ask(self, **told: object) -> httpx.Response:
        """Send the probe a request and return whatever came back."""
        return httpx.post(self.url, content=padded(**told), headers=self.signed(), timeout=60)

    def counters(self) -> dict[str, Any]:
        """Return the function's counters."""
        found: dict[str, Any] = self.admin.state()["functions"][NAME]
        return found

    def invocations(self) -> int:
        return int(self.counters()["invocations"])

    def start(self, **settings: Any) -> LocalEdgeStatus:
        """Start it, or bring it to the stack as it is now."""
        return supervisor.start(self.stack.state(), self.run_dir, say=print, **settings)

    def wait_until_healthy(self) -> None:
        eventually(lambda: self.status.healthy, within_s=30)
