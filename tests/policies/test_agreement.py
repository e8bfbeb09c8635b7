"""The program and the pack work out the same worst month, each from what it sees: settings here, resources there."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from edgewise.cli.main import app
from policies.bounded_spend._describe import bound_of
from policies.bounded_spend._shared import shared_of
from policies.core.endpoint import endpoints
from policies.core.pack import load
from tests.policies.conftest import STACKS
from tests.policies.harness import Run


def programs_bound(stack: str) -> dict[str, Any]:
    answer = CliRunner().invoke(app, ["bound", stack, "--json"])
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_pack_and_program_agree_to_the_cent_and_below(stack: str, first_previews: Callable[[str], Run]) -> None:
    seen = first_previews(stack).stack
    program = programs_bound(stack)
    packs = {endpoint.name: bound_of(endpoint) for endpoint in endpoints(seen)}

    assert set(packs) == {each["name"] for each in program["functions"]}
    for each in program["functions"]:
        worst = packs[each["name"]]
        assert worst.total_usd == Decimal(each["total_usd"])
        terms = {term["symbol"]: Decimal(term["amount_usd"]) for term in each["terms"]}
        assert worst.by_symbol() == terms
    assert shared_of(seen).total_usd == Decimal(program["shared"]["total_usd"])


@pytest.mark.parametrize("stack", STACKS)
def test_every_rule_of_bounded_spend_lets_the_stack_pass(stack: str, first_previews: Callable[[str], Run]) -> None:
    refused = {
        each.rule.id: each.findings for each in load("bounded_spend").judge(first_previews(stack).stack) if each.refuses
    }
    assert refused == {}


def test_a_deployed_stack_is_bounded_by_the_same_figure(second_preview: Run) -> None:
    (endpoint,) = endpoints(second_preview.stack)
    assert bound_of(endpoint).total_usd == Decimal(programs_bound("local")["functions"][0]["total_usd"])
