"""From an entry to an artefact: body, pruned, quantised, finished, judged; each stage kept by content."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import onnx

from edgewise.models.catalogue.entry import Judged
from edgewise.models.cleanup import clean
from edgewise.models.prune import Criterion, Prepared
from edgewise.models.quantise import Calibrated
from edgewise.models.stages import Stages, short_digest
from edgewise.models.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgewise.models.catalogue.entry import Entry, Split
    from edgewise.models.lock import Choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """An artefact and the choice that made it; None for float32."""

    choice: Choice | None
    artefact: bytes


class Pipeline:
    """One entry's stages.

    Parameters
    ----------
    entry : Entry
        What is to be compressed.
    folder : Path
        Its folder.
    say : callable
        Takes progress lines.
    """

    def __init__(self, entry: Entry, folder: Path, *, say: Callable[[str], None]) -> None:
        self.entry = entry
        self.stages = Stages(folder)
        self._say = say
        # The ranking takes most of the time and does not depend on how much is kept: one for all cuts.
        self._prepared: dict[Criterion, Prepared] = {}

    @cached_property
    def body(self) -> bytes:
        """The float32 network, cleaned up: constants folded, dead nodes dropped."""

        def make() -> bytes:
            self._say(f"{self.entry.recipe.name}: converting and cleaning up")
            return _serialised(clean(self.entry.body(say=self._say)))

        return self.stages.bytes("body", {}, make)

    @cached_property
    def calibration(self) -> Sequence[NDArray[Any]]:
        """The calibration inputs."""
        return self.entry.calibration(say=self._say)

    def pruned(self, choice: Choice) -> bytes:
        """Return the network with `choice`'s share of its weights; the very same bytes when nothing goes."""
        if choice.keep == 1:
            return self.body

        def make() -> bytes:
            self._say(f"{self.entry.recipe.name}: pruning to {choice.keep:.0%} of the weights by {choice.criterion}")
            return _serialised(self._ranked(choice.criterion).cut(choice.keep, repair=choice.repair))

        wanted = {"keep": choice.keep, "criterion": choice.criterion, "repair": choice.repair}
        return self.stages.bytes("pruned", {"of": short_digest(self.body), **wanted}, make)

    def _ranked(self, criterion: Criterion) -> Prepared:
        if criterion not in self._prepared:
            body = onnx.load_from_string(self.body)
            self._prepared[criterion] = Prepared(body, self.calibration, criterion, say=self._say)
        return self._prepared[criterion]

    def variant(self, choice: Choice | None) -> Variant:
        """Return a finished artefact: float32 without a choice, else pruned and quantised as it says."""
        if choice is None:
            of = self.body
            small = of
        else:
            of = self.pruned(choice)
            small = self._quantised(of, choice)

        def make() -> bytes:
            return self.entry.finish(onnx.load_from_string(small), say=self._say)

        artefact = self.stages.bytes("finished", {"of": short_digest(small)}, make)
        return Variant(choice=choice, artefact=artefact)

    def _quantised(self, network: bytes, choice: Choice) -> bytes:
        def make() -> bytes:
            calibrated = Calibrated(onnx.load_from_string(network), self.calibration)
            return _serialised(calibrated.quantise(kind=choice.kind, exclude=choice.exclude))

        wanted = {"kind": choice.kind, "exclude": sorted(choice.exclude)}
        return self.stages.bytes("quantised", {"of": short_digest(network), **wanted}, make)

    def judged(self, artefact: bytes, split: Split) -> Judged:
        """Return how an artefact does on a split."""

        def make() -> dict[str, Any]:
            return asdict(self.entry.judge(artefact, split=split, say=self._say))

        found = self.stages.json("judged", {"of": short_digest(artefact), "split": split}, make)
        groups = {name: Tally(**counts) for name, counts in found.pop("groups").items()}
        return Judged(groups=groups, **found)


def _serialised(model: onnx.ModelProto) -> bytes:
    content: bytes = model.SerializeToString(deterministic=True)
    return content
