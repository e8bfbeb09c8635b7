"""Secrets in plain places."""

from __future__ import annotations

import json

import pytest

from policies.core.endpoint import LAMBDA, STORE_KEY, TABLE_ITEM
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer, message
from policies.security.secrets_wrapped import PARAMETER, PLAIN_DRAWS, RULE, TASKS, WORKERS
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import good

SECRET = "0123456789abcdef"


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("name", ["SIGNING_KEY", "DB_PASSWORD", "apiKey", "FETCH_TOKEN", "CLIENT_SECRET"])
def test_a_secret_in_a_functions_environment(name: str) -> None:
    stack = Parts().put("function", LAMBDA, environment={"variables": {name: SECRET}}).stack()
    verdict = RULE.judge(stack)
    assert names(RULE, stack) == ["function"]
    assert name in figures(RULE, stack)[0]
    assert SECRET not in "".join(message(RULE, each) for each in verdict.findings)


@pytest.mark.parametrize("name", ["SECRET_ARN", "TOKEN_URL", "TOKEN_TTL_SECONDS", "PARAMETER_NAME", "KEY_ID", "TABLE"])
def test_what_only_points_at_a_secret(name: str) -> None:
    stack = Parts().put("function", LAMBDA, environment={"variables": {name: "value"}}).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_value_that_is_not_known_yet_is_named_all_the_same() -> None:
    stack = Parts().put("function", LAMBDA, environment={"variables": {"API_KEY": UNKNOWN}}).stack()
    assert names(RULE, stack) == ["function"]


@pytest.mark.parametrize("kind", WORKERS)
def test_a_workers_bindings(kind: str) -> None:
    plain = {"type": "plain_text", "name": "SIGNING_KEY", "text": SECRET}
    assert names(RULE, Parts().put("worker", kind, bindings=[UNKNOWN, plain]).stack()) == ["worker"]
    secret = plain | {"type": "secret_text"}
    assert RULE.judge(Parts().put("worker", kind, bindings=[secret]).stack()).answer is Answer.COMPLIANT


def test_a_parameter_in_plain() -> None:
    stack = Parts().put("parameter", PARAMETER, name="/edge/signing-key", type="String", value=SECRET).stack()
    assert figures(RULE, stack) == ["type is String, not SecureString"]
    wrapped = Parts().put("parameter", PARAMETER, name="/edge/signing-key", type="SecureString", value=SECRET).stack()
    assert RULE.judge(wrapped).answer is Answer.COMPLIANT
    harmless = Parts().put("parameter", PARAMETER, name="/edge/region", type="String").stack()
    assert RULE.judge(harmless).answer is Answer.COMPLIANT


def test_a_parameters_kind_that_is_not_known() -> None:
    stack = Parts().put("parameter", PARAMETER, name="/edge/signing-key", type=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_tasks_environment() -> None:
    containers = [{"name": "web", "environment": [{"name": "DB_PASSWORD", "value": SECRET}]}]
    stack = Parts().put("task", TASKS, containerDefinitions=json.dumps(containers)).stack()
    assert figures(RULE, stack)[0].startswith("environment DB_PASSWORD")
    for unread in (UNKNOWN, "no json", "{}"):
        assert RULE.judge(Parts().put("task", TASKS, containerDefinitions=unread).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("draw", PLAIN_DRAWS)
def test_keys_drawn_in_plain(draw: str) -> None:
    parts = Parts().put("draw", draw)
    entry = parts.put("key", STORE_KEY, {"value": "draw"}, key="key:k1", value=UNKNOWN).stack()
    assert names(RULE, entry) == ["key"]
    item = parts.put("item", TABLE_ITEM, {"item": "draw"}, item=UNKNOWN).stack()
    assert figures(RULE, item)[0].startswith(f"item comes from {draw}")


def test_a_key_drawn_as_a_secret() -> None:
    parts = Parts().put("draw", "random:index/randomPassword:RandomPassword")
    stack = parts.put("key", STORE_KEY, {"value": "draw"}, key="key:k1", value=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_nothing_that_could_hold_a_secret() -> None:
    assert RULE.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE
