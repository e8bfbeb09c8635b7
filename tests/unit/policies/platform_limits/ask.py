"""How these tests ask one rule."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from policies.core.pack import load
from policies.core.rule import Answer, Rule
from tests.unit.policies.parts import Parts

RULES: Final[dict[str, Rule[Any]]] = {each.id: each for each in load("platform_limits").rules}
COMPLIANT, VIOLATION = Answer.COMPLIANT, Answer.VIOLATION
NOT_APPLICABLE, CANT_TELL = Answer.NOT_APPLICABLE, Answer.CANT_TELL


class Case(NamedTuple):
    """A rule, a program, the answer, and what the finding's figure must say."""

    rule: str
    answer: Answer
    parts: Parts
    says: str = ""


def ask(case: Case) -> None:
    """Judge and compare."""
    verdict = RULES[case.rule].judge(case.parts.stack())
    assert verdict.answer is case.answer, verdict.findings
    if case.says:
        assert any(case.says in each.figure for each in verdict.findings), verdict.findings


def name_of(case: Case) -> str:
    """Return a test's name."""
    return f"{case.rule}-{case.answer.value}-{case.says}".replace(" ", "_")
