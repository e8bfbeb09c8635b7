"""Drives the gate in Node: a template is filled in, a request asked, a verdict read."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from inference.contract import authorization, device_key

ROOT = Path(__file__).parents[3]
GATE = ROOT / "inference" / "gate" / "gate.js"
RUNNER = Path(__file__).with_name("gate_runner.mjs")

FUNCTION = "face-match"
DEVICE = "door-7"
REQUEST_BYTES = 67_500
NOW_S = 1_795_000_000
MASTER = "a1" * 32
OTHER_MASTER = "b2" * 32
FETCH = "c3" * 32
STORE = {"key:k1": MASTER, "key:k2": OTHER_MASTER, "fetch:f1": FETCH, "closed_until": "0", "deny:thief": "1"}
MODEL = f"/models/{'0f' * 32}.onnx"


def templated() -> str:
    """Return the gate as the build makes it."""
    config = {"function": FUNCTION, "requestBytes": REQUEST_BYTES, "maxExpiryAheadS": 300}
    source = GATE.read_text()
    assert source.count("__GATE_CONFIG__") == 1
    return source.replace("__GATE_CONFIG__", json.dumps(config))


def signed(
    *, kid: str = "k1", master: str = MASTER, function: str = FUNCTION, device: str = DEVICE, ahead_s: int = 60
) -> str:
    """Return an Authorization header, by default one that the gate accepts."""
    key = device_key(master, device)
    return authorization(key, kid=kid, function=function, device_id=device, expires=NOW_S + ahead_s)


def request(**changes: Any) -> dict[str, Any]:
    """Return an accepted request, changed at its top level."""
    wanted = {
        "method": "POST",
        "uri": f"/v1/{FUNCTION}/{DEVICE}",
        "querystring": {},
        "headers": headers(),
        "cookies": {},
    }
    return wanted | changes


def headers(**changes: str | None) -> dict[str, Any]:
    """Return accepted headers; None takes one away. Underscores stand for dashes."""
    wanted: dict[str, str | None] = {
        "host": "d111111abcdef8.cloudfront.net",
        "content-length": str(REQUEST_BYTES),
        "content-type": "application/octet-stream",
        "authorization": signed(),
    }
    wanted |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: {"value": value} for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate did."""

    result: dict[str, Any]
    asked: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return "method" in self.result

    @property
    def status(self) -> int:
        return int(self.result["statusCode"])

    @property
    def problem(self) -> dict[str, Any]:
        body = self.result["body"]
        assert body["encoding"] == "text"
        problem: dict[str, Any] = json.loads(body["data"])
        return problem

    @property
    def slug(self) -> str:
        return str(self.problem["type"]).removeprefix("urn:edgewise:problem:")

    def header(self, name: str) -> str | None:
        header = self.result["headers"].get(name)
        return header["value"] if header else None


class Gate:
    """A Node process that holds one gate."""

    def __init__(self, folder: Path) -> None:
        source = folder / "gate.js"
        source.write_text(templated())
        node = shutil.which("node")
        assert node, "node is needed to run the gate; install Node 20"
        self._process = subprocess.Popen(
            [node, str(RUNNER), str(source)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def ask(
        self, wanted: dict[str, Any], *, store: dict[str, str] | None = None, broken: tuple[str, ...] = ()
    ) -> Verdict:
        """Let a request come to the gate."""
        event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": wanted}
        question = {"event": event, "store": STORE if store is None else store, "broken": broken, "nowS": NOW_S}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "thrown" not in answer, answer
        return Verdict(**answer)


def fetching(method: str = "GET", token: str | None = f"f1.{FETCH}", uri: str = MODEL) -> dict[str, Any]:
    wanted = {"host": {"value": "d111111abcdef8.cloudfront.net"}}
    if token is not None:
        wanted["x-edgewise-fetch"] = {"value": token}
    return {"method": method, "uri": uri, "querystring": {}, "headers": wanted, "cookies": {}}
