"""Each guard of `prod` taken away or weakened, one at a time: the right rule sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policies.core.pack import packs
from policies.core.rule import Verdict
from tests.policies.documents import Documents
from tests.policies.harness import Run
from tests.policies.mutations_other import OTHER
from tests.policies.mutations_spend import SPEND, Change

MUTATIONS: dict[str, tuple[str, Change]] = {**SPEND, **OTHER}
RULES = {rule.id: rule for pack in packs() for rule in pack.rules}


@pytest.fixture(scope="module")
def prod(first_previews: Callable[[str], Run]) -> str:
    return first_previews("prod").captured


def judged(documents: Documents, rule: str) -> Verdict:
    return RULES[rule].judge(documents.stack())


def test_there_are_forty() -> None:
    assert len(MUTATIONS) >= 40


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_weakened_guard_turns_red(prod: str, name: str) -> None:
    rule, change = MUTATIONS[name]
    documents = Documents(prod)
    assert not judged(documents, rule).findings

    change(documents)

    verdict = judged(documents, rule)
    assert verdict.refuses
    assert all(finding.figure and finding.fix for finding in verdict.findings)
