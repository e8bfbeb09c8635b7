"""Following channels through operators that treat each number, or each channel, by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from edgewise.models.prune.follow import Trail


def _same(trail: Trail, node: onnx.NodeProto) -> bool:
    """Follow what comes out in the shape of what goes in."""
    known = trail.channels(node.input[0])
    if known is None or any(trail.channels(name) for name in node.input[1:]):
        return False
    trail.put(node.output[0], known.axis, known.ids)
    return True


def _per_channel(trail: Trail, node: onnx.NodeProto) -> bool:
    """All further inputs are constants with one number a channel."""
    known = trail.channels(node.input[0])
    names = node.input[1:]
    if known is None or known.axis != 1 or any(name not in trail.graph.weights for name in names):
        return False
    trail.put(node.output[0], 1, known.ids)
    for name in names:
        trail.link(name, 0, known.ids)
    return True


def _window(trail: Trail, node: onnx.NodeProto) -> bool:
    """Pools: what isn't a batch or channel axis shrinks."""
    known = trail.channels(node.input[0])
    if known is None or known.axis > 1 or any(node.output[1:]):
        return False
    trail.put(node.output[0], known.axis, known.ids)
    return True


def _broadcast(trail: Trail, node: onnx.NodeProto) -> bool:
    """Add and its like: constants shrink along, two tensors share their units."""
    rank = trail.rank(node.output[0])
    followed = [name for name in node.input if trail.channels(name) is not None]
    places = {trail.channels(name).axis - trail.rank(name) for name in followed}  # type: ignore[union-attr]  # above
    if len(places) != 1:
        return False
    (from_end,) = places
    size = trail.graph.shapes[node.output[0]][from_end]
    first = trail.channels(followed[0])
    if first is None or len(first.ids) != size:
        return False
    for name in node.input:
        known = trail.channels(name)
        if known is not None:
            if len(known.ids) != size:
                return False
            trail.found.units.join(first.ids, known.ids)
            continue
        constant = trail.graph.weights.get(name)
        shape = constant.shape if constant is not None else trail.graph.shapes[name]
        if len(shape) < -from_end or shape[from_end] == 1:
            continue
        if constant is None:
            return False
        trail.link(name, len(shape) + from_end, first.ids)
    trail.put(node.output[0], rank + from_end, first.ids)
    return True


_UNARY: Final = (
    *("Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Softplus"),
    *("Softsign", "ThresholdedRelu", "Mish", "Gelu", "Clip", "Erf", "Exp", "Log", "Neg", "Abs", "Sqrt", "Reciprocal"),
    *("Identity", "Dropout", "Cast", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos"),
)
_BINARY: Final = ("Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Min", "Max", "Sum", "Mean")
_POOLS: Final = ("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")

RULES: Final[dict[str, Callable[[Trail, onnx.NodeProto], bool]]] = {
    **dict.fromkeys(_UNARY, _same),
    **dict.fromkeys(_BINARY, _broadcast),
    **dict.fromkeys(_POOLS, _window),
    "BatchNormalization": _per_channel,
    "InstanceNormalization": _per_channel,
}
