"""The endpoint built by hand passes every pack, so that what a test takes away is what a rule sees."""

from __future__ import annotations

import pytest

from policies.core.pack import Pack, packs
from policies.core.rule import Answer
from tests.unit.policies.build_complete import complete_endpoint

PACKS = packs()


@pytest.mark.parametrize("pack", PACKS, ids=[pack.name for pack in PACKS])
def test_the_good_endpoint_passes(pack: Pack) -> None:
    verdicts = pack.judge(complete_endpoint().stack())

    assert {each.rule.id: each.findings for each in verdicts if each.findings} == {}


def test_its_worst_month_is_judged() -> None:
    verdicts = [each for pack in PACKS for each in pack.judge(complete_endpoint().stack())]

    assert {each.rule.id for each in verdicts if each.answer is Answer.COMPLIANT} >= {"worst-month", "signature-gate"}


def test_a_misspelt_name_takes_nothing_away() -> None:
    with pytest.raises(KeyError, match="limit"):
        complete_endpoint().without("limit")
