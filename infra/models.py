"""The artefacts that the stack's settings pin, found on this machine by their digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.paths import cache_dir
from inference.manifest import Manifest
from infra.settings import NAMESPACE, Settings


class ModelMissingError(FileNotFoundError):
    """A pinned artefact is not on this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinnedModel:
    """An artefact and its manifest."""

    path: Path
    manifest: Manifest


def pinned_models(settings: Settings) -> dict[str, PinnedModel]:
    """Find every pinned model.

    Raises
    ------
    ModelMissingError
        Names the key, the digest and the command that builds it.
    """
    return {name: _find(name, digest) for name, digest in settings.models.items()}


def _find(name: str, digest: str) -> PinnedModel:
    path = cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx"
    manifest = path.with_suffix(".json")
    if not path.is_file() or not manifest.is_file():
        raise ModelMissingError(
            f"{NAMESPACE}:models.{name}: {digest} is not on this machine; `make up` and `make preview` build "
            "what the catalogue has; put any other artefact and its manifest into the cache, under models/"
        )
    return PinnedModel(path=path, manifest=Manifest.from_json(manifest.read_text()))
