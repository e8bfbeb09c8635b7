"""`edgewise compress`: search how far a model can be made small, let the gate judge, and compare with the lock."""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.console import AsJson, answer, plainly, show_table
from edgewise.cli.exits import CliError, ExitCode

if TYPE_CHECKING:
    from edgewise.models.lock import Lock

# Each worker is one thread at its heaviest; more than two would fight for a small machine's memory.
WORKERS: Final = 2

Names = Annotated[list[str] | None, typer.Argument(help="Catalogue names.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every entry of the catalogue.")]
Update = Annotated[bool, typer.Option("--update", help="Write what was found to compressed.yaml, card.md, curve.png.")]
Catalogue = Annotated[
    Path | None, typer.Option("--catalogue", help="Another catalogue's folder.", exists=True, file_okay=False)
]


@plainly
def compress(
    names: Names = None,
    everything: All = False,
    update: Update = False,
    folder: Catalogue = None,
    as_json: AsJson = False,
) -> None:
    """Search anew how small a model can be within its accuracy budget, and compare with its lock.

    Stages are kept: a second run, or one after an interruption, goes on where the work is.

    Example: edgewise compress face-match
    """
    from edgewise.models import catalogue

    root = folder.resolve() if folder else catalogue.CATALOGUE
    wanted = catalogue.names(root) if everything else list(names or [])
    if not wanted:
        raise CliError("nothing to compress: give a catalogue name, or --all", ExitCode.BAD_INPUT)
    for name in wanted:
        catalogue.folder_of(name, root)
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(WORKERS, len(wanted)), mp_context=context) as pool:
        running = {pool.submit(_one, name, root, update=update): name for name in wanted}
        found = {running[done]: done.result() for done in as_completed(running)}
    rows = [_row(name, *found[name]) for name in wanted]
    if as_json:
        answer({"seconds": round(time.monotonic() - began, 1), "models": rows})
    else:
        columns = ("model", "KB", "smaller", "points lost", "faster", "digest", "lock")
        show_table(columns, [_cells(row) for row in rows], title=f"compressed in {time.monotonic() - began:.0f} s")
    if differing := [row["name"] for row in rows if row["lock"] == "differs"]:
        raise CliError(
            f"{', '.join(differing)}: the search found another model than the lock says. Look at what changed; "
            "`--update` writes the new lock and card"
        )


def _one(name: str, root: Path, *, update: bool) -> tuple[str, Lock]:
    """Compress one entry, in a process of its own; return how it stands to the lock, and what was found."""
    from edgewise.models import catalogue
    from edgewise.models.card import write_card
    from edgewise.models.compress import Compressor, Refused
    from edgewise.models.lock import LockError, read_lock, write_lock

    began = time.monotonic()

    def say(line: str) -> None:
        prefix = "" if line.startswith(name) else f"{name}: "
        print(f"[{time.monotonic() - began:6.1f} s] {prefix}{line}", file=sys.stderr, flush=True)

    entry_folder = catalogue.folder_of(name, root)
    entry = catalogue.load(entry_folder)
    try:
        lock, pipeline = Compressor(entry, entry_folder, say=say).run()
    except Refused as error:
        for digest in error.digests:
            catalogue.refuse(digest, str(error))
        raise CliError(str(error)) from None
    catalogue.keep(pipeline, pipeline.variant(lock.choice).artefact)
    try:
        before = read_lock(entry_folder)
    except LockError:
        before = None
    same = before is not None and _decided(before) == _decided(lock)
    if update:
        write_lock(entry_folder, lock)
        write_card(entry_folder, entry.recipe, lock)
        return ("same, measured anew" if same else "written"), lock
    return ("same" if same else "differs"), lock


def _decided(lock: Lock) -> tuple[Any, ...]:
    """Return what must be the same on every machine: all but the times."""
    return lock.recipe, lock.choice, lock.digest


def _row(name: str, standing: str, lock: Lock) -> dict[str, Any]:
    found = lock.evidence
    return {
        "name": name,
        "lock": standing,
        "digest": lock.digest,
        "bytes": found.shipped_bytes,
        "size_ratio": round(found.fp32_bytes / found.shipped_bytes, 2),
        "loss_points": found.loss_points,
        "loss_upper_points": found.loss_upper_points,
        "speedup": round(found.fp32_ms / found.shipped_ms, 2),
    }


def _cells(row: dict[str, Any]) -> list[str]:
    lost = f"{row['loss_points']:.2f} (at most {row['loss_upper_points']:.2f})"
    sizes = [f"{row['bytes'] / 1000:,.0f}", f"{row['size_ratio']:.1f}x"]
    return [row["name"], *sizes, lost, f"{row['speedup']:.1f}x", f"{row['digest'][:19]}…", row["lock"]]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(compress)
