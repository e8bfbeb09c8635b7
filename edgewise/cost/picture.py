"""What bounds are made of, as a picture: one bar a function, one piece a line, beside its budget.

Altair writes the page; vl-convert, a wheel without further parts, puts Vega's JavaScript into it. So the file opens
without a network, and hovering a piece shows its arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt

from edgewise.cost.bound.result import to_cent
from edgewise.cost.render import Entry

# One colour a term, the same in every picture; told apart with a colour deficiency too (Okabe and Ito, and greys).
_COLOURS: Final = {
    "F": "#999999",
    "Q·a": "#0072B2",
    "M·m": "#56B4E9",
    "L·l": "#009E73",
    "C·c": "#F0E442",
    "N_firewall·r": "#CC79A7",
    "N_gate·r": "#E69F00",
    "N_ledger·r": "#D55E00",
    "R": "#000000",
    "S": "#BBBBBB",
    "A": "#555555",
}
# Below a tenth of a cent a piece can't be seen.
_LEAST_USD: Final = 0.001


def rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return one row a paid line: function, term, line, USD, arithmetic. What is not finite has no piece."""
    return [
        {
            "function": f"{entry.bound.name} ({entry.bound.edge})",
            "term": term.symbol,
            "title": term.title,
            "order": order,
            "line": line.name,
            "usd": float(line.amount),
            "arithmetic": line.arithmetic,
        }
        for entry in entries
        for order, term in enumerate(entry.bound.terms)
        for line in term.lines
        if line.amount.is_finite() and line.amount >= _LEAST_USD
    ]


def chart(entries: Sequence[Entry]) -> alt.LayerChart:
    """Build the chart: stacked bars by term, budgets as marks."""
    pieces = (
        alt.Chart(alt.InlineData(values=rows(entries)))
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("sum(usd):Q", title="USD in the worst month"),
            y=alt.Y("function:N", title=None),
            color=alt.Color(
                "term:N", title="term", scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
            ),
            detail="line:N",
            order="order:Q",
            tooltip=["function:N", "term:N", "title:N", "line:N", alt.Tooltip("usd:Q", format=".4f"), "arithmetic:N"],
        )
    )
    budgets = [
        {"function": f"{entry.bound.name} ({entry.bound.edge})", "budget": float(to_cent(entry.budget_usd))}
        for entry in entries
        if entry.budget_usd is not None
    ]
    marks = (
        alt.Chart(alt.InlineData(values=budgets))
        .mark_tick(color="black", thickness=2, size=16)
        .encode(x="budget:Q", y="function:N", tooltip=["function:N", "budget:Q"])
    )
    title = alt.TitleParams("What the bound is made of", subtitle="black: the budget; hover for the arithmetic")
    return alt.layer(pieces, marks).properties(title=title, width=640)


def write(entries: Sequence[Entry], path: Path) -> None:
    """Write the picture: ``.html`` (self-contained, with tooltips) or ``.svg``.

    Raises
    ------
    ValueError
        When the name ends in anything else.
    """
    if path.suffix not in (".html", ".svg"):
        raise ValueError(f"picture {path.name!r}: the name must end in .html or .svg")
    if path.suffix == ".svg":
        chart(entries).save(path)
    else:
        chart(entries).save(path, inline=True)
