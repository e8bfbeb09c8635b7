"""Stages of a build, kept by content: what was made once of the same inputs by the same code is not made again.

So a build that was interrupted goes on where it stopped, and two builds that share a stage share its result.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from edgewise.models.fetch import digest_of
from edgewise.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

LOCK_FILE: Final = "compressed.yaml"
RECIPE_FILE: Final = "recipe.yaml"
_MODELS: Final = Path(__file__).parent
_LIBRARIES: Final = ("numpy", "onnx", "onnxruntime", "pillow")
# They decide no byte of an artefact and no figure of its accuracy: a change of them must not cost a rebuild.
_WITHOUT_EFFECT: Final = frozenset(
    {"card.py", "compress.py", "emulated.py", "emulated_run.py", "gate.py", "latency.py", "picture.py", "search.py"}
)
# Keys of a recipe of which the same is true: the gate reads the one, the card the other.
_KEYS_WITHOUT_EFFECT: Final = frozenset({"budgets", "caveats"})
_READABLE_BY_ALL: Final = 0o644


def code_key(folder: Path) -> str:
    """Return the digest of all code, and of the recipe, that decides what an entry's stages make.

    Parameters
    ----------
    folder : Path
        The entry's folder; its Python and YAML files count, but for the lock, and for the recipe's budgets and caveats.
    """
    shared = [*_MODELS.glob("*.py"), *_MODELS.glob("prune/**/*.py"), *_MODELS.glob("catalogue/*.py")]
    recipe = folder / RECIPE_FILE
    own = [file for pattern in ("**/*.py", "**/*.yaml") for file in folder.glob(pattern) if file != recipe]
    lines = [f"{library} {version(library)}" for library in _LIBRARIES]
    lines += sorted(
        f"{file.relative_to(_MODELS)} {digest_of(file)}" for file in shared if file.name not in _WITHOUT_EFFECT
    )
    lines += sorted(f"{file.relative_to(folder)} {digest_of(file)}" for file in own if file.name != LOCK_FILE)
    lines.append(f"{RECIPE_FILE} {_decisive(recipe)}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _decisive(recipe: Path) -> str:
    """Return what of a recipe decides a stage."""
    text = recipe.read_text(encoding="utf-8")
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # whoever loads the entry is told
    if not isinstance(found, dict):
        return text
    return yaml.safe_dump({key: value for key, value in found.items() if key not in _KEYS_WITHOUT_EFFECT})


def write(path: Path, content: bytes) -> None:
    """Write a file, for all to read, at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(content)
    made = Path(scratch.name)
    made.chmod(_READABLE_BY_ALL)
    made.replace(path)


class Stages:
    """The kept stages of one entry.

    Parameters
    ----------
    folder : Path
        The entry's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = cache_dir() / "models" / "stages" / f"{folder.name}-{code_key(folder)}"

    def bytes(self, stage: str, inputs: dict[str, Any], make: Callable[[], bytes]) -> bytes:
        """Return what a stage makes, from the cache when it was made before.

        Parameters
        ----------
        stage : str
            The stage's name.
        inputs : dict
            All that decides the result but the code: parameters, and digests of what other stages made.
        make : callable
            Makes it.
        """
        text = json.dumps({"stage": stage, **inputs}, sort_keys=True)
        path = self._folder / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = b""
        # A digest stands in front, so that a file that was cut off or changed is made again.
        digest, kept = content[:32], content[32:]
        if content and hashlib.sha256(kept).digest() == digest:
            return kept
        made = make()
        write(path, hashlib.sha256(made).digest() + made)
        return made

    def json(self, stage: str, inputs: dict[str, Any], make: Callable[[], Any]) -> Any:
        """Return what a stage finds, as JSON's values; parameters as for `bytes`."""
        return json.loads(self.bytes(stage, inputs, lambda: json.dumps(make(), sort_keys=True).encode()))


def short_digest(content: bytes) -> str:
    """Return what names a stage's result among another stage's inputs."""
    return hashlib.sha256(content).hexdigest()[:32]
