"""The stand-in plugins under the real engine: previews, updates, replacements, secrets, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from edgewise.local.providers.tables import TABLES
from tests.engine.providers_around import around_it
from tests.engine.providers_program import NAME, Knobs, endpoint
from tests.engine.providers_run import Machine, Run, engine_path

ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}"
EDGE, DISTRIBUTION = "Function edge", "Distribution distribution"
LAMBDA_PATH = "orderedCacheBehaviors[0].lambdaFunctionAssociations[0].lambdaArn"


@pytest.fixture(scope="module", autouse=True)
def on_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", engine_path())
        patch.delenv("AWS_REGION", raising=False)
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        yield


def knobs_in(folder: Path) -> Knobs:
    (folder / "edge.zip").write_bytes(b"PK\x05\x06" + bytes(18))  # an empty zip
    (folder / "model.onnx").write_bytes(b"a model")
    return Knobs(edge_zip=folder / "edge.zip", model=folder / "model.onnx")


def rewrite(knobs: Knobs) -> None:
    """Give the zip other bytes: the same empty zip with a comment."""
    knobs.edge_zip.write_bytes(b"PK\x05\x06" + bytes(16) + b"\x05\x00other")


@dataclass(kw_only=True)
class Story:
    """One stack's life, step by step."""

    first_preview: Run
    first: Run
    made: dict[str, Any]
    stored: str
    code_preview: Run
    code: Run
    published: dict[str, Any]
    refreshed: dict[str, Any]
    after_refresh: Run
    renamed: Run
    replaced: dict[str, Any]
    destroyed: Run
    left: dict[str, Any]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("endpoint")
    knobs = knobs_in(folder)
    machine = Machine(folder, lambda: endpoint(knobs))
    first_preview = machine.preview()
    first = machine.up()
    made, stored = machine.resources(), machine.stored_text()
    machine.preview(expect_no_changes=True)
    rewrite(knobs)
    code_preview = machine.preview()
    code = machine.up()
    published = machine.resources()
    machine.refresh()
    refreshed = machine.resources()
    knobs.closed_until = "99"  # ignored: the runtime writes it
    after_refresh = machine.preview(expect_no_changes=True)
    knobs.store = f"{NAME}-2"
    renamed = machine.up()
    replaced = machine.resources()
    destroyed = machine.destroy()
    return Story(
        first_preview=first_preview,
        first=first,
        made=made,
        stored=stored,
        code_preview=code_preview,
        code=code,
        published=published,
        refreshed=refreshed,
        after_refresh=after_refresh,
        renamed=renamed,
        replaced=replaced,
        destroyed=destroyed,
        left=machine.resources(),
    )


def test_first_preview_creates_everything(story: Story) -> None:
    assert set(story.first_preview.operations.values()) == {"create"}
    assert story.first_preview.operations == story.first.operations
    assert len(story.made) == len(story.first.operations) == 24


def test_outputs(story: Story) -> None:
    assert story.first.outputs["account"] == "000000000000"
    assert story.first.outputs["version"] == "1"
    assert story.first.outputs["host"].endswith(".cloudfront.net")


def test_state_links_the_chain(story: Story) -> None:
    """What the local edge reads: each end of the chain bears the other's name."""
    distribution = story.made[DISTRIBUTION]["outputs"]
    route = distribution["orderedCacheBehaviors"][0]
    assert route["lambdaFunctionAssociations"] == [
        {"eventType": "origin-request", "includeBody": True, "lambdaArn": f"{ARN}:1"}
    ]
    assert route["functionAssociations"][0]["functionArn"] == story.made["Function gate"]["outputs"]["arn"]
    assert distribution["origins"][0]["originAccessControlId"] == story.made["OriginAccessControl access"]["id"]
    bucket = story.made["Bucket models"]["outputs"]
    assert distribution["origins"][0]["domainName"] == bucket["bucketRegionalDomainName"]
    policy = json.loads(story.made["BucketPolicy read"]["outputs"]["policy"])
    assert policy["Statement"][0]["Condition"]["StringEquals"]["AWS:SourceArn"] == distribution["arn"]
    assert story.made[EDGE]["outputs"]["code"]["path"].endswith("edge.zip")


def test_secrets_are_never_plain_in_the_state(story: Story) -> None:
    """GIVEN a key in a store's entry and in a table's item THEN no file of the backend holds it in plain text."""
    key = story.first.outputs["key"]
    assert len(key) == 64
    entry = story.made["KeyvaluestoreKey key-k1"]
    for place in ("inputs", "outputs"):
        assert json.loads(entry[place]["value"]["plaintext"]) == key
    assert key in story.made["TableItem limits"]["outputs"]["item"]["plaintext"]
    assert NAME in story.stored
    assert key not in story.stored


def test_new_code_shows_in_the_preview(story: Story) -> None:
    """WHEN the zip changes THEN the preview changes the function and the one arn in the distribution, no more."""
    assert story.code_preview.changed() == {EDGE: "update", DISTRIBUTION: "update"}
    assert story.code_preview.paths[EDGE] == {"code"}
    assert story.code_preview.paths[DISTRIBUTION] == {LAMBDA_PATH}


