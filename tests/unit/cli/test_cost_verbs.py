"""`edgewise bound`, `prices`, `breakeven`, `simulate` on the shipped stacks."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from edgewise.cli.main import app
from edgewise.cost.arithmetic import evaluate
from edgewise.paths import PROJECT_ROOT

STACKS = ("local", "dev", "staging", "prod")


def run(*args: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == code, result.output
    return result


def run_json(*args: str, code: int = 0) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run(*args, "--json", code=code).stdout)
    return content


@pytest.mark.parametrize("stack", STACKS)
def test_every_shipped_stack_fits_its_budgets(stack: str) -> None:
    answer = run_json("bound", stack)

    assert answer["functions"]
    for function in answer["functions"]:
        assert function["status"] == "finite"
        assert function["fits"] is True
        assert Decimal(function["total_usd"]) <= Decimal(function["budget_usd"])


@pytest.mark.parametrize("stack", STACKS)
def test_every_figure_reproduces_from_its_printed_arithmetic(stack: str) -> None:
    answer = run_json("bound", stack)

    lines = [
        line for bound in [*answer["functions"], answer["shared"]] for term in bound["terms"] for line in term["lines"]
    ]
    assert len(lines) > 20
    for line in lines:
        assert evaluate(line["arithmetic"]) == Decimal(line["amount_usd"]), line["name"]


def test_explain_shows_arithmetic_and_sources() -> None:
    text = run("bound", "prod", "--explain").stdout

    assert "assumptions and sources:" in text
    assert "N_ledger" in text


def test_a_what_if_over_the_budget_exits_with_1_and_says_so() -> None:
    answer = run_json("bound", "prod", "--what-if", "daily_quota=5000000", code=1)

    (function,) = answer["functions"]
    assert function["fits"] is False


@pytest.mark.parametrize("change", ["colour=red", "daily_quota", "daily_quota=many"])
def test_a_what_if_that_can_not_be_is_refused_by_its_key(change: str) -> None:
    answer = run_json("bound", "prod", "--what-if", change, code=2)

    assert change.partition("=")[0] in answer["error"]


def test_a_stack_that_is_not_there_is_told_with_those_that_are() -> None:
    assert "dev, local, prod, staging" in run_json("bound", "production", code=2)["error"]


def test_the_picture_is_drawn_without_a_network(tmp_path: Path) -> None:
    drawn = tmp_path / "bound.html"

    run("bound", "prod", "--picture", str(drawn))

    html = drawn.read_text()
    assert "face-match" in html
    assert 'src="http' not in html


def test_prices_are_listed_with_source_and_age() -> None:
    answer = run_json("prices")

    assert len(answer["lines"]) > 80
    for line in answer["lines"]:
        assert line["source"]
        assert line["age_days"] >= 0
        assert line["unit"]


def test_a_refresh_from_a_file_shows_what_changed_and_writes_nothing() -> None:
    sheet = PROJECT_ROOT / "edgewise" / "cost" / "prices.yaml"
    before = sheet.read_text()
    (offers,) = (PROJECT_ROOT / "tests" / "unit" / "cost").glob("**/offers*.json")

    answer = run_json("prices", "refresh", "--file", str(offers))

    assert answer["changed"]
    assert sheet.read_text() == before


def test_a_refresh_from_something_else_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "offers.json"
    wrong.write_text('{"products": 1}')

    assert "offers.json" in run_json("prices", "refresh", "--file", str(wrong), code=2)["error"]


def test_breakeven_says_when_the_edge_loses() -> None:
    few = run_json("breakeven", "face-match", "--ms", "10", "--rate", "0.1")
    many = run_json("breakeven", "face-match", "--ms", "10", "--rate", "1000")

    assert "LOSES" in many["verdict"]
    assert few["break_even"]
    assert [row["memory_mb"] for row in few["memory_sweep"]] == [256, 512, 1024, 1769]


def test_simulate_stays_within_the_bound() -> None:
    answer = run_json("simulate", "face-match", "--months", "1", "--adversary", "steady", "--adversary", "burst")

    assert set(answer["worst_usd"]) == {"steady", "burst"}
    assert all(Decimal(spent) <= Decimal(answer["bound_usd"]) for spent in answer["worst_usd"].values())


def test_simulate_names_the_adversaries_there_are() -> None:
    assert "steady" in run_json("simulate", "face-match", "--adversary", "nobody", code=2)["error"]
