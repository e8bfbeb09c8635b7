"""The lock of an entry, ``compressed.yaml``: what the search decided, and what was measured of it.

A search takes minutes; a build from the lock takes seconds and must reach the same digest. `edgewise compress`
searches anew and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from edgewise.models.catalogue.recipe import Strict, Text
from edgewise.models.kinds import Kind
from edgewise.models.stages import LOCK_FILE, write

if TYPE_CHECKING:
    from pathlib import Path

Share = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class LockError(ValueError):
    """A compressed.yaml that can't be used; the text says what to do."""


class Choice(Strict):
    """How a network is made small; all that the build needs to know.

    Attributes
    ----------
    keep : float
        Share of the prunable weights that stay; 1 prunes nothing.
    criterion : {"reconstruction", "magnitude"}
        What ranks the units, see `edgewise.models.prune`.
    repair : bool
        Whether the next layer's weights are fitted anew after a cut.
    kind : Kind
        How weights are quantised, see `edgewise.models.quantise`.
    exclude : tuple of str
        Nodes that stay in float32.
    """

    keep: Annotated[float, Field(gt=0, le=1)] = 1.0
    criterion: Literal["reconstruction", "magnitude"] = "reconstruction"
    repair: bool = True
    kind: Kind = "u8s8_reduced"
    exclude: Annotated[tuple[Text, ...], Field(strict=False)] = ()


class Candidate(Strict):
    """One measured variant of the search.

    Attributes
    ----------
    choice : Choice
        How it was made.
    bytes : int
        The artefact's size.
    choice_accuracy, test_accuracy : float
        Balanced accuracy on the split that the search looks at, and on the held-out one (only reported).
    """

    choice: Choice
    bytes: Annotated[int, Field(gt=0)]
    choice_accuracy: Share
    test_accuracy: Share


class Evidence(Strict):
    """What was measured when the lock was written; times depend on the machine, the rest does not.

    Attributes
    ----------
    fp32_bytes, int8_bytes, shipped_bytes : int
        Sizes of the three artefacts: float32, quantised only, pruned and quantised.
    fp32, int8, shipped : tuple of float
        Balanced accuracy on the test split: low end of the 95 % interval, estimate, high end.
    loss_points, loss_upper_points : float
        What the shipped variant loses against float32, and the bootstrap's 95 % upper bound of it, in points.
    fp32_ms, int8_ms, shipped_ms : float
        Median CPU milliseconds of one answer, on one thread, the three in turns in one run.
    machine : str
        What they were measured on.
    emulated : str
        What came out on an emulated CPU without AVX512-VNNI.
    data : str
        What the accuracy was measured on.
    sensitivity : mapping of str to float
        Relative error of the output when only that node is quantised.
    candidates : tuple of Candidate
        All that the search measured.
    """

    fp32_bytes: int
    int8_bytes: int
    shipped_bytes: int
    fp32: Annotated[tuple[Share, Share, Share], Field(strict=False)]
    int8: Annotated[tuple[Share, Share, Share], Field(strict=False)]
    shipped: Annotated[tuple[Share, Share, Share], Field(strict=False)]
    loss_points: float
    loss_upper_points: float
    fp32_ms: float
    int8_ms: float
    shipped_ms: float
    machine: Text
    emulated: Text
    data: Text
    sensitivity: dict[str, float]
    candidates: Annotated[tuple[Candidate, ...], Field(strict=False)]


class Lock(Strict):
    """A compressed.yaml.

    Attributes
    ----------
    recipe : str
        The version of the recipe that it belongs to.
    choice : Choice
        What the search decided.
    digest : str
        Of the artefact that a build from `choice` must reach.
    evidence : Evidence
        What was measured.
    """

    recipe: Text
    choice: Choice
    digest: Digest
    evidence: Evidence


def read_lock(folder: Path) -> Lock:
    """Read and check an entry's lock.

    Raises
    ------
    LockError
        When there is none, or it is none; names each bad key.
    """
    path = folder / LOCK_FILE
    name = f"{folder.name}/{LOCK_FILE}"
    advice = f"`edgewise compress {folder.name.replace('_', '-')} --update` writes it"
    try:
        return Lock.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LockError(f"{name}: missing; {advice}") from None
    except yaml.YAMLError as error:
        raise LockError(f"{name}: not YAML: {error}; {advice}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors()]
        raise LockError(f"{name}: {'; '.join(lines)}; {advice}") from None


def write_lock(folder: Path, lock: Lock) -> None:
    """Write an entry's lock."""
    name = folder.name.replace("_", "-")
    head = f"# Written by `edgewise compress {name} --update`, like a lock file. Don't edit it by hand.\n"
    text = yaml.safe_dump(lock.model_dump(mode="json"), sort_keys=False, width=120)
    write(folder / LOCK_FILE, (head + text).encode())
