"""The home Region's resources under the real engine: all there, quiet the second time, settle apart from the edge."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgewise.cost.audit.queries import QUERIES
from tests.project import Project

LAMBDA = "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
POLICY = "aws:iam/rolePolicy:RolePolicy"
TABLE = "aws:dynamodb/table:Table"
SETTLE = "edgewise-local-settle-lambda"

ONE_A_STACK = {
    "aws:athena/workgroup:Workgroup",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:glue/catalogDatabase:CatalogDatabase",
    "aws:glue/catalogTable:CatalogTable",
    MAPPING,
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queue:Queue",
}


@pytest.fixture(scope="module")
def state(deployed: Project) -> dict[str, dict[str, Any]]:
    """Give the state's resources by name, with what each depends on."""
    deployment = json.loads(deployed.pulumi("stack", "export", "--show-secrets").stdout)["deployment"]
    return {each["urn"].rpartition("::")[2]: each for each in deployment["resources"]}


def plain(value: Any) -> str:
    """Return a secret output's text."""
    return str(json.loads(value["plaintext"]))


def test_a_stack_has_one_of_each(state: dict[str, dict[str, Any]]) -> None:
    found = Counter(each["type"] for each in state.values())

    assert {kind: found[kind] for kind in ONE_A_STACK} == dict.fromkeys(ONE_A_STACK, 1)
    assert found["aws:athena/namedQuery:NamedQuery"] == len(QUERIES)
    assert found["aws:sns/topicSubscription:TopicSubscription"] >= 1


def test_all_of_it_is_quiet_the_second_time(deployed: Project) -> None:
    deployed.expect_no_changes()


def test_settle_is_made_after_its_log_group_and_read_for_after_its_rights(state: dict[str, dict[str, Any]]) -> None:
    needs = {
        name: {urn.rpartition("::")[2] for urn in state[name]["dependencies"]}
        for name in (SETTLE, "edgewise-local-settle-stream")
    }

    assert {"edgewise-local-settle-log-group", "edgewise-local-settle-permissions"} <= needs[SETTLE]
    assert {"edgewise-local-settle-permissions", SETTLE} <= needs["edgewise-local-settle-stream"]


def test_settle_holds_no_secret(state: dict[str, dict[str, Any]]) -> None:
    secrets = [
        plain(each["outputs"]["result"]) for each in state.values() if each["type"].startswith("random:index/random")
    ]
    function = state[SETTLE]["inputs"]
    shown = json.dumps(function["environment"]).encode()
    with zipfile.ZipFile(Path(function["code"]["path"])) as archive:
        shown += b"".join(archive.read(name) for name in archive.namelist() if name.startswith("inference/"))

    assert len(secrets) == 2
    for secret in secrets:
        assert secret.encode() not in shown


def test_settle_is_told_the_stacks_own_names(state: dict[str, dict[str, Any]]) -> None:
    told = state[SETTLE]["inputs"]["environment"]["variables"]

    assert told["TOPIC_ARN"] == state["edgewise-local-alerts-topic"]["outputs"]["arn"]
    assert told["LAKE_BUCKET"] == state["edgewise-local-lake-bucket"]["outputs"]["bucket"]
    store = state["edgewise-local-face-match-store"]["outputs"]["arn"]
    assert json.loads(told["FUNCTIONS"])["face-match"]["store"] == store


def test_one_changed_byte_in_settle_changes_its_function_only(deployed: Project) -> None:
    module = deployed.root / "inference" / "settle" / "levels.py"
    source = module.read_text()
    try:
        module.write_text(source + "\n")

        assert [(step.kind, step.name, step.op) for step in deployed.preview()] == [(LAMBDA, SETTLE, "update")]
    finally:
        module.write_text(source)


def test_a_new_stream_gets_a_new_mapping_and_settle_may_read_it(deployed: Project) -> None:
    """A stream that is switched off and on has another ARN; a mapping to the old one would be silent."""
    ledger = deployed.root / "infra" / "components" / "ledger.py"
    source = ledger.read_text()
    try:
        # GIVEN a table under another name: its stream is another, too
        ledger.write_text(source.replace("name=args.table_name,", 'name=f"{args.table_name}-2",'))
        steps = {(step.kind, step.name): step.op for step in deployed.preview()}
    finally:
        ledger.write_text(source)

    # THEN
    assert "replace" in steps[TABLE, "edgewise-local-ledger-table"]
    assert "replace" in steps[MAPPING, "edgewise-local-settle-stream"]
    assert steps[POLICY, "edgewise-local-settle-permissions"] == "update"
