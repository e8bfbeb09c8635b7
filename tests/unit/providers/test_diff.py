"""Diff: what changes, what replaces, what is no difference at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewise.local.providers.blobs import NOTE
from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import ARCHIVE_SIGNATURE, SIGNATURE_KEY, UNKNOWN, Secret
from tests.unit.providers.desk import Desk, put
from tests.unit.providers.samples import DISTRIBUTION, POLICY, SAMPLES, archive

FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
DISTRIBUTION_TYPE = "aws:cloudfront/distribution:Distribution"


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


def change(aws: Desk, token: str, path: str, value: Any, **more: Any) -> Any:
    olds = aws.inputs(token, SAMPLES[token])
    news = aws.inputs(token, put(SAMPLES[token], path, value), olds=olds)
    return aws.diff(token, olds, news, **more)


@pytest.mark.parametrize("token", SAMPLES)
def test_same_program_is_no_difference(token: str) -> None:
    """GIVEN a resource in the state WHEN the same program is checked against it THEN nothing changes."""
    desk = Desk(token.split(":", maxsplit=1)[0])
    olds = desk.inputs(token, SAMPLES[token])
    assert not desk.diff(token, olds, desk.inputs(token, SAMPLES[token], olds=olds, seed=b"next")).changes


def test_update_names_the_property(aws: Desk) -> None:
    found = change(aws, FUNCTION, "memorySize", 512)
    assert (found.diffs, found.replaces, found.details) == (["memorySize"], [], {"memorySize": "UPDATE"})


REPLACES = [
    (token, name)
    for token, table in TABLES["aws"].items()
    for name in sorted(table.replaces)
    if name in ("name", "bucket", "key", "tableName", "distributionId", "tagKey", "topic", "eventSourceArn", "role")
]


@pytest.mark.parametrize(("token", "name"), REPLACES)
def test_replacement(aws: Desk, token: str, name: str) -> None:
    olds = aws.inputs(token, SAMPLES[token])
    news = {**olds, name: "another"}
    found = aws.diff(token, olds, news)
    assert found.replaces == [name]
    assert found.details[name].endswith("_REPLACE")


@pytest.mark.parametrize("token", [DISTRIBUTION_TYPE, "aws:cloudfront/cachePolicy:CachePolicy"])
def test_nothing_replaces_a_distribution_or_policy(aws: Desk, token: str) -> None:
    assert TABLES["aws"][token].replaces == frozenset()


@pytest.mark.parametrize("token", ["aws:lambda/permission:Permission", "aws:athena/namedQuery:NamedQuery"])
def test_everything_replaces(aws: Desk, token: str) -> None:
    olds = aws.inputs(token, SAMPLES[token])
    for name in SAMPLES[token]:
        assert aws.diff(token, olds, {**olds, name: "another"}).replaces == [name]


def test_nested_change_has_its_path(aws: Desk) -> None:
    path = "orderedCacheBehaviors[0].lambdaFunctionAssociations[0].lambdaArn"
    found = change(aws, DISTRIBUTION_TYPE, path, UNKNOWN)
    assert found.details == {path: "UPDATE"}
    assert found.diffs == ["orderedCacheBehaviors"]


def test_added_and_removed_properties(aws: Desk) -> None:
    assert change(aws, DISTRIBUTION_TYPE, "webAclId", UNKNOWN).details == {"webAclId": "ADD"}
    assert change(aws, DISTRIBUTION_TYPE, "orderedCacheBehaviors", []).details == {"orderedCacheBehaviors[0]": "DELETE"}


def test_key_that_is_no_word_is_quoted(aws: Desk) -> None:
    found = change(aws, "aws:s3/bucket:Bucket", "tags", {"edgewise:function": "face-match"})
    assert found.details["tags"] == "ADD"
    olds = aws.inputs("aws:s3/bucket:Bucket", {"tags": {"a:b": "1"}})
    news = aws.inputs("aws:s3/bucket:Bucket", {"tags": {"a:b": "2"}}, olds=olds)
    assert aws.diff("aws:s3/bucket:Bucket", olds, news).details == {
        'tags["a:b"]': "UPDATE",
        'tagsAll["a:b"]': "UPDATE",
    }


def test_archive_is_compared_by_hash(aws: Desk) -> None:
    """GIVEN the state's archive, hash only, WHEN the same bytes lie elsewhere THEN no difference."""
    olds = {**aws.inputs(FUNCTION, SAMPLES[FUNCTION]), "code": {SIGNATURE_KEY: ARCHIVE_SIGNATURE, "hash": "ab" * 32}}
    moved = aws.inputs(FUNCTION, {**SAMPLES[FUNCTION], "code": archive(path="elsewhere.zip")}, olds=olds)
    changed = aws.inputs(FUNCTION, {**SAMPLES[FUNCTION], "code": archive("cd" * 32)}, olds=olds)
    assert not aws.diff(FUNCTION, olds, moved).changes
    assert aws.diff(FUNCTION, olds, changed).details == {"code": "UPDATE"}


