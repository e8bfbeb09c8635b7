"""Every rule of every pack has its cases."""

from __future__ import annotations

from collections import Counter

import pytest

from policies.core.pack import packs
from tests.policies import modules

# Rules that no program on the engine can break twice, each with its reason.
EXCUSED: dict[str, str] = {}

COUNTS: Counter[tuple[str, str, str]] = Counter(
    (module.pack, case.rule, case.kind) for module in map(modules.load, modules.module_names()) for case in module.cases
)


@pytest.mark.parametrize(("pack", "rule"), [(pack.name, rule.id) for pack in packs() for rule in pack.rules])
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_a_rule_has_two_programs_of_each_kind(pack: str, rule: str, kind: str) -> None:
    if rule in EXCUSED:
        assert EXCUSED[rule]
        return
    assert COUNTS[pack, rule, kind] >= 2, (
        f"write {kind}_{rule.replace('-', '_')}_<n> in tests/policies/cases/{pack}_*.py"
    )


def test_no_case_is_about_a_rule_that_is_not_there() -> None:
    known = {(pack.name, rule.id) for pack in packs() for rule in pack.rules}
    assert {(pack, rule) for pack, rule, _ in COUNTS} <= known
