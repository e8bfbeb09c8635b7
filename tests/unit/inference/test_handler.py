"""The handler as Lambda starts it: a fresh process, the config beside the code, a real ledger and model server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.unit.inference.ledger_world import MotoTable, moto_table
from tests.unit.inference.world import (
    FUNCTION,
    REQUEST_BYTES,
    TABLE,
    TOKEN,
    ModelServer,
    body_of,
    digest,
    event,
    expected,
    limits,
    model_server,
    small_model,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "inference"
CONFIG = {"function": FUNCTION, "table": TABLE, "region": "us-east-1", "edge": "cloudfront"}
SECRET = "a-very-secret-key"
MODEL = small_model()
BODY = bytes(range(REQUEST_BYTES))

DRIVER = """
import json, sys
from inference.handler import handler

class Context:
    def get_remaining_time_in_millis(self):
        return 3000

for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), Context())), flush=True)
"""


def package(folder: Path, config: str | None) -> Path:
    """Lay out the zip's content, without the libraries."""
    folder.mkdir(parents=True)
    target = folder / "inference"
    target.mkdir()
    for source in PACKAGE.glob("*.py"):
        shutil.copy(source, target)
    if config is not None:
        (target / "config.json").write_text(config)
    return folder


@dataclass
class Process:
    """A Lambda environment's Python, without Lambda."""

    folder: Path
    endpoint: str
    stderr: str = ""
    _process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.folder),
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": "a-session-token",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-c", DRIVER],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stderr = self._process.communicate(timeout=20)[1]

    def call(self, asked: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoTable]:
    with moto_table() as running:
        yield running


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@pytest.fixture
def process(moto: MotoTable, server: ModelServer, tmp_path: Path) -> Process:
    moto.clear()
    moto.put_limits(server.serve(MODEL))
    return Process(package(tmp_path / "task", json.dumps(CONFIG)), moto.url)


def test_a_cold_process_leases_loads_and_answers(process: Process, moto: MotoTable, server: ModelServer) -> None:
    # GIVEN a stack with limits and a model, and a fresh process
    with process:
        # WHEN it is called twice
        responses = [process.call(event(BODY)), process.call(event(bytes(REQUEST_BYTES)))]

    # THEN both are answered by one lease and one download
    assert [response["status"] for response in responses] == ["200", "200"]
    assert body_of(responses[0]) == {"outputs": expected(BODY), "model": digest(MODEL)}
    assert body_of(responses[1])["outputs"] == expected(bytes(REQUEST_BYTES))
    assert moto.counter()["day_remaining"] == "150"
    assert len(server.asked) == 1
    assert process.stderr == ""


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        [],
        {"Records": []},
        {"Records": [{}]},
        {"Records": [{"cf": {"request": None}}]},
        event(BODY, body="text"),
        event(BODY, body={"data": [1]}),
    ],
)
def test_what_is_no_event_is_a_problem_and_one_line_of_log(process: Process, odd: Any) -> None:
    with process:
        response = process.call(odd)
        assert process.call(event(BODY))["status"] == "200"
    assert response["status"] == "500"
    assert body_of(response)["type"] == "urn:edgewise:problem:failed"
    assert "Traceback" not in response["body"]
    assert len(process.stderr.splitlines()) == 1
    assert process.stderr.startswith("edgewise failed: ")


def test_no_secret_and_no_payload_reaches_log_or_answer(process: Process, moto: MotoTable, server: ModelServer) -> None:
    # GIVEN a model that can't be had, then a ledger that is gone, and a payload to recognise
    moto.put_limits(limits(model_url=server.url + "/gone"))
    payload = b"a face that nobody may see in any log, padded to its size..."
    assert len(payload) == REQUEST_BYTES

    # WHEN requests fail in each way
    with process:
        told = json.dumps([process.call(event(payload)), process.call(event(payload, body={"data": {"a": "face"}}))])
    with Process(process.folder, "http://127.0.0.1:1") as offline:
        told += json.dumps(offline.call(event(payload)))

    # THEN what is told holds neither
    told += process.stderr + offline.stderr
    assert "model" in process.stderr
    assert "ledger" in offline.stderr
    for secret in (SECRET, TOKEN, "a-session-token", event(payload)["Records"][0]["cf"]["request"]["body"]["data"]):
        assert secret not in told


def test_the_answers_headers_are_ones_that_cloudfront_takes(process: Process) -> None:
    # AWS, "Restrictions on edge functions": disallowed and read-only headers give a 502.
    refused = (
        *("connection", "content-length", "expect", "keep-alive", "proxy-", "te", "trailer", "transfer-encoding"),
        *("upgrade", "via", "x-accel-", "x-amz-cf-", "x-amzn-", "x-cache", "x-edge-", "x-forwarded-proto"),
    )
    with process:
        responses = [
            process.call(event(BODY)),
            process.call(event(BODY, uri="/")),
            process.call(event(BODY, method="GET")),
            process.call(event(b"")),
            process.call(None),
        ]
    assert [response["status"] for response in responses] == ["200", "404", "405", "400", "500"]
    for response in responses:
        assert set(response) == {"status", "headers", "bodyEncoding", "body"}
        for name, values in response["headers"].items():
            assert not name.startswith(refused)
            assert [value["key"].lower() for value in values] == [name]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (None, "config.json"),
        ("{}", "expected exactly the keys"),
        ("[]", "expected exactly the keys"),
        (json.dumps(CONFIG | {"more": "1"}), "expected exactly the keys"),
        (json.dumps(CONFIG | {"table": ""}), "texts that are not empty"),
        (json.dumps(CONFIG | {"table": 3}), "texts that are not empty"),
        (json.dumps(CONFIG | {"function": "Face"}), "function is 'Face'"),
    ],
)
def test_a_zip_with_a_wrong_config_does_not_start(tmp_path: Path, config: str | None, told: str) -> None:
    folder = package(tmp_path / "task", config)
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import inference.handler"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]


# What the standard library holds that is slow to import and not needed to answer.
SLOW = {"asyncio", "concurrent", "decimal", "html", "http.server", "multiprocessing", "sqlite3", "unittest", "xml"}
THIRD_PARTY = {"numpy", "onnxruntime"}


def test_only_numpy_and_onnxruntime_are_imported_besides_a_lean_standard_library(tmp_path: Path) -> None:
    folder = package(tmp_path / "task", json.dumps(CONFIG))
    script = "import inference.handler, sys, json; print(json.dumps(sorted(sys.modules)))"
    bare = "import numpy, onnxruntime, sys, json; print(json.dumps(sorted(sys.modules)))"
    ours, base = (
        set(
            json.loads(
                subprocess.run(
                    [sys.executable, "-B", "-c", text],
                    env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
        )
        for text in (script, bare)
    )
    added = {name.split(".")[0] for name in ours - base}
    assert added - {"inference"} - THIRD_PARTY <= set(sys.stdlib_module_names)
    assert not (ours - base) & SLOW
    assert "inference.manifest" not in ours


@pytest.mark.parametrize("source", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_only_the_session_imports_the_libraries(source: Path) -> None:
    lines = [line.split() for line in source.read_text().splitlines() if line.startswith(("import ", "from "))]
    imported = {words[1].split(".")[0] for words in lines}
    assert imported <= set(sys.stdlib_module_names) | {"inference"} | (
        THIRD_PARTY if source.name == "session.py" else set()
    )
