"""A fork's own model: the example of docs/models.md, compressed for real; and what the gate refuses of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.models import catalogue, emulated
from edgewise.models.card import render
from edgewise.models.catalogue.entry import Entry, Judged
from edgewise.models.compress import Compressor, Refused
from edgewise.models.gate import GateError
from edgewise.models.lock import read_lock
from edgewise.models.picture import rows
from edgewise.models.tally import Tally
from inference.session import Session
from tests.unit.models.own_model import write_example


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A catalogue with the example, and an empty cache but for the emulator."""
    folder = tmp_path_factory.mktemp("own")
    qemu = emulated.find_qemu(say=print)
    tools = folder / "cache" / "edgewise" / "tools"
    tools.mkdir(parents=True)
    (tools / "qemu-x86_64-static").symlink_to(qemu)
    write_example(folder / "catalogue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield folder / "catalogue"


def run(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


@pytest.fixture(scope="module")
def compressed(root: Path) -> dict[str, Any]:
    """The example, compressed by the command line."""
    done = run("compress", "ring", "--catalogue", str(root), "--update", "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["models"]
    assert isinstance(found, dict)
    return found


def test_it_is_cut_within_its_budget(root: Path, compressed: dict[str, Any]) -> None:
    lock = read_lock(root / "ring")
    assert compressed["lock"] == "written"
    assert compressed["digest"] == lock.digest
    assert lock.choice.keep < 0.6
    assert lock.choice.criterion == "reconstruction"
    assert lock.evidence.loss_points <= 1
    # magnitude alone, at the same share, loses much more
    (rival,) = [
        each
        for each in lock.evidence.candidates
        if each.choice.keep == lock.choice.keep and each.choice.criterion == "magnitude" and not each.choice.repair
    ]
    assert rival.test_accuracy < lock.evidence.shipped[1] - 0.05


def test_the_card_tells_the_locks_figures(root: Path, compressed: dict[str, Any]) -> None:
    card = (root / "ring" / "card.md").read_text()
    evidence = read_lock(root / "ring").evidence
    assert card.startswith(f"# ring\nTells whether a point lies on a ring. Recipe 1, `{compressed['digest']}`.")
    assert f"{evidence.shipped[1]:.2%} ({evidence.shipped[0]:.2%} to {evidence.shipped[2]:.2%})" in card
    told = "gains" if evidence.loss_points < 0 else "loses"
    assert f"It {told} {abs(evidence.loss_points):.2f} points" in card
    assert evidence.machine in card
    assert "## Not for\n- Anything but showing how an entry is written." in card
    assert (root / "ring" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_gain_is_called_a_gain(root: Path, compressed: dict[str, Any]) -> None:
    lock, recipe = read_lock(root / "ring"), catalogue.load(root / "ring").recipe
    gained = lock.model_copy(update={"evidence": lock.evidence.model_copy(update={"loss_points": -0.654})})
    assert "It gains 0.65 points over float32 (95 % upper bound of the loss" in render(recipe, gained)


def test_the_card_tells_the_recipes_caveats(root: Path, compressed: dict[str, Any]) -> None:
    lock, recipe = read_lock(root / "ring"), catalogue.load(root / "ring").recipe
    assert "## Caveats" not in render(recipe, lock)
    caveats = ("Its score was tried out with the test split in view.", "Few people.")
    card = render(recipe.model_copy(update={"caveats": caveats}), lock)
    assert f"## Caveats\n- {caveats[0]}\n- {caveats[1]}\n\n## Not for\n" in card


def test_another_budget_is_held_to_at_once_and_builds_nothing(root: Path, compressed: dict[str, Any]) -> None:
    path = root / "ring" / "recipe.yaml"
    text = path.read_text()
    catalogue.ensure("ring", say=print, root=root)
    path.write_text(text.replace("min_accuracy: 0.9,", "min_accuracy: 0.999,"))
    said: list[str] = []
    try:
        with pytest.raises(GateError, match=r"at least 99\.90% is demanded"):
            catalogue.ensure("ring", say=said.append, root=root)
    finally:
        path.write_text(text)
    assert said == ["building ring"]


def test_the_picture_shows_every_variant_of_the_shipped_kind(root: Path, compressed: dict[str, Any]) -> None:
    lock = read_lock(root / "ring")
    points = rows(lock)
    assert len(points) == 1 + sum(each.choice.kind == lock.choice.kind for each in lock.evidence.candidates)
    assert {point["curve"] for point in points} == {
        "float32",
        "reconstruction, repaired",
        "magnitude, repaired",
        "magnitude alone",
    }
    shipped = (lock.evidence.shipped_bytes / 1000, lock.evidence.shipped[1] * 100)
    assert shipped in [(point["kb"], point["accuracy"]) for point in points]


def test_a_build_from_the_lock_reaches_the_digest(
    root: Path, compressed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN another, empty cache
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # WHEN the model is built from the lock THEN it is the same file, and it answers at the edge
    artefact = catalogue.ensure("ring", digest=compressed["digest"], say=print, root=root)
    assert artefact.digest == compressed["digest"]
    assert artefact.manifest.accuracy["int8"] == pytest.approx(read_lock(root / "ring").evidence.shipped[1], abs=1e-6)
    session = Session(artefact.path.read_bytes())
    assert list(session.run(bytes(8))) == ["on_ring"]


def test_compressed_again_nothing_differs(root: Path, compressed: dict[str, Any]) -> None:
    done = run("compress", "ring", "--catalogue", str(root), "--json")
    assert done.exit_code == 0, done.output
    (again,) = json.loads(done.stdout)["models"]
    assert (again["lock"], again["digest"]) == ("same", compressed["digest"])


def test_a_lock_that_says_otherwise_is_told(root: Path, compressed: dict[str, Any]) -> None:
    path = root / "ring" / "compressed.yaml"
    text = path.read_text()
    path.write_text(text.replace(compressed["digest"], "sha256:" + "1" * 64))
    try:
        done = run("compress", "ring", "--catalogue", str(root))
        assert done.exit_code == 1
        assert "ring: the search found another model than the lock says" in done.stderr
        with pytest.raises(catalogue.CatalogueError, match=f"builds {compressed['digest']}, the lock says sha256:1111"):
            catalogue.ensure("ring", say=print, root=root)
    finally:
        path.write_text(text)


def test_models_lists_it(root: Path, compressed: dict[str, Any]) -> None:
    (found,) = json.loads(run("models", "--catalogue", str(root), "--json").stdout)["models"]
    assert found["name"] == "ring"
    assert found["digest"] == compressed["digest"]
    assert found["shipped_bytes"] < found["fp32_bytes"]
    assert "ring" in run("models", "--catalogue", str(root)).stdout


class Changed:
    """The example with another judge or other splits."""

    def __init__(self, entry: Entry, **changed: Any) -> None:
        self._entry = entry
        self._changed = changed

    def __getattr__(self, name: str) -> Any:
        return self._changed.get(name) or getattr(self._entry, name)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the emulated run out: these are refused before it."""
    monkeypatch.setattr(emulated, "check", lambda *_, **__: pytest.fail("the gate let it pass"))


def test_shuffled_labels_are_refused(root: Path, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a judge whose labels say nothing of the points: half of each kind is right whatever the model does
    def judge(artefact: bytes, *, split: str, say: Any) -> Judged:
        groups = {str(block): Tally(genuine=40, accepted=20, impostors=60, refused=30) for block in range(20)}
        return Judged(groups=groups, data="shuffled")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    entry: Any = Changed(catalogue.load(root / "ring"), judge=judge)
    # WHEN it is compressed THEN nothing is lost, and yet no variant passes
    with pytest.raises(Refused, match=r"balanced accuracy is 50\.00%, .*at least 90\.00% is demanded") as caught:
        Compressor(entry, root / "ring", say=print).run()
    assert len(caught.value.digests) > 1


def test_calibration_that_overlaps_the_test_set_is_refused(root: Path) -> None:
    ring = catalogue.load(root / "ring")

    def splits(*, say: Any) -> Mapping[str, frozenset[str]]:
        found = dict(ring.splits(say=say))
        return found | {"calibration": found["calibration"] | set(sorted(found["test"])[:7])}

    entry: Any = Changed(ring, splits=splits)
    with pytest.raises(GateError, match="ring: the splits 'calibration' and 'test' share 7"):
        Compressor(entry, root / "ring", say=print).run()


def test_a_stack_that_pins_what_was_refused_is_told_why(root: Path, compressed: dict[str, Any]) -> None:
    refused = "sha256:" + "2" * 64
    catalogue.refuse(refused, "ring: the gate refuses this model: it loses 4.20 points")
    with pytest.raises(catalogue.CatalogueError, match=r"pins sha256:2+, which was refused\. .*it loses 4\.20 points"):
        catalogue.ensure("ring", digest=refused, say=print, root=root)


@pytest.mark.parametrize(
    ("module", "message"),
    [("", r"ring/__init__\.py: no ENTRY"), (None, r"no __init__\.py")],
)
def test_a_folder_without_an_entry_is_refused(tmp_path: Path, module: str | None, message: str) -> None:
    folder = write_example(tmp_path)
    (folder / "__init__.py").unlink()
    if module is not None:
        (folder / "__init__.py").write_text(module)
    with pytest.raises(catalogue.CatalogueError, match=message):
        catalogue.load(folder)


def test_a_recipe_of_another_name_is_refused(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    folder = folder.rename(tmp_path / "circle")
    with pytest.raises(catalogue.CatalogueError, match="name 'ring'; the folder says 'circle'"):
        catalogue.load(folder)


def test_compress_wants_a_name(root: Path) -> None:
    done = run("compress", "--catalogue", str(root))
    assert done.exit_code == 2
    assert "give a catalogue name, or --all" in done.stderr
