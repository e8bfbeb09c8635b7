"""Facts declared as tags: each value comes back as it was told, in what AWS takes as a tag."""

from __future__ import annotations

import re

import pytest

from edgewise.cost.bound import Assumed
from edgewise.cost.bound.declared import (
    FLOOD_TAG,
    MODEL_BYTES_TAG,
    PLAN_TAG,
    SIGNED_FLOOD_TAG,
    distribution_tags,
    model_tags,
)
from edgewise.cost.bound.endpoint import PLANS, Plan

# AWS, S3 User Guide, "Categorizing your objects using tags": keys up to 128 characters, values up to 256.
KEY, VALUE = re.compile(r"[A-Za-z0-9+=._:/ -]{1,128}"), re.compile(r"[A-Za-z0-9+=._:/ -]{0,256}")


@pytest.mark.parametrize("plan", PLANS)
def test_tags_say_the_plan_and_the_floods(plan: Plan) -> None:
    tags = distribution_tags(plan, Assumed(flood_rps=1_234, signed_flood_rps=56))
    assert tags == {PLAN_TAG: plan, FLOOD_TAG: "1234", SIGNED_FLOOD_TAG: "56"}


def test_a_tag_says_the_models_size() -> None:
    assert model_tags(5_826_108) == {MODEL_BYTES_TAG: "5826108"}


def test_aws_takes_the_tags() -> None:
    for key, value in (distribution_tags("premium", Assumed()) | model_tags(10**9)).items():
        assert KEY.fullmatch(key)
        assert not key.startswith("aws:")
        assert VALUE.fullmatch(value)
