"""The catalogue: models by name, built on this machine from pinned packages, and pinned by digest in a stack.

An entry is a folder with a ``recipe.yaml``, a module whose ``ENTRY`` is an `edgewise.models.catalogue.entry.Entry`,
and a ``compressed.yaml``, the lock: how the network is made small, and the digest that comes out. What is built is
kept in the cache by its digest, beside its manifest; what the gate refuses is not kept there, so no stack can use it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import importlib.util
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import onnx

from edgewise.models import gate
from edgewise.models.fetch import digest_of
from edgewise.models.lock import Lock, read_lock
from edgewise.models.metadata import ANSWER_KEY, NAME_KEY, RECIPE_KEY
from edgewise.models.stages import RECIPE_FILE, code_key, write
from edgewise.paths import cache_dir
from inference.manifest import Manifest, ManifestError, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from edgewise.models.catalogue.entry import Entry, Judged
    from edgewise.models.pipeline import Pipeline

CATALOGUE: Final = Path(__file__).parent


class CatalogueError(Exception):
    """A model that the catalogue can't give; the text says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """A model on disk.

    Attributes
    ----------
    path : Path
        The ONNX file, ``<hex digest>.onnx``; its manifest lies beside it, ``<hex digest>.json``.
    digest : str
        ``sha256:`` and 64 hexadecimal digits.
    manifest : Manifest
        What it is and how good it is.
    """

    path: Path
    digest: str
    manifest: Manifest


def names(root: Path = CATALOGUE) -> list[str]:
    """Return the names of all entries in a catalogue's folder, sorted."""
    return sorted(_folders(root))


def folder_of(name: str, root: Path = CATALOGUE) -> Path:
    """Return an entry's folder.

    Raises
    ------
    CatalogueError
        When there is none of that name; it says which there are.
    """
    folder = _folders(root).get(name)
    if folder is None:
        raise CatalogueError(f"model {name!r}: not in the catalogue; it has {', '.join(names(root))}")
    return folder


def load(folder: Path) -> Entry:
    """Import an entry.

    Raises
    ------
    CatalogueError
        When its module has no ``ENTRY``, or its recipe has another name than the folder.
    """
    module = importlib.import_module(f"{__name__}.{folder.name}") if folder.parent == CATALOGUE else _outside(folder)
    entry: Entry | None = getattr(module, "ENTRY", None)
    if entry is None:
        raise CatalogueError(f"{folder.name}/__init__.py: no ENTRY; see edgewise/models/catalogue/entry.py")
    if entry.recipe.name != _name(folder):
        raise CatalogueError(
            f"{folder.name}/recipe.yaml: name {entry.recipe.name!r}; the folder says {_name(folder)!r}"
        )
    return entry


def ensure(name: str, *, digest: str | None = None, say: Callable[[str], None], root: Path = CATALOGUE) -> Artefact:
    """Return a model, built first when it isn't in the cache.

    From an empty cache this fetches some 30 MB of packages and takes some tens of seconds of one core: the lock says
    what the search found, so nothing is searched.

    Parameters
    ----------
    name : str
        A catalogue name, see `names`.
    digest : str, optional
        The digest that the stack pins.
    say : callable
        Takes progress lines; called only when something is built.
    root : Path
        The catalogue's folder.

    Raises
    ------
    CatalogueError
        When there is no such name, or the artefact has another digest than the pinned or the locked one.
    edgewise.models.gate.GateError
        When the gate refuses what was built.
    edgewise.models.lock.LockError
        When the entry's lock is missing or damaged.
    edgewise.models.fetch.FetchError
        When a package can't be had.
    """
    folder = folder_of(name, root)
    lock = read_lock(folder)
    if digest is not None and digest != lock.digest:
        raise CatalogueError(_other_digest(name, pinned=digest, locked=lock.digest))
    index = cache_dir() / "models" / "built" / f"{name}-{_key(folder, lock)}"
    artefact = _read(index)
    if artefact is None:
        with _one_at_a_time(index.parent):
            artefact = _read(index) or _build(name, folder, lock, index, say)
    return artefact


def refuse(digest: str, why: str) -> None:
    """Remember that the gate refused an artefact, for whoever pins it all the same."""
    write(_refusal(digest), why.encode())


def keep(pipeline: Pipeline, artefact: bytes) -> Artefact:
    """Put an artefact that passed the gate into the cache, beside its manifest."""
    fp32 = pipeline.variant(None).artefact
    manifest = _manifest(artefact, pipeline.judged(fp32, "test"), pipeline.judged(artefact, "test"))
    path = _path(manifest.digest)
    write(path, artefact)
    write(path.with_suffix(".json"), manifest.to_json().encode())
    return Artefact(path=path, digest=manifest.digest, manifest=manifest)


