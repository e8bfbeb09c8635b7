"""`edgewise models`: what the catalogue holds, with the figures of each lock; nothing is built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.console import AsJson, answer, plainly, show_table

if TYPE_CHECKING:
    from edgewise.models.catalogue.recipe import Recipe
    from edgewise.models.lock import Lock

Catalogue = Annotated[
    Path | None, typer.Option("--catalogue", help="Another catalogue's folder.", exists=True, file_okay=False)
]


@plainly
def models(folder: Catalogue = None, as_json: AsJson = False) -> None:
    """List the models: size, accuracy with its interval, what was lost, and time, for each step of the pipeline.

    Example: edgewise models --json
    """
    from edgewise.models import catalogue
    from edgewise.models.lock import read_lock

    root = folder.resolve() if folder else catalogue.CATALOGUE
    found = []
    for name in catalogue.names(root):
        entry_folder = catalogue.folder_of(name, root)
        found.append((catalogue.load(entry_folder).recipe, read_lock(entry_folder)))
    if as_json:
        answer({"models": [_fields(recipe, lock) for recipe, lock in found]})
        return
    columns = ("model", "KB", "accuracy % (95 %)", "lost", "ms")
    show_table(columns, [_cells(recipe, lock) for recipe, lock in found], title="models, from float32 to what ships")


def _fields(recipe: Recipe, lock: Lock) -> dict[str, Any]:
    evidence = lock.evidence.model_dump(mode="json", exclude={"candidates", "sensitivity"})
    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "recipe": recipe.version,
        "licence": recipe.licence,
        "data_licence": recipe.data_licence,
        "not_for": list(recipe.not_for),
        "digest": lock.digest,
        "choice": lock.choice.model_dump(mode="json"),
        **evidence,
    }


def _cells(recipe: Recipe, lock: Lock) -> list[str]:
    found = lock.evidence
    low, middle, high = found.shipped
    return [
        recipe.name,
        f"{found.fp32_bytes / 1000:,.0f} to {found.shipped_bytes / 1000:,.0f}",
        f"{middle * 100:.2f} ({low * 100:.1f}-{high * 100:.1f})",
        f"{found.loss_points:.2f}",
        f"{found.fp32_ms:.2f} to {found.shipped_ms:.2f}",
    ]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(models)
