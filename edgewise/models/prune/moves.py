"""Following channels through operators that only move numbers: padding, joining, cutting, turning, reshaping."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.graph import attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from edgewise.models.prune.follow import Trail
    from edgewise.models.prune.units import Alive, Ids


def _pad(trail: Trail, node: onnx.NodeProto) -> bool:
    """Make new units where channels are padded: whatever is added to them later gives them a value."""
    known = trail.channels(node.input[0])
    pads = trail.graph.constant(node, 1)
    axes = trail.graph.constant(node, 3)
    rank = trail.rank(node.input[0])
    if known is None or pads is None or (axes is None and len(node.input) > 3 and node.input[3]):
        return False
    order = [int(axis) % rank for axis in axes] if axes is not None else list(range(rank))
    if known.axis not in order:
        trail.put(node.output[0], known.axis, known.ids)
        return True
    place = order.index(known.axis)
    before, after = int(pads[place]), int(pads[place + len(order)])
    if before < 0 or after < 0 or (before + after and attribute(node, "mode", b"constant") != b"constant"):
        return False
    units = trail.found.units
    front, back = units.fresh(before), units.fresh(after)
    trail.put(node.output[0], known.axis, np.concatenate([front, known.ids, back]))
    if before + after:
        name = trail.graph.own(node, 1)

        def repad(alive: Alive) -> None:
            changed = trail.graph.weights[name].copy()
            changed[place], changed[place + len(order)] = alive(front).sum(), alive(back).sum()
            trail.graph.weights[name] = changed

        trail.found.patches.append(repad)
    return True


def _concat(trail: Trail, node: onnx.NodeProto) -> bool:
    rank = trail.rank(node.output[0])
    axis = int(attribute(node, "axis")) % rank
    known = [trail.channels(name) for name in node.input]
    if any(entry is None for entry in known) or len({entry.axis for entry in known if entry}) != 1:
        return False
    found = [entry for entry in known if entry is not None]
    if found[0].axis == axis:
        trail.put(node.output[0], axis, np.concatenate([entry.ids for entry in found]))
        return True
    for entry in found[1:]:
        trail.found.units.join(found[0].ids, entry.ids)
    trail.put(node.output[0], found[0].axis, found[0].ids)
    return True


def _slice(trail: Trail, node: onnx.NodeProto) -> bool:
    known = trail.channels(node.input[0])
    starts, ends, axes, steps = (trail.graph.constant(node, index) for index in range(1, 5))
    if known is None or starts is None or ends is None or (axes is None and len(node.input) > 3 and node.input[3]):
        return False
    rank = trail.rank(node.input[0])
    order = [int(axis) % rank for axis in axes] if axes is not None else list(range(len(starts)))
    if known.axis not in order:
        trail.put(node.output[0], known.axis, known.ids)
        return True
    place = order.index(known.axis)
    if steps is not None and int(steps[place]) != 1:
        return False
    first, last, _ = slice(int(starts[place]), int(ends[place])).indices(len(known.ids))
    trail.put(node.output[0], known.axis, known.ids[first:last])
    names = trail.graph.own(node, 1), trail.graph.own(node, 2)

    def recut(alive: Alive) -> None:
        for name, edge in zip(names, (first, last), strict=True):
            changed = trail.graph.weights[name].copy()
            changed[place] = alive(known.ids[:edge]).sum()
            trail.graph.weights[name] = changed

    trail.found.patches.append(recut)
    return True


def _transpose(trail: Trail, node: onnx.NodeProto) -> bool:
    known = trail.channels(node.input[0])
    if known is None:
        return False
    order = list(attribute(node, "perm", list(reversed(range(trail.rank(node.input[0]))))))
    trail.put(node.output[0], order.index(known.axis), known.ids)
    return True


def _reshape(trail: Trail, node: onnx.NodeProto) -> bool:
    """Reshape, Flatten, Squeeze, Unsqueeze: found by counting the numbers before and behind the channel axis."""
    known = trail.channels(node.input[0])
    if known is None:
        return False
    old, new = trail.graph.shapes[node.input[0]], trail.graph.shapes[node.output[0]]
    axis, ids = _reshaped(old, new, known.axis, known.ids)
    if axis is None:
        return False
    if node.op_type == "Reshape":
        wanted = trail.graph.constant(node, 1)
        if wanted is None or (wanted[axis] == 0 and attribute(node, "allowzero", 0)):
            return False
        if wanted[axis] > 0:
            name = trail.graph.own(node, 1)

            def reshape(alive: Alive) -> None:
                changed = trail.graph.weights[name].copy()
                changed[axis] = alive(ids).sum()
                trail.graph.weights[name] = changed

            trail.found.patches.append(reshape)
    trail.put(node.output[0], axis, ids)
    return True


def _reshaped(old: tuple[int, ...], new: tuple[int, ...], axis: int, ids: Ids) -> tuple[Any, Ids]:
    """Return the new axis that holds all channels, and its units; None when there is no such axis."""
    before, behind = math.prod(old[:axis]), math.prod(old[axis + 1 :])
    for place, size in enumerate(new):
        new_before, new_behind = math.prod(new[:place]), math.prod(new[place + 1 :])
        if before % new_before or behind % new_behind or size < len(ids):
            continue
        spread, times = behind // new_behind, before // new_before
        if size == times * len(ids) * spread:
            return place, np.tile(np.repeat(ids, spread), times)
    return None, ids


def _reduce(trail: Trail, node: onnx.NodeProto) -> bool:
    """Means and the like over other axes than the channels'."""
    known = trail.channels(node.input[0])
    axes = trail.graph.constant(node, 1)
    listed = attribute(node, "axes") if axes is None else axes
    if known is None or listed is None:
        return False
    rank = trail.rank(node.input[0])
    gone = {int(axis) % rank for axis in listed}
    if known.axis in gone:
        return False
    shift = 0 if attribute(node, "keepdims", 1) else sum(axis < known.axis for axis in gone)
    trail.put(node.output[0], known.axis - shift, known.ids)
    return True


RULES: Final[dict[str, Callable[[Trail, onnx.NodeProto], bool]]] = {
    "Pad": _pad,
    "Concat": _concat,
    "Slice": _slice,
    "Transpose": _transpose,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2"), _reduce),
}
