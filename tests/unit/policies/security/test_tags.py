"""Cost allocation tags."""

from __future__ import annotations

import inspect

import pulumi_aws as aws

from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.security.tags import RULE, TAGGABLE
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import good

KEYS = {"keys": ["edgewise:function"]}
TAGS = {"edgewise:environment": "test", "edgewise:cost-centre": "edge", "edgewise:function": "face-match"}


def _tagged() -> Parts:
    parts = good()
    for short, part in parts.parts.items():
        if part.type in TAGGABLE:
            parts = parts.changed(short, tags=TAGS)
    return parts


def test_a_tagged_endpoint_is_compliant() -> None:
    assert RULE.judge(_tagged().stack()).answer is Answer.COMPLIANT


def test_default_tags_of_the_provider_count() -> None:
    stack = _tagged().changed("table", tags=None, tagsAll=TAGS).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_no_tags() -> None:
    stack = _tagged().changed("table", tags=None).stack()
    assert names(RULE, stack) == ["table"]
    assert figures(RULE, stack) == ["it lacks 2 of 2 tags: edgewise:environment, edgewise:cost-centre"]


def test_a_tag_that_is_empty_or_not_known() -> None:
    for value in ("", UNKNOWN):
        stack = _tagged().changed("table", tags=TAGS | {"edgewise:cost-centre": value}).stack()
        assert figures(RULE, stack) == ["it lacks 1 of 2 tags: edgewise:cost-centre"]


def test_which_tags_are_asked_for_is_a_setting() -> None:
    stack = _tagged().changed("table", tags={"edgewise:function": "face-match"}).stack()
    assert RULE.judge(stack, KEYS).answer is Answer.COMPLIANT


def test_tags_that_are_not_known() -> None:
    stack = _tagged().changed("table", tags=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE


def test_what_is_asked_for_tags_takes_tags() -> None:
    for token in TAGGABLE:
        module, name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
        kind = getattr(getattr(aws, {"lambda": "lambda_"}.get(module, module)), name)
        assert "tags" in inspect.signature(kind._internal_init).parameters, token


def test_the_remedy_adds_what_is_missing_and_leaves_the_rest() -> None:
    assert RULE.remedy is not None
    settings = RULE.settings()
    mended = RULE.remedy.mend(TAGGABLE[0], {"tags": {"edgewise:cost-centre": "edge"}, "name": "a"}, settings)
    assert mended == {"tags": {"edgewise:cost-centre": "edge", "edgewise:environment": "unassigned"}, "name": "a"}
    assert RULE.remedy.mend(TAGGABLE[0], {"tags": TAGS}, settings) is None
    assert RULE.remedy.mend(TAGGABLE[0], {"tagsAll": TAGS}, settings) is None
