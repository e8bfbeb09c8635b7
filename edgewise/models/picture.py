"""An entry's curve: accuracy against size, of all variants that the search measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import altair as alt

if TYPE_CHECKING:
    from edgewise.models.lock import Candidate, Lock

_OURS: Final = "reconstruction, repaired"
# Okabe and Ito's colours: told apart with a colour deficiency too.
_COLOURS: Final = {
    _OURS: "#0072B2",
    "magnitude, repaired": "#E69F00",
    "magnitude alone": "#D55E00",
    "float32": "#555555",
}
_KB: Final = 1000


def series(candidate: Candidate) -> str:
    """Return the name of the curve that a variant belongs to; uncut variants begin every curve."""
    if candidate.choice.criterion == "magnitude":
        return "magnitude, repaired" if candidate.choice.repair else "magnitude alone"
    return _OURS


def rows(lock: Lock) -> list[dict[str, Any]]:
    """Return one row a point: its curve, size in KB, balanced accuracy on the test split in percent, what it is."""
    shipped = [each for each in lock.evidence.candidates if each.choice.kind == lock.choice.kind]
    points = [
        {
            "curve": series(each),
            "kb": each.bytes / _KB,
            "accuracy": each.test_accuracy * 100,
            "what": f"{each.choice.keep:.0%}",
        }
        for each in shipped
    ]
    evidence = lock.evidence
    points.append(
        {"curve": "float32", "kb": evidence.fp32_bytes / _KB, "accuracy": evidence.fp32[1] * 100, "what": "float32"}
    )
    return points


def chart(lock: Lock, *, name: str, budget_points: float) -> alt.LayerChart:
    """Build the chart: one curve a criterion, the budget as a line, a ring around what is shipped."""
    base = alt.Chart(alt.InlineData(values=rows(lock)))
    where = {
        "x": alt.X("kb:Q", title="size of the artefact in KB", scale=alt.Scale(type="log")),
        "y": alt.Y("accuracy:Q", title="balanced accuracy, held-out data, %", scale=alt.Scale(zero=False)),
    }
    colour = alt.Color("curve:N", title=None, scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())))
    curves = base.mark_line(point=True).encode(**where, color=colour, order="kb:Q")
    labels = base.mark_text(dy=-9, fontSize=9).encode(**where, text="what:N")
    least = lock.evidence.fp32[1] * 100 - budget_points
    budget = (
        alt.Chart(alt.InlineData(values=[{"least": least}]))
        .mark_rule(strokeDash=[4, 3], color="black")
        .encode(y="least:Q")
    )
    shipped = [{"kb": lock.evidence.shipped_bytes / _KB, "accuracy": lock.evidence.shipped[1] * 100}]
    ring = alt.Chart(alt.InlineData(values=shipped)).mark_point(size=220, color="black").encode(**where)
    title = alt.TitleParams(
        f"{name}: accuracy against size",
        subtitle="labels: share of prunable weights kept; all but float32 are int8; dashed: budget; ring: shipped",
    )
    return alt.layer(budget, curves, labels, ring).properties(title=title, width=520, height=320)


def write_picture(lock: Lock, path: Path, *, name: str, budget_points: float) -> None:
    """Write the chart as a PNG file."""
    chart(lock, name=name, budget_points=budget_points).save(path, scale_factor=1)
