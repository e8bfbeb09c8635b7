"""The stages from an entry to an artefact: nothing is cut unless told, what is cut too far is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

from edgewise.models import catalogue, gate
from edgewise.models.lock import Choice
from edgewise.models.pipeline import Pipeline
from edgewise.models.prune import prune
from tests.unit.models.own_model import write_example


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_example(tmp_path / "catalogue")


def test_a_choice_that_keeps_all_changes_no_byte(ring: Path) -> None:
    pipeline = Pipeline(catalogue.load(ring), ring, say=print)
    assert pipeline.pruned(Choice(keep=1)) == pipeline.body


def test_variants_are_smaller_the_less_is_kept(ring: Path) -> None:
    pipeline = Pipeline(catalogue.load(ring), ring, say=print)
    sizes = [len(pipeline.variant(Choice(keep=keep)).artefact) for keep in (1, 0.6, 0.3)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 2


def test_units_are_ranked_once_for_all_cuts(ring: Path) -> None:
    said: list[str] = []
    pipeline = Pipeline(catalogue.load(ring), ring, say=said.append)
    cuts = [pipeline.pruned(Choice(keep=keep)) for keep in (0.6, 0.3)]
    assert sum(line.startswith("ranking") for line in said) == 1
    # AND each cut is what pruning alone makes, whatever was cut before
    body, samples = onnx.load_from_string(pipeline.body), pipeline.calibration
    for keep, content in zip((0.6, 0.3), cuts, strict=True):
        assert prune(body, samples, keep=keep).SerializeToString(deterministic=True) == content


def test_an_interrupted_build_goes_on_where_it_was(ring: Path) -> None:
    entry: Any = catalogue.load(ring)
    choice = Choice(keep=0.5)

    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            return getattr(entry, name)

        def finish(self, body: onnx.ModelProto, *, say: Any) -> bytes:
            raise KeyboardInterrupt

    # GIVEN a build that ended after quantisation
    cut_off: Any = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        Pipeline(cut_off, ring, say=print).variant(choice)
    # WHEN it is started again THEN it neither converts nor prunes
    said: list[str] = []
    artefact = Pipeline(entry, ring, say=said.append).variant(choice).artefact
    assert said == []
    # AND it is what a build in one go makes
    other = ring.rename(ring.parent / "again")
    assert Pipeline(entry, other, say=said.append).variant(choice).artefact == artefact
    assert any("pruning to 50%" in line for line in said)


def test_a_model_pruned_to_a_tenth_is_refused_with_the_numbers() -> None:
    # GIVEN the small face network with a tenth of its weights, as good as repair makes it
    folder = catalogue.folder_of("face-match-small")
    entry = catalogue.load(folder)
    pipeline = Pipeline(entry, folder, say=print)
    fp32, small = (pipeline.variant(choice).artefact for choice in (None, Choice(keep=0.1)))
    # WHEN it faces the gate THEN it is refused
    with pytest.raises(gate.GateError, match=r"face-match-small: .*loses \d+\.\d\d points .*upper bound.*allowed: 1"):
        gate.check(
            entry.recipe.name,
            entry.recipe.budgets,
            fp32=gate.Measured(size_bytes=len(fp32), judged=pipeline.judged(fp32, "test")),
            shipped=gate.Measured(size_bytes=len(small), judged=pipeline.judged(small, "test")),
        )
