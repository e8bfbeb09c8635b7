"""This project's own four stacks pass every rule, at the first preview and at the second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policies.core.pack import packs
from policies.core.rule import Answer
from tests.policies.conftest import STACKS
from tests.policies.harness import Run

Previews = Callable[[str], Run]


def refused(run: Run) -> dict[str, list[str]]:
    verdicts = [verdict for pack in packs() for verdict in pack.judge(run.stack)]
    return {
        verdict.rule.id: [finding.figure for finding in verdict.findings]
        for verdict in verdicts
        if verdict.answer in {Answer.VIOLATION, Answer.CANT_TELL}
    }


@pytest.mark.parametrize("stack", STACKS)
def test_a_first_preview_passes_every_pack(first_previews: Previews, stack: str) -> None:
    run = first_previews(stack)

    assert run.exit_code == 0, run.output
    assert refused(run) == {}
    assert not [each for each in run.reports if each.level == "mandatory"]


def test_a_preview_after_the_deployment_passes_every_pack(second_preview: Run) -> None:
    assert second_preview.exit_code == 0, second_preview.output
    assert refused(second_preview) == {}


def test_the_bound_is_judged_and_not_stepped_over(first_previews: Previews) -> None:
    (worst,) = [
        each for pack in packs() for each in pack.judge(first_previews("prod").stack) if each.rule.id == "worst-month"
    ]

    assert worst.answer is Answer.COMPLIANT
