"""The real program under the real engine: what an update does, and what it leaves alone."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from edgewise import engine
from edgewise.paths import PROJECT_ROOT
from tests.project import FUNCTIONS, Project, only

LAMBDA = "aws:lambda/function:Function"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
ITEM = "aws:dynamodb/tableItem:TableItem"
TABLE = "aws:dynamodb/table:Table"
EDGE_FUNCTION = "edgewise-local-face-match-lambda"


def kinds(project: Project) -> Counter[str]:
    return Counter(resource["type"] for resource in project.resources())


def names(project: Project) -> list[str]:
    return [resource["urn"].rpartition("::")[2] for resource in project.resources()]


def edge_function(project: Project) -> dict[str, Any]:
    (found,) = [each for each in project.resources() if each["urn"].endswith(f"{LAMBDA}::{EDGE_FUNCTION}")]
    return found


def output_of(project: Project, key: str) -> object:
    return project.outputs()["endpoints"]["face-match"][key]


def test_an_update_makes_the_whole_endpoint(deployed: Project) -> None:
    found = kinds(deployed)

    assert len([name for name in names(deployed) if name.startswith("edgewise-local-face-match-log-group-")]) == 13
    assert names(deployed).count(EDGE_FUNCTION) == found[DISTRIBUTION] == 1
    assert str(output_of(deployed, "url")).startswith("https://d")


def test_a_second_preview_is_empty(deployed: Project) -> None:
    deployed.expect_no_changes()


def test_a_second_update_changes_nothing(deployed: Project) -> None:
    before = deployed.resources()

    deployed.up()

    assert deployed.resources() == before


def test_a_refresh_changes_nothing(deployed: Project) -> None:
    deployed.pulumi("refresh", "--yes", "--expect-no-changes")


def test_one_changed_byte_in_inference_changes_the_function_and_its_distribution_only(deployed: Project) -> None:
    module = deployed.root / "inference" / "lease.py"
    source, digest = module.read_text(), output_of(deployed, "zip_sha256")
    try:
        # WHEN one byte is added
        module.write_text(source + "\n")
        changed = {(step.name, step.op) for step in deployed.preview()}
        deployed.up()

        # THEN
        assert changed == {(EDGE_FUNCTION, "update"), ("edgewise-local-face-match-distribution", "update")}
        assert output_of(deployed, "zip_sha256") != digest
    finally:
        # WHEN it is taken away again
        module.write_text(source)
        deployed.up()

    # THEN
    assert output_of(deployed, "zip_sha256") == digest
    assert edge_function(deployed)["outputs"]["version"] == "3"


def test_a_changed_quota_changes_the_limits_item_and_who_tells_of_the_bound(deployed: Project) -> None:
    settings = deployed.stack_file().read_text()
    try:
        deployed.change_function(daily_quota=19_999)

        # Settle and the dashboard know what the worst month costs; no edge does.
        assert {(step.name, step.op) for step in deployed.preview()} == {
            ("edgewise-local-ledger-limits-face-match", "update"),
            ("edgewise-local-settle-lambda", "update"),
            ("edgewise-local-dashboard-dashboard", "update"),
        }
    finally:
        deployed.stack_file().write_text(settings)


def limits_of(project: Project) -> dict[str, Any]:
    (item,) = [each for each in project.resources() if each["urn"].endswith("-ledger-limits-face-match")]
    content: dict[str, Any] = json.loads(item["inputs"]["item"])
    return content


def test_the_limits_item_says_what_the_settings_say(deployed: Project) -> None:
    found = {name: value["N"] for name, value in limits_of(deployed).items() if "N" in value}
    assert found == {
        "daily_quota": "20000",
        "ms_per_request": "40",
        "cold_grants_daily": "125",
        "renewals_daily": "800",
        "lease_least": "4",
        "lease_requests": "50",
        "lease_seconds": "600",
    }


def test_no_resource_holds_a_count(deployed: Project) -> None:
    """The counter is the runtime's: neither a refresh nor an update can put it back."""
    text = json.dumps(deployed.resources())
    assert "counter#face-match#cloudfront" in text  # the role names it
    assert "day_remaining" not in text
    (table,) = [each for each in deployed.resources() if each["type"] == TABLE]
    assert table["inputs"]["streamViewType"] == "NEW_AND_OLD_IMAGES"
    assert table["inputs"]["pointInTimeRecovery"]["enabled"] is True


def test_a_refresh_and_an_update_after_a_changed_quota_keep_the_limits_item_as_written(deployed: Project) -> None:
    settings = deployed.stack_file().read_text()
    try:
        deployed.change_function(daily_quota=15_000, monthly_quota=100_000)
        deployed.up()
        assert limits_of(deployed)["daily_quota"] == {"N": "15000"}
        assert limits_of(deployed)["monthly_quota"] == {"N": "100000"}

        deployed.pulumi("refresh", "--yes", "--expect-no-changes")
        deployed.expect_no_changes()
    finally:
        deployed.stack_file().write_text(settings)
        deployed.up()
    assert "monthly_quota" not in limits_of(deployed)


