"""Queries that end in time."""

from __future__ import annotations

from policies.bounded_spend.scan_cutoff import GLUE_TABLE, RULE, WORKGROUP
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def _lake(**configuration: object) -> Parts:
    return good_endpoint().put("lake", GLUE_TABLE).put("queries", WORKGROUP, configuration=configuration)


def test_a_cut_off() -> None:
    stack = _lake(bytesScannedCutoffPerQuery=1e9, enforceWorkgroupConfiguration=True).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_no_cut_off() -> None:
    stack = _lake(enforceWorkgroupConfiguration=True).stack()
    assert figures(RULE, stack) == ["bytesScannedCutoffPerQuery is not set, at most 10000000000 is asked for"]


def test_a_cut_off_that_is_too_high() -> None:
    stack = _lake(bytesScannedCutoffPerQuery=1e11).stack()
    assert figures(RULE, stack) == ["bytesScannedCutoffPerQuery is 100000000000, more than 10000000000"]
    assert RULE.judge(stack, {"most_bytes": 1e11}).answer is Answer.COMPLIANT


def test_a_cut_off_that_clients_get_around() -> None:
    stack = _lake(bytesScannedCutoffPerQuery=1e9, enforceWorkgroupConfiguration=False).stack()
    assert names(RULE, stack) == ["queries"]


def test_a_table_without_a_workgroup() -> None:
    assert names(RULE, good_endpoint().put("lake", GLUE_TABLE).stack()) == ["lake"]


def test_a_cut_off_that_is_not_known() -> None:
    assert RULE.judge(_lake(bytesScannedCutoffPerQuery=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_no_lake_and_no_inference() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.NOT_APPLICABLE
    assert RULE.judge(Parts().put("queries", WORKGROUP).stack()).answer is Answer.NOT_APPLICABLE
