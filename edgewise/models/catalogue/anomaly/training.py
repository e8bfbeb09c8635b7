"""Train a small network so that every machine arrives at the very same weights.

A float sum depends on its order, and the order on the CPU and the number of threads; training blows the difference up.
So whatever is multiplied and summed here is rounded to a grid before: a multiple of a power of two, with so few bits
that every product and every sum of them is exact in float64 (53 bits), in any order. What is left are single additions,
divisions and square roots, which IEEE 754 defines to the last bit. The loss is the squared hinge: it needs no
exponential, whose last bits differ between libraries.

Bits, at most 256 hidden units and 256 rows a batch: 8 + 7 for a unit's value, 12 + 3 for a weight, 14 + 5 for a
gradient and 8 for the sum: 42.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgewise.models.catalogue.anomaly.data import Training

Array: TypeAlias = NDArray[np.float64]

# Normalised readings are cut off here: a few rows lie thousands of scales away, and would leave int8 no steps for
# the rest.
CLIP: Final = 8.0
# The share of the rows on each side that does not count for a sensor's scale.
_TAIL: Final = 0.02
# Adam's usual decay rates (Kingma and Ba, 2015).
_MEAN_DECAY: Final = 0.9
_SQUARE_DECAY: Final = 0.999
_LEAST_STEP: Final = 1e-5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scaling:
    """What brings raw readings to about -1..1.

    Attributes
    ----------
    middle, scale : array
        float64 [9]: whole numbers, and powers of two, so that the division is exact.
    """

    middle: Array
    scale: Array

    def apply(self, readings: NDArray[np.float32]) -> Array:
        """Return the normalised readings, float64, within `CLIP`."""
        scaled: Array = np.clip((readings - self.middle) / self.scale, -CLIP, CLIP)
        return scaled


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Weights:
    """A trained network: matrices [inputs, outputs] and biases, of three layers, on the grid of 2**-12."""

    matrices: tuple[Array, ...]
    biases: tuple[Array, ...]


def scaling(readings: NDArray[np.float32]) -> Scaling:
    """Choose middle and scale of each sensor: the median, and a fourth of the spread without its tails."""
    low, middle, high = np.quantile(readings, [_TAIL, 0.5, 1 - _TAIL], axis=0, method="lower").astype(np.float64)
    scale = 2.0 ** np.rint(np.log2(np.maximum((high - low) / 4, 1)))
    return Scaling(middle=middle, scale=scale)


def train(inputs: Array, is_anomaly: NDArray[np.bool_], settings: Training, *, say: Callable[[str], None]) -> Weights:
    """Train by Adam on the squared hinge loss, with a learning rate that falls to nothing.

    Parameters
    ----------
    inputs : array
        float64 [n, sensors], normalised.
    is_anomaly : array
        bool [n].
    settings : Training
        The recipe's.
    say : callable
        Takes progress lines.
    """
    draw = np.random.Generator(np.random.PCG64(settings.seed))
    network = _Network([inputs.shape[1], settings.hidden, settings.hidden, 1], draw)
    inputs = _grid(inputs, 8, CLIP)
    wanted = np.where(is_anomaly, 1.0, -1.0)
    weight = np.where(is_anomaly, float(settings.anomaly_weight), 1.0)
    batches = len(inputs) // settings.batch
    total = settings.epochs * batches
    for epoch in range(settings.epochs):
        order = draw.permutation(len(inputs))[: batches * settings.batch].reshape(batches, settings.batch)
        for number, batch in enumerate(order):
            done = (epoch * batches + number + 1) / total
            rate = settings.learning_rate * (1 - done) + _LEAST_STEP
            network.learn(inputs[batch], wanted[batch], weight[batch], rate)
        say(f"training: {epoch + 1} of {settings.epochs} rounds")
    return network.weights()


class _Network:
    """Three layers with their gradients and Adam's moments."""

    def __init__(self, sizes: Sequence[int], draw: np.random.Generator) -> None:
        pairs = list(itertools.pairwise(sizes))
        # Uniform, with He's variance of 2 / inputs: it needs no logarithm.
        self._exact = [draw.uniform(-1, 1, size=pair) * np.sqrt(6 / pair[0]) for pair in pairs]
        self._exact += [np.zeros(outputs) for _, outputs in pairs]
        self._layers = len(pairs)
        self._mean = [np.zeros_like(each) for each in self._exact]
        self._square = [np.zeros_like(each) for each in self._exact]
        self._steps = 0
        self._round()

    def weights(self) -> Weights:
        return Weights(matrices=tuple(self._matrices), biases=tuple(self._biases))

    def learn(self, inputs: Array, wanted: Array, weight: Array, rate: float) -> None:
        """Take one step on one batch."""
        margin, values = self._forward(inputs)
        missing = np.maximum(0, 1 - margin * wanted)
        gradient = _grid((-2 * missing * wanted * weight)[:, None], 10, 64)
        by_matrix: list[Array] = []
        by_bias: list[Array] = []
        for layer in reversed(range(self._layers)):
            by_matrix.insert(0, values[layer].T @ gradient / len(inputs))
            by_bias.insert(0, gradient.sum(axis=0) / len(inputs))
            if layer:
                gradient = _grid((gradient @ self._matrices[layer].T) * (values[layer] > 0), 14, 32)
        self._step(by_matrix + by_bias, rate)

    def _forward(self, inputs: Array) -> tuple[Array, list[Array]]:
        values = [inputs]
        for matrix, bias in zip(self._matrices[:-1], self._biases[:-1], strict=True):
            values.append(_grid(np.maximum(values[-1] @ matrix + bias, 0), 8, 128))
        return (values[-1] @ self._matrices[-1] + self._biases[-1])[:, 0], values

    def _step(self, gradients: list[Array], rate: float) -> None:
        self._steps += 1
        mean_bias, square_bias = 1 - _MEAN_DECAY**self._steps, 1 - _SQUARE_DECAY**self._steps
        for index, gradient in enumerate(gradients):
            self._mean[index] = _MEAN_DECAY * self._mean[index] + (1 - _MEAN_DECAY) * gradient
            self._square[index] = _SQUARE_DECAY * self._square[index] + (1 - _SQUARE_DECAY) * gradient * gradient
            step = (self._mean[index] / mean_bias) / (np.sqrt(self._square[index] / square_bias) + 1e-8)
            self._exact[index] = self._exact[index] - rate * step
        self._round()

    def _round(self) -> None:
        rounded = [_grid(each, 12, 8) for each in self._exact]
        self._matrices, self._biases = rounded[: self._layers], rounded[self._layers :]


def _grid(values: Array, bits: int, limit: float) -> Array:
    """Round to multiples of ``2**-bits``, within the limit."""
    rounded: Array = np.clip(np.rint(values * 2.0**bits) * 2.0**-bits, -limit, limit)
    return rounded
