"""Log groups and where they must be."""

from __future__ import annotations

import pytest

from inference.telemetry import EDGE_REGIONS as INFERENCE_REGIONS
from policies.bounded_spend.log_retention import RULE
from policies.core.endpoint import LOG_GROUP
from policies.core.regions import EDGE_REGIONS
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def test_the_rule_knows_the_regions_that_the_platform_logs_in() -> None:
    assert EDGE_REGIONS == INFERENCE_REGIONS


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("days", [0.0, None])
def test_a_group_that_never_expires(days: float | None) -> None:
    stack = good_endpoint().changed("logs-settle", retentionInDays=days).stack()
    assert names(RULE, stack) == ["logs-settle"]


def test_regions_without_a_group() -> None:
    stack = good_endpoint().without("logs-eu-west-2", "logs-sa-east-1").stack()
    assert names(RULE, stack) == ["function"]
    assert figures(RULE, stack) == ["2 of 13 edge Regions have no log group of it: eu-west-2, sa-east-1"]


def test_groups_of_another_function_do_not_count() -> None:
    stack = good_endpoint().changed("function", name="renamed").stack()
    assert figures(RULE, stack)[0].startswith("13 of 13 edge Regions")


@pytest.mark.parametrize(("group", "function"), [("logs-settle", "settle"), ("logs-face-match-guard", "guard")])
def test_a_home_function_without_a_group(group: str, function: str) -> None:
    assert names(RULE, good_endpoint().without(group).stack()) == [function]


def test_a_group_whose_name_comes_from_the_function() -> None:
    stack = good_endpoint().changed("logs-settle", {"name": "settle"}, name=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_function_that_names_its_group() -> None:
    parts = good_endpoint().changed("settle", loggingConfig={"logGroup": "settle-logs"})
    assert names(RULE, parts.stack()) == ["settle"]
    assert RULE.judge(parts.changed("logs-settle", name="settle-logs").stack()).answer is Answer.COMPLIANT


def test_the_group_that_aws_chose_is_not_the_one_at_the_edge() -> None:
    """A second preview shows what the provider read."""
    chosen = {"logGroup": "/aws/lambda/edgewise-test-face-match", "logFormat": "Text"}
    stack = good_endpoint().changed("function", loggingConfig=chosen).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_retention_that_is_not_known() -> None:
    stack = good_endpoint().changed("logs-settle", retentionInDays=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("logs", LOG_GROUP, name="site").stack()).answer is Answer.NOT_APPLICABLE


def test_the_remedy_sets_what_is_missing_and_leaves_the_rest() -> None:
    assert RULE.remedy is not None
    settings = RULE.settings()
    mended = RULE.remedy.mend(LOG_GROUP, {"name": "logs", "retentionInDays": 0}, settings)
    assert mended == {"name": "logs", "retentionInDays": 14}
    assert RULE.remedy.mend(LOG_GROUP, {"retentionInDays": 30}, settings) is None
