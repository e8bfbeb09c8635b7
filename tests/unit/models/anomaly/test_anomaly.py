"""The entry anomaly: its rows, a training that every machine repeats to the bit, its graph, what is shipped."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgewise.models import catalogue, gate
from edgewise.models.catalogue.anomaly import ENTRY, data, network, training
from edgewise.models.catalogue.anomaly.data import AnomalyRecipe
from edgewise.models.catalogue.recipe import RecipeError, read_recipe
from edgewise.models.runtime import Model
from edgewise.paths import PROJECT_ROOT
from inference.session import Session

PROBE = Path(__file__).with_name("blas_probe.py")
RECIPE = Path(data.__file__).with_name("recipe.yaml")


@pytest.fixture(scope="module")
def small() -> tuple[training.Scaling, training.Weights]:
    """Train a small network for a moment."""
    rows = data.rows("training", say=print)
    settings = ENTRY.recipe.training.model_copy(update={"hidden": 16, "epochs": 1})
    scaling = training.scaling(rows.readings)
    return scaling, training.train(scaling.apply(rows.readings), rows.is_anomaly, settings, say=print)


def test_no_row_serves_twice() -> None:
    splits = ENTRY.splits(say=print)
    gate.check_splits("anomaly", splits)
    assert sum(map(len, splits.values())) == 49_097


def test_each_split_has_both_kinds() -> None:
    for split in data.SPLITS:
        share = data.rows(split, say=print).is_anomaly.mean()
        assert 0.06 < share < 0.09, split


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("test: 30", "test: 31", "percent: .*add up to 101; expected 100"),
        ("hidden: 256", "hidden: 257", "training.hidden: .*less than or equal to 256, got 257"),
        ("seed: 7", "seeds: 7", "training.seed: Field required.*training.seeds: Extra inputs"),
    ],
)
def test_a_bad_recipe_names_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "anomaly" / "recipe.yaml"
    path.parent.mkdir()
    text = RECIPE.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RecipeError, match=message):
        read_recipe(path, AnomalyRecipe)


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shuttle.csv.gz"
    path.write_bytes(gzip.compress(b"time,anomaly\n1,0\n"))
    with pytest.raises(ValueError, match=r"shuttle.csv.gz: columns \['time', 'anomaly'\]; expected \['f1'"):
        data._read(path, (50, 5, 15, 30))


def test_training_is_the_same_with_every_kind_of_cpu_and_number_of_threads() -> None:
    # GIVEN OpenBLAS's kernels for an old and a newer CPU, and one or two threads
    kinds = [("PRESCOTT", "1"), ("HASWELL", "1"), ("HASWELL", "2")]
    found = [
        subprocess.run(
            [sys.executable, str(PROBE)],
            env={
                **os.environ,
                "OPENBLAS_CORETYPE": kind,
                "OPENBLAS_NUM_THREADS": threads,
                "PYTHONPATH": str(PROJECT_ROOT),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for kind, threads in kinds
    ]
    # THEN a plain product differs, and the trained weights don't
    assert len({plain for _, plain in found}) > 1
    assert len({trained for trained, _ in found}) == 1


def test_the_graph_computes_what_was_trained(small: tuple[training.Scaling, training.Weights]) -> None:
    scaling, weights = small
    model = Model(network.build(scaling, weights).SerializeToString())
    rows = data.rows("test", say=print).readings[:200]
    value = scaling.apply(rows)
    for matrix, bias in zip(weights.matrices[:-1], weights.biases[:-1], strict=True):
        value = np.maximum(value @ matrix + bias, 0)
    expected = (value @ weights.matrices[-1] + weights.biases[-1])[:, 0]
    found = [float(model.run(row[None])[network.MARGIN][0, 0]) for row in rows]
    assert found == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_reading_far_out_is_an_ordinary_number(small: tuple[training.Scaling, training.Weights]) -> None:
    model = Model(network.build(*small).SerializeToString())
    for value in (-3e38, 3e38, -np.inf, np.inf):
        margin = model.run(np.full((1, 9), value, dtype=np.float32))[network.MARGIN]
        assert np.isfinite(margin).all()


def test_what_is_shipped_answers_raw_bytes() -> None:
    # GIVEN the shipped artefact, and test rows as a device sends them
    artefact = catalogue.ensure("anomaly", say=print)
    session = Session(artefact.path.read_bytes())
    rows = data.rows("test", say=print)
    threshold = float(Model(artefact.path.read_bytes()).metadata["edgewise.threshold"])
    assert session.request_bytes == 36
    # WHEN they are answered
    answers = [session.run(row.tobytes()) for row in rows.readings[:2000]]
    # THEN the decision is the score's, and nearly always right
    for answer in answers:
        assert 0 <= answer["score"] <= 1  # type: ignore[operator]  # a number
        assert answer["anomaly"] == (np.float32(answer["score"]) >= np.float32(threshold))  # type: ignore[arg-type]  # as above
    wrong = [answer["anomaly"] != wanted for answer, wanted in zip(answers, rows.is_anomaly, strict=False)]
    assert sum(wrong) <= 20
