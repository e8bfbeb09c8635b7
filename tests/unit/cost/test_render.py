"""What is shown: tables, explanations that reproduce, JSON without lost digits, a picture that needs no network."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from edgewise.cost import picture
from edgewise.cost.arithmetic import evaluate, plain
from edgewise.cost.bound import StackShared, bound, shared_bound
from edgewise.cost.breakeven import Work, table
from edgewise.cost.prices import default_prices
from edgewise.cost.render import Entry, bounds_table, breakeven_table, explain, prices_table, to_json
from tests.unit.cost.test_bound import FACE, WORKER

PROD = bound(replace(FACE, plan="pro"))
ENTRIES = [
    Entry(bound=PROD, budget_usd=Decimal(42)),
    Entry(bound=bound(FACE), budget_usd=Decimal(40)),
    Entry(bound=bound(replace(WORKER, front="none")), budget_usd=Decimal(20)),
    Entry(bound=shared_bound(StackShared(stack="prod"))),
]


def shown(content: Table) -> str:
    printed = io.StringIO()
    Console(width=220, file=printed).print(content)
    return printed.getvalue()


def test_the_table_tells_who_fits() -> None:
    # GIVEN one that fits, one over, one infinite and the shared resources WHEN shown THEN each says so
    text = shown(bounds_table(ENTRIES))
    rows = {cells[1]: cells[2:-1] for line in text.splitlines() if len(cells := cells_of(line)) > 2}
    assert [entry.verdict for entry in ENTRIES] == ["fits", "over", "infinite", ""]
    assert rows["total"] == ["41.75", rows["total"][1], "∞", "5.52", "∞"]
    assert rows["budget"] == ["42.00", "40.00", "20.00", "", ""]
    assert ["fits", "over", "infinite", "", ""] in rows.values()


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("│")]


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    printed = io.StringIO()
    Console(width=80, file=printed).print(bounds_table([ENTRIES[0], ENTRIES[-1]]))
    assert "…" not in printed.getvalue()


def test_every_explained_figure_reproduces() -> None:
    # GIVEN the explanation WHEN each "amount name = arithmetic" is computed again THEN it gives the amount
    text = explain(PROD)
    found = re.findall(r"^  ([\d.]+)  .+? = ([^=\[]+?)  \[", text, flags=re.MULTILINE)
    assert len(found) == sum(len(term.lines) for term in PROD.terms)
    for amount, arithmetic in found:
        assert plain(evaluate(arithmetic)) == amount
    counts = re.findall(r"^  (\w+) = (.+) = (\d+)  ", text, flags=re.MULTILINE)
    assert {symbol for symbol, _, _ in counts} == {"Q", "M", "L", "C", "N_firewall", "N_gate", "N_ledger", "R"}
    for _, arithmetic, value in counts:
        assert plain(evaluate(arithmetic)) == value


def test_every_assumption_is_listed_with_its_source_once() -> None:
    text = explain(PROD)
    used = {int(number) for number in re.findall(r"\[(\d+)\]", text.split("assumptions and sources:")[0])}
    listed = [int(number) for number in re.findall(r"^  \[(\d+)\] ", text, flags=re.MULTILINE)]
    assert listed == sorted(used) == list(range(1, len(used) + 1))
    assert "1000 requests a second (assumed)" in text
    assert "INFERRED" in text


def test_why_it_is_not_finite_is_explained() -> None:
    assert "because N_gate·r: nothing stands before the Worker" in explain(bound(replace(WORKER, front="none")))
    assert "infinite: logs are kept for ever" in explain(bound(replace(FACE, log_retention_days=None)))
    missing = explain(bound(FACE, default_prices().without("waf.request")))
    assert "UNKNOWN  firewall = 620000 * UNKNOWN: no price 'waf.request' for 'global'" in missing


def test_json_keeps_every_digit() -> None:
    # GIVEN the JSON WHEN read back THEN terms add up to the exact total, and what isn't finite is null
    read = json.loads(json.dumps(to_json(PROD, Decimal(42))))
    assert read["status"] == "finite"
    assert read["fits"] is True
    assert read["total_usd"] == "41.75"
    assert sum(Decimal(term["amount_usd"]) for term in read["terms"]) == PROD.total
    assert sum(Decimal(line["amount_usd"]) for term in read["terms"] for line in term["lines"]) == PROD.total
    infinite = to_json(bound(replace(WORKER, front="none")), Decimal(1))
    assert infinite["total_usd"] is None
    assert infinite["fits"] is False
    assert infinite["reasons"]


def test_prices_are_listed_with_their_age() -> None:
    text = shown(prices_table(default_prices(), date(2026, 11, 24)))
    row = next(line for line in text.splitlines() if "cloudfront.store.read" in line)
    assert "0.03" in row
    assert "2026-10-05" in row
    assert re.search(r"│\s+50 │", row)
    assert "unsourced" in text


def test_break_even_is_a_table_of_machines() -> None:
    text = shown(breakeven_table(table(Work(ms=Decimal(20))), title="face-match"))
    row = next(line for line in text.splitlines() if "g4dn.xlarge" in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["34.3", "188.3", "221.2", "208.7"]


def test_the_picture_holds_every_paid_line() -> None:
    # GIVEN the rows of the picture WHEN added by function THEN they are the bound, but for what can't be seen
    rows = [row for row in picture.rows(ENTRIES[:1]) if row["function"] == "face-match (cloudfront)"]
    drawn = sum(row["usd"] for row in rows)
    assert float(PROD.total) - 0.05 < drawn <= float(PROD.total) + 1e-9
    assert {row["term"] for row in rows} == {"F", "Q·a", "M·m", "L·l", "C·c", "N_ledger·r"}


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    # GIVEN the page WHEN written THEN Vega is inside, no script or style is loaded from anywhere, the data are there
    page = tmp_path / "bound.html"
    picture.write(ENTRIES, page)
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link)[^>]+(src|href)=[\"']?(https?:)?//", html)
    assert "import(" not in html.split("<script", maxsplit=1)[0]
    assert len(html) > 500_000
    assert "start-up and timeout" in html


def test_the_picture_as_svg(tmp_path: Path) -> None:
    drawing = tmp_path / "bound.svg"
    picture.write(ENTRIES, drawing)
    assert drawing.read_text(encoding="utf-8").startswith("<svg")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'bound\.gif': the name must end in \.html or \.svg"):
        picture.write(ENTRIES, tmp_path / "bound.gif")
