"""Nothing is invented: programs that have nothing to do with inference pass `bounded_spend` as not applicable."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final

import pytest

from policies.core.pack import POLICIES, load
from policies.core.resource import Resource, Stack
from policies.core.rule import Answer
from tests.policies import snapshots
from tests.policies.harness import CAPTURE, Run, program
from tests.policies.ordinary import services, sites

HELPERS: Final = ("trust", "code", "distribution")
PROGRAMS: Final[dict[str, Callable[[str], None]]] = {
    name.replace("_", "-"): function
    for module in (sites, services)
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__
    if not name.startswith("_") and name not in HELPERS
}
TEXT: Final = (
    "from tests.policies.test_ordinary import PROGRAMS\n\nfor name, declare in PROGRAMS.items():\n    declare(name)\n"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the preview of all of them in one program."""
    return program(tmp_path_factory.mktemp("ordinary"), TEXT).preview([POLICIES / "bounded_spend", CAPTURE])


def answers(stack: Stack) -> dict[str, Answer]:
    return {verdict.rule.id: verdict.answer for verdict in load("bounded_spend").judge(stack)}


def test_there_are_twenty() -> None:
    assert len(PROGRAMS) >= 20


def test_the_engine_lets_them_all_pass(run: Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.reports == ()
    assert set(answers(run.stack).values()) == {Answer.NOT_APPLICABLE}


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_alone_is_not_applicable(run: Run, name: str) -> None:
    def keeps(resource: Resource) -> bool:
        return resource.name.startswith(f"{name}-") or resource.type.startswith("pulumi:")

    alone = snapshots.load(run.captured, keep=keeps)

    assert any(resource.type.startswith("aws:") for resource in alone.resources)
    assert set(answers(alone).values()) == {Answer.NOT_APPLICABLE}
