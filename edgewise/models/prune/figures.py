"""Figures as they are compared: without the last digits, in which linear algebra libraries differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Matrix = NDArray[np.float64]

_DIGITS: Final = 6


def compared(figures: ArrayLike) -> Matrix:
    """Round to 6 significant digits: what is told apart by less counts as equal, and the first of equals is taken.

    Libraries solve the same equations to about 1e-13 on each kind of CPU.
    """
    values = np.asarray(figures, dtype=np.float64)
    usable = np.isfinite(values) & (values != 0)
    exponent = np.floor(np.log10(np.abs(values), where=usable, out=np.zeros_like(values)))
    scale = 10.0 ** (_DIGITS - 1 - np.clip(exponent, -290, 290))
    return np.where(usable, np.round(values * scale) / scale, values)


def on_places(matrix: NDArray[Any], places: int, *, axis: int | None = None) -> Matrix:
    """Round to a power of two, ``places`` binary places below the largest number (of each line along an axis)."""
    largest = np.abs(matrix).max(axis=axis, keepdims=True, initial=0.0)
    _, exponent = np.frexp(largest)
    exact = matrix.astype(np.float64)
    return np.asarray(np.ldexp(np.round(np.ldexp(exact, places - exponent)), exponent - places))