def test_notes_are_ignored(aws: Desk) -> None:
    olds = aws.inputs(FUNCTION, SAMPLES[FUNCTION])
    assert NOTE in olds
    stripped = {key: value for key, value in olds.items() if not key.startswith("__")}
    assert not aws.diff(FUNCTION, olds, stripped).changes


def test_equal_documents_are_no_difference(aws: Desk) -> None:
    olds = aws.inputs(ROLE, SAMPLES[ROLE])
    spaced = json.dumps(json.loads(POLICY), indent=4, sort_keys=True)
    assert not aws.diff(ROLE, olds, {**olds, "assumeRolePolicy": spaced}).changes
    assert aws.diff(ROLE, olds, {**olds, "assumeRolePolicy": "{}"}).diffs == ["assumeRolePolicy"]


def test_sets_have_no_order(aws: Desk) -> None:
    olds = aws.inputs(DISTRIBUTION_TYPE, DISTRIBUTION)
    methods = list(reversed(olds["orderedCacheBehaviors"][0]["allowedMethods"]))
    assert not aws.diff(DISTRIBUTION_TYPE, olds, put(olds, "orderedCacheBehaviors[0].allowedMethods", methods)).changes


def test_behaviours_have_an_order(aws: Desk) -> None:
    other = {**DISTRIBUTION["orderedCacheBehaviors"][0], "pathPattern": "/v1/other/*"}
    two = {**DISTRIBUTION, "orderedCacheBehaviors": [DISTRIBUTION["orderedCacheBehaviors"][0], other]}
    olds = aws.inputs(DISTRIBUTION_TYPE, two)
    turned = {**olds, "orderedCacheBehaviors": list(reversed(olds["orderedCacheBehaviors"]))}
    assert aws.diff(DISTRIBUTION_TYPE, olds, turned).changes


def test_whole_numbers_equal_floats(aws: Desk) -> None:
    olds = aws.inputs(FUNCTION, SAMPLES[FUNCTION])
    assert not aws.diff(FUNCTION, olds, {**olds, "memorySize": 128.0}).changes


def test_unknown_differs(aws: Desk) -> None:
    assert change(aws, FUNCTION, "role", UNKNOWN).diffs == ["role"]


def test_unknown_name_replaces(aws: Desk) -> None:
    assert change(aws, "aws:s3/bucketPolicy:BucketPolicy", "bucket", UNKNOWN).replaces == ["bucket"]


def test_secret_equals_its_text(aws: Desk) -> None:
    """A value that becomes secret changes nothing at AWS."""
    token = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
    olds = aws.inputs(token, SAMPLES[token])
    assert not aws.diff(token, olds, {**olds, "value": Secret("0")}).changes
    assert aws.diff(token, olds, {**olds, "value": Secret("1")}).diffs == ["value"]


def test_ignored_changes(aws: Desk) -> None:
    token = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
    assert not change(aws, token, "value", "1", ignore=("value",)).changes


@pytest.mark.parametrize(("given", "first"), [({"name": "fixed"}, True), ({}, False)])
def test_fixed_name_is_deleted_before_it_is_replaced(aws: Desk, given: dict[str, str], first: bool) -> None:
    """Two resources can't bear one name at once; an automatic name is made anew."""
    olds = aws.inputs(ROLE, {**SAMPLES[ROLE], **given})
    news = aws.inputs(ROLE, {**SAMPLES[ROLE], **given, "path": "/edge/"}, olds=olds)
    found = aws.diff(ROLE, olds, news)
    assert (found.replaces, found.delete_first) == (["path"], first)