def test_new_code_is_version_2(story: Story) -> None:
    assert story.code.changed() == {EDGE: "update", DISTRIBUTION: "update"}
    assert story.code.outputs["version"] == "2"
    assert story.code.outputs["host"] == story.first.outputs["host"]
    route = story.published[DISTRIBUTION]["outputs"]["orderedCacheBehaviors"][0]
    assert route["lambdaFunctionAssociations"][0]["lambdaArn"] == f"{ARN}:2"


def test_refresh_keeps_everything(story: Story) -> None:
    """The archive's place too, which the engine does not send for a refresh."""
    for name, before in story.published.items():
        after = story.refreshed[name]
        for part in ("id", "inputs", "outputs"):
            assert after.get(part) == before.get(part), name


def test_ignored_change_of_a_store_entry(story: Story) -> None:
    assert story.after_refresh.changed() == {}


def test_renamed_store_is_another_store(story: Story) -> None:
    """WHEN the store's fixed name changes THEN a new arn, new entries, and the gate follows."""
    replaced = ("KeyValueStore store", "KeyvaluestoreKey key-k1", "KeyvaluestoreKey closed-until")
    assert story.renamed.changed() == {**dict.fromkeys(replaced, "delete-replaced"), "Function gate": "update"}
    before, after = story.published, story.replaced
    assert after["KeyValueStore store"]["id"] == f"{NAME}-2"
    assert after["KeyValueStore store"]["outputs"]["arn"] != before["KeyValueStore store"]["outputs"]["arn"]
    new = after["KeyValueStore store"]["outputs"]["arn"]
    assert after["KeyvaluestoreKey key-k1"]["id"] == f"{new},key:k1"
    assert after["Function gate"]["outputs"]["keyValueStoreAssociations"] == [new]


def test_destroy_leaves_nothing(story: Story) -> None:
    assert set(story.destroyed.operations.values()) == {"delete"}
    assert story.left == {}


def test_all_other_types(tmp_path: Path) -> None:
    """GIVEN the types that watch, bound and record WHEN up twice THEN the second changes nothing, down to destroy."""
    machine = Machine(tmp_path, around_it)
    first = machine.up()
    machine.preview(expect_no_changes=True)
    machine.refresh()
    machine.preview(expect_no_changes=True)
    kinds = {entry["type"] for entry in machine.resources().values()}
    machine.destroy()
    assert machine.resources() == {}
    assert set(first.operations.values()) == {"create"}
    chain = {
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudfront/function:Function",
        "aws:cloudfront/keyValueStore:KeyValueStore",
        "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey",
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/tableItem:TableItem",
        "random:index/randomPassword:RandomPassword",
    }
    assert kinds | chain == {token for table in TABLES.values() for token in table}


def test_forced_replacement_has_a_new_id(tmp_path: Path) -> None:
    """GIVEN a distribution, which no change replaces, WHEN the user replaces it THEN id, arn and host are new."""
    machine = Machine(tmp_path, lambda: endpoint(knobs_in(tmp_path)))
    machine.up()
    before = machine.resources()[DISTRIBUTION]
    run = machine.up(replace=[before["urn"]])
    after = machine.resources()[DISTRIBUTION]
    assert run.operations["BucketPolicy read"] == "update"
    assert before["id"] != after["id"]
    assert before["outputs"]["domainName"] != after["outputs"]["domainName"]


def one_bucket() -> None:
    aws.s3.Bucket("models")


def another_type() -> None:
    aws.ecr.Repository("images")


def misspelled() -> None:
    one_bucket()
    pulumi.CustomResource("aws:s3/bucket:Bucket", "lake", {"forceDestroyed": True})


def latest_version(folder: Path) -> Callable[[], None]:
    knobs = knobs_in(folder)
    knobs.qualified = False
    return lambda: endpoint(knobs)


def error_of(action: Callable[[], object]) -> str:
    with pytest.raises(automation.CommandError) as error:
        action()
    return " ".join(str(error.value).split())


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_type_that_is_not_imitated(tmp_path: Path, verb: str) -> None:
    machine = Machine(tmp_path, another_type)
    said = error_of(getattr(machine, verb))
    assert "stand-in aws provider does not imitate aws:ecr/repository:Repository" in said
    assert machine.resources() == {}


def test_property_that_does_not_exist(tmp_path: Path) -> None:
    said = error_of(Machine(tmp_path, misspelled).preview)
    assert "forceDestroyed: no such property; the type has:" in said


def test_latest_version_at_the_edge(tmp_path: Path) -> None:
    """A preview can't know the arn; the update is refused in AWS's words, and what came before it is made."""
    machine = Machine(tmp_path, latest_version(tmp_path))
    machine.preview()
    said = error_of(machine.up)
    assert "InvalidLambdaFunctionAssociation" in said
    assert "(The ARN must end with the version number.)" in said
    assert DISTRIBUTION not in machine.resources()


def test_other_stack_is_previewed_and_never_changed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, one_bucket, stack="prod")
    assert machine.preview().operations == {"Bucket models": "create"}
    said = error_of(machine.up)
    assert "the stand-in aws provider must not create urn:pulumi:prod::edgewise::aws:s3/bucket:Bucket::models" in said
    assert machine.resources() == {}
