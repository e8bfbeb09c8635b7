"""A running local stack and a device that can say anything to it, also what no client library would."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgewise.local.adminclient import AdminClient
from edgewise.local.functions.cpu import cpu_groups
from inference.contract import authorization, device_key, inference_path
from tests.project import Project

FUNCTION = "face-match"
BIN = Path(sys.executable).parent
DEVICE = "cam-1"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def slug(self) -> str:
        """The problem's kind; an error for anything that is no problem of ours."""
        assert self.headers["content-type"] == "application/problem+json", self.body[:200]
        assert self.json["status"] == self.status
        return str(self.json["type"]).removeprefix("urn:edgewise:problem:")


@dataclass
class System:
    """The deployed copy."""

    project: Project
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def edgewise(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line of the copy."""
        answer = subprocess.run(
            [str(BIN / "edgewise"), *args],
            cwd=self.project.root,
            env=os.environ | {"PYTHONPATH": str(self.project.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or answer.returncode == 0, f"edgewise {' '.join(args)}: {answer.stdout}{answer.stderr}"
        return answer

    def status(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.edgewise("status", "--json").stdout)
        return content

    @property
    def run_dir(self) -> Path:
        return self.project.root / ".edgewise" / "run"

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self.run_dir)

    @cached_property
    def master_key(self) -> str:
        keys: dict[str, str] = self.project.outputs()["signing_keys"][FUNCTION]
        return keys["k1"]

    @cached_property
    def fetch_token(self) -> str:
        """The token that models are fetched with, from the state's secrets."""
        (drawn,) = [each for each in self.project.resources() if each["urn"].endswith("face-match-keys-fetch-token-k1")]
        token: str = json.loads(drawn["outputs"]["result"]["plaintext"])
        return token

    @cached_property
    def request_bytes(self) -> int:
        return int(self.project.outputs()["endpoints"][FUNCTION]["request_bytes"])

    @cached_property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.status()["endpoints"][FUNCTION])
        assert url.hostname
        assert url.port
        return url.hostname, url.port

    def token(self, *, device: str = DEVICE, function: str = FUNCTION, expires_in_s: int = 60, **other: str) -> str:
        """Sign as a device would; `other` may hold another `kid` or `key`."""
        key = other.get("key") or device_key(self.master_key, device)
        expires = int(time.time()) + expires_in_s
        return authorization(key, kid=other.get("kid", "k1"), function=function, device_id=device, expires=expires)

    def ask(
        self,
        body: bytes | Iterable[bytes],
        *,
        method: str = "POST",
        path: str = inference_path(FUNCTION, DEVICE),
        headers: dict[str, str | None] | None = None,
        timeout_s: float = 30,
    ) -> Reply:
        """Send one request on a connection of its own; None takes a header away."""
        wanted: dict[str, str | None] = {"Content-Type": "application/octet-stream", "Authorization": self.token()}
        wanted |= headers or {}
        sent = {name: value for name, value in wanted.items() if value is not None}
        connection = http.client.HTTPConnection(*self.address, timeout=timeout_s)
        try:
            connection.request(method, path, body=body, headers=sent, encode_chunked="Transfer-Encoding" in sent)
            answer = connection.getresponse()
            return Reply(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.getheaders()},
                body=answer.read(),
            )
        finally:
            connection.close()

    def good(self) -> Reply:
        """Ask a good question, each time as another device: one alone may use its share of a lease up.

        Black is a picture too, only nobody's face.
        """
        device = f"cam-{next(self._numbers)}"
        path, token = inference_path(FUNCTION, device), self.token(device=device)
        return self.ask(bytes(self.request_bytes), path=path, headers={"Authorization": token})

    def invocations(self) -> int:
        """How often a Lambda environment was called so far."""
        (function,) = self.admin.state()["functions"].values()
        return int(function["invocations"])

    def pids(self) -> list[int]:
        """Every process of the local edge: its own and the environments'."""
        own = [int(pid) for pid in self.status()["pids"].values()]
        return own + [child for pid in own for child in _children(pid)]

    def ports(self) -> list[int]:
        status = self.status()
        urls = [*status["endpoints"].values(), status["cloud_url"], status["admin_url"]]
        return [int(urlsplit(url).port or 0) for url in urls]

    def assert_gone(self, pids: list[int], ports: list[int]) -> None:
        """Fail when a process, a port or a control group is left."""
        eventually(lambda: not [pid for pid in pids if _alive(pid)], what=f"processes {pids} to end")
        for port in ports:
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0, f"port {port} still answers"
        name = f"edgewise-{hashlib.sha256(str(self.run_dir.resolve()).encode()).hexdigest()[:12]}"
        groups = cpu_groups(name)
        assert groups is None or not groups.folder.exists(), f"control group {groups} is left"


def eventually(condition: Callable[[], bool], *, what: str, within_s: float = 20) -> None:
    """Wait for a condition; fail with its name."""
    ends = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends, f"waited {within_s} s for {what}"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    found = [int(child) for child in text.split()]
    return found + [deeper for child in found for deeper in _children(child)]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
