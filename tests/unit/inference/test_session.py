"""A session answers what the graph says, and only what it is told to answer."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx import TensorProto, helper

from inference.session import ModelError, Session, WrongSizeError
from tests.unit.inference.world import REQUEST_BYTES, SHAPE, expected, small_model

if TYPE_CHECKING:
    from pathlib import Path


def test_answers_as_numpy_does() -> None:
    session = Session(small_model())
    rng = np.random.default_rng(7)
    for _ in range(20):
        body = rng.integers(0, 256, REQUEST_BYTES, dtype=np.uint8).tobytes()
        answer, wanted = session.run(body), expected(body)
        assert answer.pop("score") == pytest.approx(wanted.pop("score"), rel=1e-6)
        assert answer == wanted
        assert [type(value) for value in answer.values()] == [bool, int]


def test_input_and_answer_come_from_the_graph() -> None:
    session = Session(small_model(answer="peak"))
    assert (session.input.dtype, session.input.shape, session.request_bytes) == ("uint8", SHAPE, REQUEST_BYTES)
    assert session.run(bytes(range(60))) == {"peak": [14.0, 29.0, 44.0, 59.0]}


def test_other_dtypes() -> None:
    session = Session(small_model(dtype=TensorProto.FLOAT))
    assert session.request_bytes == 4 * REQUEST_BYTES
    answer = session.run(np.full(SHAPE, 2.5, np.float32).tobytes())
    assert answer["score"] == 2.5


@pytest.mark.parametrize("size", [0, 1, 59, 61, 10_000])
def test_a_body_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(WrongSizeError, match=f"Expected exactly 60 bytes; got {size}"):
        Session(small_model()).run(bytes(size))


@pytest.mark.parametrize("model", [b"", b"no model", small_model()[:200]])
def test_bytes_that_are_no_model(model: bytes) -> None:
    with pytest.raises(ModelError, match="ONNX Runtime refuses the model"):
        Session(model)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "metadata edgewise.answer is ''"),
        ("", "metadata edgewise.answer is ''"),
        ("match,nothing", "expected some of .'match', 'score', 'row', 'peak'."),
        ("match,match", "metadata edgewise.answer"),
        ("match, score", "metadata edgewise.answer"),
    ],
)
def test_a_graph_that_does_not_say_what_to_answer(answer: str | None, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        Session(small_model(answer=answer))


@pytest.mark.parametrize("shape", [("n", 5, 3), (0, 5, 3)])
def test_a_shape_that_is_not_fixed(shape: tuple[int | str, ...]) -> None:
    with pytest.raises(ModelError, match="expected fixed sizes of at least 1"):
        Session(small_model(shape=shape))


def model_of(node: str, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
    graph = helper.make_graph(
        [helper.make_node(node, list(inputs), list(outputs))],
        "graph",
        [helper.make_tensor_value_info(name, kind, [1]) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, kind, [1]) for name, kind in outputs.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model.metadata_props.add(key="edgewise.answer", value=",".join(outputs))
    return bytes(model.SerializeToString())


def test_two_inputs_are_refused() -> None:
    with pytest.raises(ModelError, match="the graph has 2 inputs"):
        Session(model_of("Add", {"a": TensorProto.FLOAT, "b": TensorProto.FLOAT}, {"c": TensorProto.FLOAT}))


def test_strings_are_refused() -> None:
    with pytest.raises(ModelError, match=r"input 'a' is tensor\(string\)"):
        Session(model_of("Identity", {"a": TensorProto.STRING}, {"b": TensorProto.STRING}))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_answer(number: float) -> None:
    session = Session(model_of("Identity", {"a": TensorProto.FLOAT}, {"b": TensorProto.FLOAT}))
    assert session.run(np.float32(1.5).tobytes()) == {"b": 1.5}
    with pytest.raises(ModelError, match="not a finite number"):
        session.run(np.float32(number).tobytes())


QUIET = """
import os, pathlib, socket, sys, threading

def refuse(*args, **kwargs):
    raise SystemExit(f"a look-up of {args}")

socket.getaddrinfo = refuse
from inference.session import Session
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
session = Session(pathlib.Path(sys.argv[1]).read_bytes())
session.run(bytes(60))
tasks = len(os.listdir("/proc/self/task"))
files = [str(path) for path in pathlib.Path(os.environ["HOME"]).rglob("*")]
sockets = [fd for fd in os.listdir("/proc/self/fd") if "socket:" in os.path.realpath(f"/proc/self/fd/{fd}")]
print(tasks, files, sockets)
"""


def test_nothing_runs_looks_up_or_is_written_beside_the_session(tmp_path: Path) -> None:
    # GIVEN a fresh process with an empty home
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "model.onnx").write_bytes(small_model())
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(home / "cache")}

    # WHEN it loads a model and answers
    done = subprocess.run(
        [sys.executable, "-B", "-c", QUIET, str(tmp_path / "model.onnx")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    # THEN it is one thread, has written no file and opened no socket
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1 [] []", "")


def test_the_variables_are_set_before_the_imports() -> None:
    # Wheels of onnxruntime from 1.29 on start their telemetry while they are imported.
    script = """
import builtins, os
real = builtins.__import__
seen = {}
def watch(name, *args, **kwargs):
    if name in ("numpy", "onnxruntime"):
        seen.setdefault(name, (os.environ.get("OPENBLAS_NUM_THREADS"), os.environ.get("ORT_DISABLE_TELEMETRY")))
    return real(name, *args, **kwargs)
builtins.__import__ = watch
import inference.session
print(sorted(seen.items()))
"""
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[('numpy', ('1', '1')), ('onnxruntime', ('1', '1'))]"
