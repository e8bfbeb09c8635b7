"""Every case through the real engine, before anything is deployed and after; and each alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from policies.core.pack import POLICIES, load
from policies.core.rule import Answer, Verdict
from tests.policies import modules, snapshots
from tests.policies.harness import CAPTURE, Report, Run, program
from tests.policies.modules import Case, Module

ASKED = {"bad": Answer.VIOLATION, "good": Answer.COMPLIANT, "aside": Answer.NOT_APPLICABLE}
PARTS = ("found:", "asked:", "why:", "fix:")


@dataclass(frozen=True, kw_only=True)
class Told:
    """A module's two previews."""

    module: Module
    first: Run
    second: Run

    @property
    def both(self) -> Iterator[tuple[str, Run]]:
        yield "first preview", self.first
        yield "second preview", self.second


@pytest.fixture(scope="module", params=modules.module_names())
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    module = modules.load(request.param)
    text = f"from tests.policies import modules\n\nmodules.declare({module.name!r})\n"
    small = program(tmp_path_factory.mktemp(module.name), text)
    packs = [POLICIES / module.pack, CAPTURE]
    first = small.preview(packs, config=module.config)
    assert first.captured, first.output
    deployed = small.up()
    assert deployed.exit_code == 0, deployed.output
    return Told(module=module, first=first, second=small.preview(packs, config=module.config))


def reports_of(run: Run, case: Case) -> list[Report]:
    return [each for each in run.reports if each.rule == case.rule and case.owns(each.name)]


def alone(run: Run, case: Case, module: Module) -> Verdict:
    """Judge one function as if it were the whole program."""
    stack = snapshots.load(run.captured, keep=case.keeps)
    (rule,) = [each for each in load(module.pack).rules if each.id == case.rule]
    return rule.judge(stack, module.config.get(case.rule))


def test_what_must_be_refused_is_reported_and_nothing_else(told: Told) -> None:
    for when, run in told.both:
        reported = {case.prefix: bool(reports_of(run, case)) for case in told.module.cases}
        assert reported == {case.prefix: case.kind == "bad" for case in told.module.cases}, f"{when}\n{run.output}"


def test_each_alone_gets_the_same_answer(told: Told) -> None:
    for when, run in told.both:
        answers = {case.prefix: alone(run, case, told.module).answer for case in told.module.cases}
        # What is not known yet is refused as well, before the first update.
        doubtful = {each.prefix for each in told.module.cases if each.kind == "bad" and run is told.first}
        asked = {
            case.prefix: Answer.CANT_TELL
            if case.prefix in doubtful and answers[case.prefix] is Answer.CANT_TELL
            else ASKED[case.kind]
            for case in told.module.cases
        }
        assert answers == asked, when


def test_a_refused_preview_ends_in_an_error_and_says_what_to_do(told: Told) -> None:
    for when, run in told.both:
        found = [each for case in told.module.cases if case.kind == "bad" for each in reports_of(run, case)]
        for each in found:
            assert each.pack == told.module.pack
            assert re.search(rf"^{each.rule}: \S+ {each.name}$", each.text, re.MULTILINE), each.text
            assert all(part in each.text for part in PARTS), each.text
        assert (run.exit_code != 0) == any(each.level == "mandatory" for each in run.reports), when
        assert all(each.rule in run.output for each in found)
