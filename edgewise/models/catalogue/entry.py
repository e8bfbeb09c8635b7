"""What every entry of the catalogue offers, so that one pipeline compresses, judges and packs them all.

An entry is a folder with a ``recipe.yaml`` and a module whose ``ENTRY`` is an `Entry`. The pipeline
(`edgewise.models.pipeline`) asks it for a float32 network, calibration inputs and judgements; how the network is
pruned and quantised is not the entry's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from edgewise.models.tally import Judgement, Tally, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    from edgewise.models.catalogue.recipe import Recipe

Split: TypeAlias = Literal["choice", "test"]
"""``choice``: what thresholds and the depth of the cut are chosen on. ``test``: what only the gate looks at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """How an artefact did on one split.

    Attributes
    ----------
    groups : mapping of str to Tally
        The decisions, by what stands or falls together: a person, a file, a block of rows. The bootstrap draws
        groups. Two variants judged on one split have the same groups with the same number of decisions.
    data : str
        One or two sentences for the manifest: which data, how much, how it was split.
    figures : mapping of str to float
        Further figures from 0 to 1 for the manifest, such as ``{"shipped_answers": 0.99}``.
    """

    groups: Mapping[str, Tally]
    data: str
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Balanced accuracy over all groups, 0..1."""
        return sum(self.groups.values(), Tally()).balanced_accuracy

    @property
    def judgement(self) -> Judgement:
        """The same with its 95 % interval."""
        return judge(list(self.groups.values()))


class Entry(Protocol):
    """One entry. Every method gives the same result whenever it is called; `say` takes progress lines.

    Attributes
    ----------
    recipe : Recipe
        Name, version, licence, budgets and what the model must not be used for.
    """

    @property
    def recipe(self) -> Recipe:
        """The checked recipe.yaml."""
        ...

    def body(self, *, say: Callable[[str], None]) -> onnx.ModelProto:
        """Return the float32 network to be compressed: one input, fixed shapes, opset 17, node names unique.

        What must stay as it is (a gallery, a threshold) is not part of it: `finish` adds it.
        """
        ...

    def calibration(self, *, say: Callable[[str], None]) -> Sequence[NDArray[Any]]:
        """Return inputs of `body`'s one input, from the calibration split: for pruning, repair and ranges."""
        ...

    def finish(self, body: onnx.ModelProto, *, say: Callable[[str], None]) -> bytes:
        """Return the artefact: the (compressed) body with all that turns raw bytes into answers.

        A threshold is chosen here, for this very body, on the choice split. The metadata is set by
        `edgewise.models.metadata.describe`. Serialised deterministically.
        """
        ...

    def judge(self, artefact: bytes, *, split: Split, say: Callable[[str], None]) -> Judged:
        """Return how an artefact that `finish` made does on a split."""
        ...

    def samples(self, *, say: Callable[[str], None]) -> Sequence[NDArray[Any]]:
        """Return inputs of the artefact from the test split, at least 16, in a fixed order.

        For times, and for the comparison of CPUs: no accuracy is computed of them.
        """
        ...

    def splits(self, *, say: Callable[[str], None]) -> Mapping[str, frozenset[str]]:
        """Return who or what is in each split: people, files or rows, by ``calibration``, ``choice``, ``test``.

        An entry whose body is trained by the recipe adds ``training``. The gate refuses what overlaps.
        """
        ...
