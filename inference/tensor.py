"""A tensor's type and shape: how many raw bytes a request has.

Apart from the manifest, which the edge does not read and need not import.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bytes of one element, for the tensor types whose raw bytes both edges read the same way. Strings and
# the sub-byte types have no such form.
ELEMENT_BYTES: Final[Mapping[str, int]] = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorSpec:
    """A tensor's type and fixed shape.

    Attributes
    ----------
    dtype : str
        A key of `ELEMENT_BYTES`, numpy's name.
    shape : tuple of int
        Fixed sizes of at least 1.
    """

    dtype: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """The raw tensor's size in bytes."""
        return math.prod(self.shape) * ELEMENT_BYTES[self.dtype]