def test_a_function_under_another_name_gets_a_limits_item_of_its_own_and_the_table_stays(deployed: Project) -> None:
    settings = deployed.stack_file().read_text()
    try:
        deployed.stack_file().write_text(
            settings.replace("\n    face-match:\n      model", "\n    faces:\n      model")
        )
        steps = deployed.preview()

        # A new name is a new counter: the old limits item goes, and with it whatever could still lease.
        assert sorted((step.name, step.op) for step in steps if step.kind == ITEM) == [
            (f"edgewise-local-ledger-{item}-{function}", op)
            for item in ("limits", "source")
            for function, op in (("face-match", "delete"), ("faces", "create"))
        ]
        assert not [step for step in steps if step.kind == TABLE]
    finally:
        deployed.stack_file().write_text(settings)


@pytest.mark.parametrize(("stack", "protects"), [("dev", False), ("staging", True), ("prod", True)])
def test_a_first_preview_shows_whether_the_table_is_protected_and_what_may_be_granted(
    stack: str, protects: bool, project: Project
) -> None:
    answer = project.pulumi("preview", "--json", stack=stack)
    planned = {step["urn"].rpartition("::")[2]: step["newState"] for step in json.loads(answer.stdout)["steps"]}
    (table,) = [state for state in planned.values() if state["type"] == TABLE]
    assert table["inputs"]["deletionProtectionEnabled"] is protects
    assert table.get("protect", False) is protects
    assert table["inputs"]["billingMode"] == "PAY_PER_REQUEST"

    # The numbers stand there before anything is deployed; the address is unknown, and the token hides it in any case.
    limits = json.loads(planned[f"edgewise-{stack}-ledger-limits-face-match"]["inputs"]["item"])
    assert {"daily_quota", "ms_per_request", "cold_grants_daily", "renewals_daily", "lease_least"} <= set(limits)
    assert "model_url" not in str(planned[f"edgewise-{stack}-ledger-source-face-match"]["inputs"]["item"])


def test_a_renamed_function_is_replaced_and_its_distribution_follows(deployed: Project) -> None:
    settings = deployed.stack_file().read_text()
    before = {each["urn"]: each["id"] for each in deployed.resources() if each["type"] in {LAMBDA, DISTRIBUTION}}
    try:
        # Its log groups go with it: bounded_spend refuses a function that logs where nothing expires.
        groups = {"name": "/aws/lambda/us-east-1.edgewise-local-other"}
        deployed.change_function(customize={"lambda": {"name": "edgewise-local-other"}, "log-group": groups})
        deployed.up()

        after = {each["urn"]: each["id"] for each in deployed.resources() if each["type"] in {LAMBDA, DISTRIBUTION}}
        moved = {urn.rpartition("::")[2] for urn in before if before[urn] != after[urn]}
        assert moved == {"edgewise-local-face-match-lambda"}
        (distribution,) = [each for each in deployed.resources() if each["type"] == DISTRIBUTION]
        (behaviour, _) = distribution["outputs"]["orderedCacheBehaviors"]
        assert behaviour["lambdaFunctionAssociations"][0]["lambdaArn"].endswith(":function:edgewise-local-other:1")
    finally:
        deployed.stack_file().write_text(settings)
        deployed.up()
    deployed.expect_no_changes()


def test_a_rotation_keeps_the_old_key_until_it_is_taken_away(deployed: Project) -> None:
    settings = deployed.stack_file().read_text()
    old = deployed.outputs()["signing_keys"]["face-match"]["k1"]
    try:
        deployed.stack_file().write_text(settings.replace("config:", "config:\n  edgewise:keyIds: [k2, k1]"))
        deployed.up()

        keys = deployed.outputs()["signing_keys"]["face-match"]
        assert keys["k1"] == old
        assert keys["k2"] != old
        assert output_of(deployed, "kid") == "k2"
    finally:
        deployed.stack_file().write_text(settings)
        deployed.up()


def test_no_secret_stands_in_plain_text_in_state_or_output(deployed: Project) -> None:
    secrets = [
        _plain(resource["outputs"]["result"])
        for resource in deployed.resources()
        if resource["type"] == "random:index/randomPassword:RandomPassword"
    ]

    assert len(secrets) == 2
    shown = deployed.pulumi("stack", "export").stdout + (deployed.root / "up.log").read_text()
    shown += "".join(path.read_text() for path in (deployed.root / ".edgewise" / "state").rglob("*.json"))
    for secret in secrets:
        assert len(secret) == 64
        assert secret not in shown


def _plain(value: object) -> str:
    assert isinstance(value, dict)
    return str(json.loads(value["plaintext"]))


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_cloud_stack_is_previewed_without_a_cloud_and_without_a_trace(
    stack: str, project: Project, deployed: Project
) -> None:
    before = project.stack_file(stack).read_text()

    with (project.root / f"{stack}.log").open("w") as log:
        engine.preview(stack, output=log, root=project.root)

    # As many as the local stack has made; providers are counted apart.
    made = len([each for each in deployed.resources() if not each["type"].startswith("pulumi:providers:")])
    assert f"{made} to create" in (project.root / f"{stack}.log").read_text()
    assert project.stack_file(stack).read_text() == before


def test_the_checkout_is_as_it_was(deployed: Project) -> None:
    assert deployed.root != PROJECT_ROOT
    shipped = (PROJECT_ROOT / "stacks" / "Pulumi.local.yaml").read_text()
    assert deployed.stack_file().read_text() == only(shipped, FUNCTIONS)
