"""An LSTM taken apart, step by step, into sums that are exact and functions that are looked up; see `exact`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import helper

from edgewise.models.prune.graph import attribute
from edgewise.models.prune.grids import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx
    from numpy.typing import NDArray

    from edgewise.models.prune.exact import Writer

# Sigmoid and Tanh are at their ends beyond 2^4 (to 2^-23); between, a table has steps of 2^-8.
_RANGE: Final = 4
_FINE: Final = 12


def is_plain(node: onnx.NodeProto, weights: Mapping[str, NDArray[Any]]) -> bool:
    """Say whether an LSTM is of the kind that is taken apart: forward, from zero, all its states are its output."""
    return (
        {entry.name for entry in node.attribute} <= {"hidden_size", "direction"}
        and attribute(node, "direction", b"forward") == b"forward"
        and not any(node.input[4:])
        and not any(node.output[1:])
        and all(not name or name in weights for name in node.input[1:4])
    )


def write(writer: Writer, node: onnx.NodeProto, grid: Grid, length: int) -> None:
    """Write an LSTM (ONNX, operator LSTM) as plain operators.

    Parameters
    ----------
    writer : Writer
        Takes the nodes.
    node : onnx.NodeProto
        See `is_plain`.
    grid : Grid
        Of what it reads, [length, batch, inputs].
    length : int
        How many steps it takes.
    """
    name = node.output[0]
    reads, recurs = (writer.weights[node.input[index]][0].T for index in (1, 2))
    size = recurs.shape[0]
    writer.weights[f"{name}@reads"], writer.weights[f"{name}@recurs"] = reads, recurs
    writer.weights[f"{name}@sizes"] = np.full(4, size, dtype=np.int64)
    writer.weights[f"{name}@axes"] = np.asarray([0, 1], dtype=np.int64)
    writer.weighted(helper.make_node("MatMul", [node.input[0], f"{name}@reads"], [f"{name}@read"]), grid)
    inputs = f"{name}@read"
    if len(node.input) > 3 and node.input[3]:
        both = writer.weights[node.input[3]][0].reshape(2, -1)
        writer.weights[f"{name}@offset"] = both[0] + both[1]
        inputs = writer.add("Add", [inputs, f"{name}@offset"], f"{name}@inputs")
    hidden, cell, made = "", "", []
    for step in range(length):
        at = f"{name}@{step}"
        writer.weights[f"{at}@index"] = np.asarray(step, dtype=np.int64)
        gates = writer.add("Gather", [inputs, f"{at}@index"], f"{at}@now", axis=0)
        if hidden:
            recurrence = helper.make_node("MatMul", [hidden, f"{name}@recurs"], [f"{at}@recurrence"])
            # A state is a product of two numbers that are at most 1.
            writer.weighted(recurrence, Grid(0, grid.parts))
            gates = writer.add("Add", [gates, f"{at}@recurrence"], f"{at}@gates")
        hidden, cell = _step(writer, at, gates, cell, sizes=f"{name}@sizes", parts=grid.parts)
        made.append(writer.add("Unsqueeze", [hidden, f"{name}@axes"], f"{at}@made"))
    writer.add("Concat", made, name, axis=0)


def _step(writer: Writer, at: str, gates: str, cell: str, *, sizes: str, parts: int) -> tuple[str, str]:
    """Write one step; return the new state and the new cell."""
    names = [f"{at}@{gate}" for gate in ("input", "output", "forget", "cell")]  # the order of ONNX
    writer.nodes.append(helper.make_node("Split", [gates, sizes], [f"{name}@gate" for name in names], axis=1))
    kinds = ("Sigmoid", "Sigmoid", "Sigmoid", "Tanh")
    for name, kind in zip(names, kinds, strict=True):
        writer.look_up(kind, f"{name}@gate", name, _RANGE, _FINE)
    entry, leave, keep, new = names
    state = writer.add("Mul", [entry, new], f"{at}@added")
    if cell:
        kept = writer.add("Mul", [keep, cell], f"{at}@kept")
        state = writer.add("Add", [kept, state], f"{at}@state")
    squeezed = writer.look_up("Tanh", state, f"{at}@squeezed", _RANGE, _FINE)
    raw = writer.add("Mul", [leave, squeezed], f"{at}@raw")
    return writer.rounded_to(raw, f"{at}@hidden", Grid(0, parts)), state