def _folders(root: Path) -> dict[str, Path]:
    return {_name(file.parent): file.parent for file in sorted(root.glob("*/recipe.yaml"))}


def _name(folder: Path) -> str:
    return folder.name.replace("_", "-")


def _outside(folder: Path) -> ModuleType:
    """Import a folder that is in no package: a fork's own catalogue."""
    name = f"edgewise_catalogue_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}_{folder.name}"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not (folder / "__init__.py").is_file():
        raise CatalogueError(f"{folder}: no __init__.py; see edgewise/models/catalogue/entry.py for what it holds")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _other_digest(name: str, *, pinned: str, locked: str) -> str:
    try:
        refused = _refusal(pinned).read_text(encoding="utf-8")
    except OSError:
        return (
            f"model {name!r}: this checkout builds {locked}, the stack pins {pinned}. If the recipe or a library "
            f"changed on purpose, look at the accuracy in the model's card.md and pin the new digest; if not, check "
            "out the revision and the locked libraries that the pin was made with"
        )
    return f"model {name!r}: the stack pins {pinned}, which was refused. {refused}. This checkout builds {locked}"


def _refusal(digest: str) -> Path:
    return cache_dir() / "models" / "refused" / digest.removeprefix("sha256:")


def _key(folder: Path, lock: Lock) -> str:
    """Digest of all that decides what an entry builds, and of the budgets that it was held to."""
    text = f"{code_key(folder)} {digest_of(folder / RECIPE_FILE)} {lock.choice.model_dump_json()} {lock.digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(index: Path) -> Artefact | None:
    """Return what the index names, or None when there is nothing or a file was damaged."""
    try:
        path = _path(index.read_text(encoding="utf-8"))
        manifest = Manifest.from_json(path.with_suffix(".json").read_text(encoding="utf-8"))
        if f"sha256:{digest_of(path)}" != manifest.digest:
            return None
    except (OSError, ManifestError):
        return None
    return Artefact(path=path, digest=manifest.digest, manifest=manifest)


def _build(name: str, folder: Path, lock: Lock, index: Path, say: Callable[[str], None]) -> Artefact:
    from edgewise.models.pipeline import Pipeline

    say(f"building {name}")
    entry = load(folder)
    if lock.recipe != entry.recipe.version:
        raise CatalogueError(
            f"model {name!r}: the lock belongs to version {lock.recipe} of the recipe, which is at "
            f"{entry.recipe.version}; run `edgewise compress {name} --update`"
        )
    gate.check_splits(name, entry.splits(say=say))
    pipeline = Pipeline(entry, folder, say=say)
    fp32, small = (pipeline.variant(choice).artefact for choice in (None, lock.choice))
    found = f"sha256:{hashlib.sha256(small).hexdigest()}"
    try:
        gate.check(
            name,
            entry.recipe.budgets,
            fp32=gate.Measured(size_bytes=len(fp32), judged=pipeline.judged(fp32, "test")),
            shipped=gate.Measured(size_bytes=len(small), judged=pipeline.judged(small, "test")),
        )
    except gate.GateError as error:
        refuse(found, str(error))
        raise
    if found != lock.digest:
        raise CatalogueError(
            f"model {name!r}: this machine builds {found}, the lock says {lock.digest}. Install the locked libraries; "
            f"if the recipe or the code changed on purpose, run `edgewise compress {name} --update`"
        )
    artefact = keep(pipeline, small)
    # At last: whoever finds the index finds the rest.
    write(index, artefact.digest.encode())
    say(f"built {name}: {artefact.digest}, {artefact.manifest.bytes} bytes")
    return artefact


def _path(digest: str) -> Path:
    """Where every artefact lies, whichever recipe built it: a stack that pins an older one still finds it."""
    return cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx"


def _manifest(artefact: bytes, fp32: Judged, shipped: Judged) -> Manifest:
    """Say of an artefact what its graph and metadata say, and how it was judged."""
    model = onnx.load_from_string(artefact)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    tensor = model.graph.input[0].type.tensor_type
    judgement = shipped.judgement
    return Manifest(
        name=metadata[NAME_KEY],
        digest=f"sha256:{hashlib.sha256(artefact).hexdigest()}",
        bytes=len(artefact),
        input=TensorSpec(
            dtype=str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
            shape=tuple(size.dim_value for size in tensor.shape.dim),
        ),
        outputs=tuple(output.name for output in model.graph.output),
        answer=tuple(metadata[ANSWER_KEY].split(",")),
        accuracy={
            "fp32": fp32.accuracy,
            "int8": shipped.accuracy,
            "int8_low": judgement.low,
            "int8_high": judgement.high,
            **{f"int8_{name}": figure for name, figure in shipped.figures.items()},
        },
        data=shipped.data,
        recipe=metadata[RECIPE_KEY],
    )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process build, so that the others find what it built."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
