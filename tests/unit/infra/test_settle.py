"""Settle under mocks: what wakes it, what it is told, what it may do."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edgewise.cost.bound import Settle as CountedSettle
from edgewise.cost.unit_prices import UnitPrices
from infra.bundle import HomeZip
from infra.components.component import CustomizeError
from infra.components.settle import SettleArgs, SettledFunction, SettleError, SettleFunction, require_room
from infra.components.statements import ON_EVERYTHING, allow_on_everything
from infra.limits import STAND_IN_ACCOUNT
from tests.unit.infra.program import statements, under_mocks

TAGS = {"edgewise:environment": "dev"}
STORE = f"arn:aws:cloudfront::{STAND_IN_ACCOUNT}:key-value-store/00000000-0000-0000-0000-000000000000"
PRICES = UnitPrices(
    fixed=Decimal("13.169605600417"),
    request=Decimal("0.000005720977"),
    lease=Decimal("0.000231540583"),
    cold=Decimal("0.000315059087"),
)
ZIP = HomeZip(
    path=Path("settle.zip"), sha256="0" * 64, runtime="python3.13", handler="inference.settle.handler.handler"
)


def settled(**changes: Any) -> SettledFunction:
    function = SettledFunction(store_arn=STORE, budget_usd=Decimal(45), bound_usd=Decimal("43.90"), prices=PRICES)
    return replace(function, **changes)


def settle(**changes: Any) -> SettleFunction:
    args = SettleArgs(
        physical_name="edgewise-dev-settle",
        stack="dev",
        home_zip=ZIP,
        counted=CountedSettle(),
        stream_arn="arn:ledger/stream/1",
        topic_arn="arn:topic",
        lake_arn="arn:lake",
        lake_bucket="lake",
        functions={"face-match": settled(), "liveness": settled(store_arn="arn:other-store")},
        log_retention_days=14,
        tags=TAGS,
    )
    return SettleFunction("edgewise-dev-settle", replace(args, **changes))


def test_settle_is_what_the_bound_counts_with_a_concurrency_of_its_own() -> None:
    function = under_mocks(settle).only("aws:lambda/function:Function").properties

    counted = CountedSettle()
    assert (function["memorySize"], function["timeout"]) == (counted.memory_mb, counted.timeout_s)
    assert function["reservedConcurrentExecutions"] == 2
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["x86_64"])
    assert function["handler"] == "inference.settle.handler.handler"


def test_settle_is_told_every_function_in_text_and_no_secret() -> None:
    function = under_mocks(settle).only("aws:lambda/function:Function").properties

    variables = function["environment"]["variables"]
    assert {name: variables[name] for name in ("TOPIC_ARN", "LAKE_BUCKET", "STACK")} == {
        "TOPIC_ARN": "arn:topic",
        "LAKE_BUCKET": "lake",
        "STACK": "dev",
    }
    told = json.loads(variables["FUNCTIONS"])
    assert set(told) == {"face-match", "liveness"}
    assert told["face-match"] == {
        "store": STORE,
        "budget": "45",
        "bound": "43.9",
        "fixed": "13.169605600417",
        "request": "0.000005720977",
        "lease": "0.000231540583",
        "cold": "0.000315059087",
    }


def many(number: int) -> dict[str, SettledFunction]:
    return {f"function-with-a-long-name-{each:04}": settled() for each in range(number)}


def test_more_functions_than_settle_can_be_told_of_are_refused_with_both_figures() -> None:
    with pytest.raises(SettleError, match=r"stack dev: settle's environment takes \d+ bytes for 40 .* accepts 4096"):
        require_room("dev", many(40))


def fits(number: int) -> bool:
    try:
        require_room("dev", many(number))
    except SettleError:
        return False
    return True


def test_the_environments_size_is_never_told_too_small() -> None:
    """Whatever is accepted fits with the longest ARN of each kind."""
    most = max(number for number in range(40) if fits(number))
    program = under_mocks(lambda: settle(functions=many(most)))

    variables = program.only("aws:lambda/function:Function").properties["environment"]["variables"]
    real = sum(len(name) + len(value) for name, value in variables.items())
    longest = {"TOPIC_ARN": 36 + 80, "LAKE_BUCKET": 63}
    assert real + sum(length - len(variables[name]) for name, length in longest.items()) <= 4096
    assert most >= 10


def test_the_mapping_loses_nothing_and_runs_no_oftener_than_the_bound_counts() -> None:
    program = under_mocks(settle)

    mapping = program.only("aws:lambda/eventSourceMapping:EventSourceMapping").properties
    assert mapping["eventSourceArn"] == "arn:ledger/stream/1"
    assert mapping["functionName"] == "arn:edgewise-dev-settle-lambda"
    assert mapping["startingPosition"] == "TRIM_HORIZON"
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["maximumRetryAttempts"] == CountedSettle().retries
    assert mapping["bisectBatchOnFunctionError"] is False
    assert 60 <= mapping["maximumRecordAgeInSeconds"] < 86_400
    assert (mapping["batchSize"], mapping["parallelizationFactor"]) == (100, 1)
    assert mapping["destinationConfig"] == {"onFailure": {"destinationArn": "arn:edgewise-dev-settle-dead-letters"}}


@pytest.mark.parametrize(
    ("key", "passes"),
    [
        ("counter#face-match#cloudfront", True),
        ("limits#face-match", False),
        ("override#face-match", False),
        ("action#face-match#2026-11-24T00:00:00Z#abcdef", False),
        ("guard#face-match", False),
    ],
)
def test_only_counters_wake_settle(key: str, passes: bool) -> None:
    mapping = under_mocks(settle).only("aws:lambda/eventSourceMapping:EventSourceMapping").properties

    (only,) = mapping["filterCriteria"]["filters"]
    (rule,) = json.loads(only["pattern"])["dynamodb"]["NewImage"]["pk"]["S"]
    assert key.startswith(rule["prefix"]) is passes


def test_dead_letters_are_kept_as_long_as_sqs_keeps_anything() -> None:
    queue = under_mocks(settle).only("aws:sqs/queue:Queue").properties

    assert queue["name"] == "edgewise-dev-settle-dead-letters"
    assert (queue["messageRetentionSeconds"], queue["sqsManagedSseEnabled"]) == (14 * 86_400, True)


def test_settles_log_group_expires_and_is_the_only_one_it_may_write() -> None:
    program = under_mocks(settle)

    group = program.only("aws:cloudwatch/logGroup:LogGroup").properties
    assert (group["name"], group["retentionInDays"]) == ("/aws/lambda/edgewise-dev-settle", 14)
    logs = statements(program, "aws:iam/rolePolicy:RolePolicy")["WriteOwnLogs"]
    assert logs["Resource"] == "arn:edgewise-dev-settle-log-group:*"
    # The group is there before the function, so that no call makes one that never expires.
    assert "logs:CreateLogGroup" not in logs["Action"]


def test_settle_can_do_exactly_this() -> None:
    policy = statements(under_mocks(settle), "aws:iam/rolePolicy:RolePolicy")

    allowed: dict[str, set[str]] = {}
    for statement in policy.values():
        assert statement["Effect"] == "Allow"
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for action in actions:
            allowed.setdefault(action, set()).update(resources)
    stores = {STORE, "arn:other-store"}
    assert allowed == {
        "dynamodb:DescribeStream": {"arn:ledger/stream/1"},
        "dynamodb:GetRecords": {"arn:ledger/stream/1"},
        "dynamodb:GetShardIterator": {"arn:ledger/stream/1"},
        "dynamodb:ListStreams": {"*"},
        "s3:PutObject": {"arn:lake/receipts/*", "arn:lake/alerts/*"},
        "s3:GetObject": {"arn:lake/alerts/*"},
        "sns:Publish": {"arn:topic"},
        "cloudfront-keyvaluestore:DescribeKeyValueStore": stores,
        "cloudfront-keyvaluestore:GetKey": stores,
        "cloudfront-keyvaluestore:PutKey": stores,
        "sqs:SendMessage": {"arn:edgewise-dev-settle-dead-letters"},
        "logs:CreateLogStream": {"arn:edgewise-dev-settle-log-group:*"},
        "logs:PutLogEvents": {"arn:edgewise-dev-settle-log-group:*"},
    }
    assert {action for action, resources in allowed.items() if "*" in resources} <= set(ON_EVERYTHING)


def test_an_action_that_knows_resources_is_not_granted_on_everything() -> None:
    with pytest.raises(ValueError, match=r"s3:PutObject is not in ON_EVERYTHING .*: name its resource"):
        allow_on_everything("Anything", "s3:PutObject")


def test_an_account_that_may_reserve_no_concurrency_can_say_so() -> None:
    program = under_mocks(lambda: settle(customize={"lambda": {"reserved_concurrent_executions": -1}}))

    assert program.only("aws:lambda/function:Function").properties["reservedConcurrentExecutions"] == -1


def test_a_child_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CustomizeError, match=r"customize names nonsense; .* has the children"):
        under_mocks(lambda: settle(customize={"nonsense": {}}))
