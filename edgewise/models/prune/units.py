"""Units: the channels and neurons that can only be removed together, wherever in the graph they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

Ids: TypeAlias = NDArray[np.int64]
"""Unit numbers, one for each channel of a tensor's axis."""


class Units:
    """Disjoint sets of channels (union by the smaller number, so that the outcome has one order)."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._pinned: set[int] = set()

    @property
    def count(self) -> int:
        """How many unit numbers there are."""
        return len(self._parents)

    def fresh(self, count: int) -> Ids:
        """Return new units."""
        first = len(self._parents)
        self._parents.extend(range(first, first + count))
        return np.arange(first, first + count, dtype=np.int64)

    def join(self, ones: Ids, others: Ids) -> None:
        """Make each pair one unit."""
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            low, high = sorted((self._root(one), self._root(other)))
            self._parents[high] = low

    def pin(self, ids: Ids) -> None:
        """Keep these units whatever happens."""
        self._pinned.update(ids.tolist())

    def roots(self, ids: Ids) -> Ids:
        """Return the number that stands for each unit."""
        return np.asarray([self._root(unit) for unit in ids.tolist()], dtype=np.int64)

    def pinned(self) -> Ids:
        """Return the units that must stay."""
        return np.unique(self.roots(np.asarray(sorted(self._pinned), dtype=np.int64)))

    def _root(self, unit: int) -> int:
        while self._parents[unit] != unit:
            self._parents[unit] = self._parents[self._parents[unit]]
            unit = self._parents[unit]
        return unit


@dataclass(frozen=True, slots=True)
class Channels:
    """Which axis of a tensor holds units, and which units."""

    axis: int
    ids: Ids


@dataclass(frozen=True, slots=True)
class Link:
    """An axis of a weight that shrinks with units."""

    weight: str
    axis: int
    ids: Ids


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A node that multiplies its input with a matrix: it reads units, and makes units.

    Attributes
    ----------
    node : onnx.NodeProto
        Conv, Gemm, MatMul or LSTM.
    weight : str
        Its constant.
    bias : str or None
        The constant added to each output channel, if there is one.
    source, output : str
        Tensors: what it multiplies, and what comes out.
    read : Channels or None
        The units of `source`; None when they aren't followed.
    made : Channels or None
        The units of `output`; None for an LSTM.
    """

    node: onnx.NodeProto
    weight: str
    bias: str | None
    source: str
    output: str
    read: Channels | None
    made: Channels | None


Alive: TypeAlias = "Callable[[Ids], NDArray[np.bool_]]"
"""Says of each unit number whether it stays."""


@dataclass(slots=True)
class Followed:
    """What following the channels through a graph found.

    Attributes
    ----------
    units : Units
        All of them.
    channels : dict
        Of each tensor that holds units.
    links : list of Link
        Every weight's axis that shrinks.
    layers : list of Layer
        In the graph's order.
    patches : list of callable
        What else has to be changed: shapes, paddings, group counts.
    """

    units: Units = field(default_factory=Units)
    channels: dict[str, Channels] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    patches: list[Callable[[Alive], Any]] = field(default_factory=list)
