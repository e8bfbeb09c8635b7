"""Choose the score from which on the answer is yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A threshold is a multiple of 1/200 or halfway between two: coarse enough that the last bits of a float sum, which
# differ between CPUs, don't move it.
_STEPS: Final = 200


def choose(scores: NDArray[np.float32], is_positive: NDArray[np.bool_]) -> float:
    """Return the threshold that parts positives from negatives best.

    Parameters
    ----------
    scores : array
        float32 [n], each from 0 to 1.
    is_positive : array
        bool [n]: what each one should be.

    Returns
    -------
    float
        The middle of the thresholds with the best balanced accuracy, where ``score >= threshold`` is positive.

    Raises
    ------
    ValueError
        When one of the two classes is empty.
    """
    positives, negatives = np.sort(scores[is_positive]), np.sort(scores[~is_positive])
    if not len(positives) or not len(negatives):
        raise ValueError(f"{len(positives)} positive, {len(negatives)} negative scores: both classes are needed")
    steps = np.arange(_STEPS + 1, dtype=np.float32) / np.float32(_STEPS)
    accepted = 1 - np.searchsorted(positives, steps, side="left") / len(positives)
    refused = np.searchsorted(negatives, steps, side="left") / len(negatives)
    balanced = accepted + refused
    best = steps[balanced >= balanced.max()]
    return round(float(best[0] + best[-1]) / 2, 4)
