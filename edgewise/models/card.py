"""An entry's model card, written from the lock: every figure in it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgewise.models.picture import series, write_picture
from edgewise.models.stages import write

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.models.catalogue.recipe import Recipe, SourceSpec
    from edgewise.models.lock import Candidate, Lock

CARD: Final = "card.md"
PICTURE: Final = "curve.png"


def write_card(folder: Path, recipe: Recipe, lock: Lock) -> None:
    """Write ``card.md`` and ``curve.png`` beside an entry's recipe."""
    write_picture(lock, folder / PICTURE, name=recipe.name, budget_points=recipe.budgets.accuracy_points)
    write(folder / CARD, render(recipe, lock).encode())


def render(recipe: Recipe, lock: Lock) -> str:
    """Return the card as Markdown."""
    parts = [
        f"# {recipe.name}\n{recipe.summary}. Recipe {recipe.version}, `{lock.digest}`.\n\n"
        f"<!-- Written by `edgewise compress {recipe.name} --update`; don't edit it by hand. -->",
        _figures(lock),
        _compression(lock),
        _comparison(lock),
        f"![Balanced accuracy against size, one curve a criterion.]({PICTURE})",
        "## Data and licences\n"
        f"- Measured on: {lock.evidence.data}\n- Weights: {recipe.licence}. Data: {recipe.data_licence}.\n"
        + "\n".join(f"- {spec.registry}: {spec.package} {spec.version}, `{spec.path}`" for spec in _sources(recipe)),
        *(["## Caveats\n" + "\n".join(f"- {sentence}" for sentence in recipe.caveats)] if recipe.caveats else []),
        "## Not for\n" + "\n".join(f"- {sentence}" for sentence in recipe.not_for),
    ]
    return "\n\n".join(parts) + "\n"


def _sources(recipe: Recipe) -> list[SourceSpec]:
    return list(recipe.sources.values())


def _figures(lock: Lock) -> str:
    found = lock.evidence
    rows = [
        ("float32", found.fp32_bytes, found.fp32, found.fp32_ms),
        ("int8", found.int8_bytes, found.int8, found.int8_ms),
        ("**pruned int8, shipped**", found.shipped_bytes, found.shipped, found.shipped_ms),
    ]
    lines = [
        f"| {name} | {size / 1000:,.0f} | {found.fp32_bytes / size:.1f}x | {middle:.2%} ({low:.2%} to {high:.2%}) | "
        f"{taken:.3f} | {found.fp32_ms / taken:.1f}x |"
        for name, size, (low, middle, high), taken in rows
    ]
    return (
        "| variant | KB | smaller | balanced accuracy (95 %) | ms, one thread | faster |\n|---|---|---|---|---|---|\n"
        + "\n".join(lines)
        + f"\n\nIt {_change(found.loss_points)} float32 (95 % upper bound of the loss, paired bootstrap over "
        f"groups: {found.loss_upper_points:.2f}). Times: CPU time, median, the three in turns in one run, on "
        f"{found.machine}; they differ by machine and are not part of the digest. On another CPU: {found.emulated}."
    )


def _change(loss_points: float) -> str:
    if loss_points < 0:
        return f"gains {-loss_points:.2f} points over"
    return f"loses {loss_points:.2f} points against"


def _compression(lock: Lock) -> str:
    choice = lock.choice
    worst = sorted(lock.evidence.sensitivity.items(), key=lambda item: -item[1])[:5]
    sensitive = ", ".join(f"`{name}` {error:.3f}" for name, error in worst)
    how = (
        f"{choice.keep:.0%} of the prunable weights stay, ranked by {choice.criterion}"
        if choice.keep < 1
        else "Nothing is pruned"
    )
    return (
        f"## How it was made small\n{how}. Quantised as {choice.kind}; in float32 stay: "
        f"{', '.join(f'`{name}`' for name in choice.exclude) or 'none of the layers'}. The most sensitive layers "
        f"(relative error of the output when that one alone is int8): {sensitive}."
    )


def _comparison(lock: Lock) -> str:
    own = [each for each in lock.evidence.candidates if each.choice.kind == lock.choice.kind]
    ordered = sorted(own, key=lambda each: (-each.choice.keep, series(each)))
    lines = [_line(lock, each) for each in ordered]
    return (
        "## What pruning is worth\nAll int8, all quantised alike. The search looks at the choice split only; the test "
        "split is shown for comparison.\n\n"
        "| kept | ranked by | KB | against plain int8 | lost on the test split, points |\n"
        "|---|---|---|---|---|\n" + "\n".join(lines)
    )


def _line(lock: Lock, each: Candidate) -> str:
    mark = "**" if each.choice == lock.choice else ""
    by = series(each) if each.choice.keep < 1 else "(plain int8)"
    against = f"{each.bytes / lock.evidence.int8_bytes - 1:+.0%}"
    lost = (lock.evidence.fp32[1] - each.test_accuracy) * 100
    cells = (f"{each.choice.keep:.0%}", by, f"{each.bytes / 1000:,.0f}", against, f"{lost:+.2f}")
    return "| " + " | ".join(f"{mark}{cell}{mark}" for cell in cells) + " |"
