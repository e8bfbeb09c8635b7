"""Stacks of their own, really up, for what spends: quotas, stops, floods. Each module deploys one and breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.live.system import System
from tests.project import copy_project

Deploy = Callable[..., System]


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Give a function that brings a stack up with other settings of ``face-match``; nothing of it is left behind."""
    running: list[System] = []

    def bring_up(**settings: Any) -> System:
        system = System(project=copy_project(tmp_path_factory.mktemp("spend")))
        if settings:
            system.project.change_function(**settings)
        running.append(system)
        system.edgewise("up", "--json")
        return system

    yield bring_up
    for system in running:
        pids, ports = system.pids(), system.ports()
        system.edgewise("down", "--json")
        system.assert_gone(pids, ports)
