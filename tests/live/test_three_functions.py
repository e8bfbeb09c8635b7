"""What `make up` runs: the stack as it is shipped, three functions, each asked about real data within its budget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import yaml

from tests.live.system import System
from tests.project import FUNCTION_KEY, MODELS_KEY, copy_project

SERVED = ("face-match", "anomaly", "voice-activity")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(project=copy_project(tmp_path_factory.mktemp("three"), SERVED))
    yield running
    pids, ports = running.pids(), running.ports()
    running.edgewise("down", "--json")
    running.assert_gone(pids, ports)


@pytest.fixture(scope="module")
def demo(three: System) -> dict[str, Any]:
    told = json.loads(three.edgewise("up", "--demo", "--json").stdout)
    found: dict[str, Any] = told["demo"]
    return found


def test_the_shipped_stack_serves_these_three(three: System) -> None:
    settings = yaml.safe_load(three.project.stack_file().read_text())["config"]
    assert settings[FUNCTION_KEY].keys() == settings[MODELS_KEY].keys() == set(SERVED)


@pytest.mark.parametrize("function", SERVED)
def test_each_answers_real_data_with_the_pinned_model(three: System, demo: dict[str, Any], function: str) -> None:
    asked = demo[function]
    pins = yaml.safe_load(three.project.stack_file().read_text())["config"][MODELS_KEY]
    assert (asked["passed"], asked["model"]) == (True, pins[function])
    assert asked["differing"] == []


@pytest.mark.parametrize("function", SERVED)
def test_each_stays_within_its_budget_and_saves_by_being_small(demo: dict[str, Any], function: str) -> None:
    asked = demo[function]
    assert Decimal(asked["bound_usd"]) <= Decimal(asked["monthly_budget_usd"])
    assert Decimal(asked["saved_usd"]) > 0
    assert Decimal(asked["float32_bound_usd"]) - Decimal(asked["bound_usd"]) == Decimal(asked["saved_usd"])
