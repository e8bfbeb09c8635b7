"""Which nodes int8 hurts: each is quantised alone, and those that hurt most for their size stay in float32."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.runtime import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import onnx
    from numpy.typing import NDArray

    from edgewise.models.kinds import Kind
    from edgewise.models.quantise import Calibrated

# Relative errors of the output that quantisation may cause, tried from the left until the accuracy is good enough: what
# stays in float32 costs size and time, so nothing stays there that the accuracy doesn't ask for.
TOLERANCES: Final = (1.0, 0.3, 0.1, 0.03)
_SAMPLES: Final = 16
# CPUs differ in the last bits; a figure that is written into a lock must not.
_DIGITS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensitivity:
    """What a sweep found.

    Attributes
    ----------
    errors : dict of str to float
        By node: relative error of the output when it alone is quantised.
    weights : dict of str to int
        By node: how many weights it has.
    """

    errors: dict[str, float]
    weights: dict[str, int]

    def exclusions(self, tolerance: float) -> tuple[str, ...]:
        """Return what should stay in float32 so that the rest causes at most this relative error.

        Errors of single nodes are taken for independent, so their squares add up. The node with the largest square
        per byte that float32 costs goes first, until the root of what is left is within the tolerance.
        """
        left = dict(self.errors)
        while left and math.sqrt(sum(error**2 for error in left.values())) > tolerance:
            del left[max(left, key=lambda name: left[name] ** 2 / self.weights[name])]
        return tuple(name for name in self.errors if name not in left)


def sweep(
    body: onnx.ModelProto,
    calibrated: Calibrated,
    inputs: Sequence[NDArray[Any]],
    *,
    kind: Kind,
    say: Callable[[str], None],
) -> Sensitivity:
    """Quantise each node alone, and measure what the output loses.

    Parameters
    ----------
    body : onnx.ModelProto
        The float32 network.
    calibrated : Calibrated
        The same with its ranges.
    inputs : sequence of arrays
        Some of them are run; the calibration inputs do.
    kind : Kind
        How weights are quantised.
    say : callable
        Takes progress lines.
    """
    chosen = [inputs[index * len(inputs) // _SAMPLES] for index in range(min(_SAMPLES, len(inputs)))]
    exact = _outputs(body, chosen)
    weights = calibrated.weighted()
    errors: dict[str, float] = {}
    for number, name in enumerate(weights, 1):
        found = _outputs(calibrated.quantise(kind=kind, only=[name]), chosen)
        errors[name] = _rounded(float(np.linalg.norm(found - exact) / np.linalg.norm(exact)))
        say(f"sensitivity {number}/{len(weights)}: {name} {errors[name]:.4f}")
    return Sensitivity(errors=errors, weights=weights)


def _outputs(model: onnx.ModelProto, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """Return all outputs for all inputs, one behind the other."""
    runner = Model(model.SerializeToString())
    rows = [np.concatenate([np.ravel(value) for value in runner.run(tensor).values()]) for tensor in inputs]
    return np.asarray(rows, dtype=np.float64)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
