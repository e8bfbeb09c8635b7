"""The anomaly recipe and its rows: which train, calibrate, set the threshold, test."""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field, model_validator

from edgewise.models.catalogue.recipe import Recipe, Strict, read_recipe
from edgewise.models.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SENSORS: Final = 9
SPLITS: Final = ("training", "calibration", "choice", "test")
_HEADER: Final = [*(f"f{number}" for number in range(1, SENSORS + 1)), "anomaly"]

Percent = Annotated[int, Field(ge=1, le=97)]


class Percents(Strict):
    """The share of the rows in each split."""

    training: Percent
    calibration: Percent
    choice: Percent
    test: Percent

    @model_validator(mode="after")
    def _all_rows(self) -> Percents:
        total = self.training + self.calibration + self.choice + self.test
        if total != 100:
            raise ValueError(f"the four shares add up to {total}; expected 100")
        return self


class Training(Strict):
    """How the network is trained, see `edgewise.models.catalogue.anomaly.training`."""

    hidden: Annotated[int, Field(ge=1, le=256)]
    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1, le=256)]
    learning_rate: Annotated[float, Field(gt=0, le=0.1)]
    anomaly_weight: Annotated[int, Field(ge=1, le=16)]
    seed: Annotated[int, Field(ge=0)]


class AnomalyRecipe(Recipe):
    """The anomaly recipe; see recipe.yaml for why it is as it is."""

    percent: Percents
    training: Training


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """The rows of one split, in the file's order.

    Attributes
    ----------
    readings : array
        float32 [n, 9], the sensors' whole numbers.
    is_anomaly : array
        bool [n].
    lines : array
        int64 [n]: each row's number in the file, from 0.
    """

    readings: NDArray[np.float32]
    is_anomaly: NDArray[np.bool_]
    lines: NDArray[np.int64]


def recipe() -> AnomalyRecipe:
    """Return the checked recipe."""
    return read_recipe(Path(__file__).with_name("recipe.yaml"), AnomalyRecipe)


def rows(split: str, *, say: Callable[[str], None]) -> Rows:
    """Return the rows of a split.

    Parameters
    ----------
    split : {"training", "calibration", "choice", "test"}

    Raises
    ------
    edgewise.models.fetch.FetchError
        When the data can't be had.
    """
    path = fetch(recipe().sources["readings"].source(), say=say)
    table, of_split = _read(path, tuple(recipe().percent.model_dump().values()))
    (lines,) = np.nonzero(of_split == SPLITS.index(split))
    return Rows(readings=table[lines, :SENSORS].astype(np.float32), is_anomaly=table[lines, SENSORS] == 1, lines=lines)


@functools.cache
def _read(path: Path, percents: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the whole table and each row's split, as an index into `SPLITS`."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        header, *lines = csv.reader(file)
    if header != _HEADER:
        raise ValueError(f"{path.name}: columns {header}; expected {_HEADER}")
    # By the readings alone: equal readings fall into one split, whatever their labels.
    places = [hashlib.sha256(",".join(line[:SENSORS]).encode()).digest()[:4] for line in lines]
    percent = np.asarray([int.from_bytes(place, "big") % 100 for place in places])
    return np.asarray(lines, dtype=np.int64), np.searchsorted(np.cumsum(percents), percent, side="right")
