"""Runs the real program under the SDK's mocks and collects what it declares."""

from __future__ import annotations

import asyncio
import hashlib
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key
from pulumi.runtime.stack import wait_for_rpcs

from edgewise.paths import PROJECT_ROOT
from edgewise.python313 import Python313
from inference.manifest import Manifest
from infra.bundle import EdgeZip, HomeZip
from infra.limits import STAND_IN_ACCOUNT

MODEL = b"not a model, but with a digest"
MODEL_DIGEST = "sha256:" + hashlib.sha256(MODEL).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A resource as the program declared it; properties in camelCase, as the engine sees them."""

    kind: str
    name: str
    properties: Mapping[str, Any]


@dataclass
class Recorder(mocks.Mocks):
    """Answers as a provider would, as far as dependents need it."""

    account: str = STAND_IN_ACCOUNT
    declared: list[Declared] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        shown = {key: _shown(value) for key, value in args.inputs.items()}
        self.declared.append(Declared(kind=args.typ, name=args.name, properties=shown))
        outputs = dict(args.inputs) | {"arn": f"arn:{args.name}"}
        outputs |= {"qualifiedArn": f"arn:{args.name}:1", "domainName": "d0000000000000.cloudfront.net"}
        outputs |= {"bucketRegionalDomainName": "models.s3.us-east-1.amazonaws.com", "bucket": "models"}
        outputs |= {"owner": self.account, "streamArn": f"arn:{args.name}/stream/1"}
        outputs |= {
            "result": hashlib.sha256(args.name.encode()).hexdigest(),
            "name": args.inputs.get("name", args.name),
        }
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity"
        return {"accountId": self.account, "arn": "arn", "userId": "user", "id": "id"}, []

    def all(self, kind: str) -> list[Declared]:
        return [resource for resource in self.declared if resource.kind == kind]

    def only(self, kind: str, name: str | None = None) -> Declared:
        (found,) = [resource for resource in self.all(kind) if name in (None, resource.name)]
        return found


def run_program(
    stack: str,
    config: Mapping[str, Any],
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recorder: Recorder | None = None,
) -> Recorder:
    """Run ``infra/__main__.py`` for a stack; the zip is a small file, everything else is the program's own."""
    recorder = recorder or Recorder()
    _place_model(tmp_path, monkeypatch)
    small_zip = tmp_path / "edge.zip"
    small_zip.write_bytes(b"PK")
    built = EdgeZip(path=small_zip, sha256="0" * 64, runtime="python3.13", handler="inference.handler.handler")
    monkeypatch.setattr("infra.functions.edge_zip", lambda _config, _python: built)
    home = HomeZip(path=small_zip, sha256="0" * 64, runtime="python3.13", handler="inference.settle.handler.handler")
    monkeypatch.setattr("infra.home.home_zip", lambda _name, _python: home)
    monkeypatch.setattr("infra.watch.home_zip", lambda _name, _python: home)
    # No zip is built, so no Python is needed; in this test's own cache one would be made anew each time.
    python = Python313(command=("python3.13",), version="3.13.0", kind="path")
    monkeypatch.setattr("infra.edge_python.find_python313", lambda **_: python)
    main = PROJECT_ROOT / "infra" / "__main__.py"
    return under_mocks(lambda: runpy.run_path(str(main), run_name="__main__"), recorder, stack=stack, config=config)


def under_mocks(
    program: Callable[[], object],
    recorder: Recorder | None = None,
    *,
    stack: str = "dev",
    config: Mapping[str, Any] | None = None,
) -> Recorder:
    """Run a program and return what it declared."""
    recorder = recorder or Recorder()
    encoded = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        mocks.set_mocks(recorder, project="edgewise", stack=stack)
        set_all_config(encoded)
        loop.run_until_complete(settings_ready())
        program()
        loop.run_until_complete(wait_for_rpcs())
    finally:
        settings.reset_options()
        loop.close()
    return recorder


def statements(program: Recorder, kind: str, name: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the statements of the only document of a kind, or of the one of a name, by their id."""
    policy = json.loads(program.only(kind, name).properties["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def _shown(value: Any) -> Any:
    """Take a secret's wrapping off, as the engine does for a provider that accepts secrets."""
    if isinstance(value, dict) and value.get(_special_sig_key) == _special_secret_sig:
        return value["value"]
    return value


async def settings_ready() -> None:
    """Let the mocks' monitor see this loop before the program starts."""
    await asyncio.sleep(0)


def _place_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "edgewise" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{MODEL_DIGEST.removeprefix('sha256:')}.onnx"
    path.write_bytes(MODEL)
    path.with_suffix(".json").write_text(json.dumps(MANIFEST))


def manifest() -> Manifest:
    """Return the model's manifest."""
    return Manifest.from_json(json.dumps(MANIFEST))


MANIFEST: dict[str, Any] = {
    "name": "face-match",
    "digest": MODEL_DIGEST,
    "bytes": len(MODEL),
    "input": {"dtype": "uint8", "shape": [150, 150, 3]},
    "outputs": ["match", "score", "row"],
    "answer": ["match", "score", "row"],
    "accuracy": {"int8": 1.0},
    "data": "none",
    "recipe": "1",
}


__all__ = ["MODEL_DIGEST", "Declared", "Recorder", "manifest", "pulumi", "run_program", "statements", "under_mocks"]
