"""Check: names, region, tags, defaults, documents, and names and types that don't exist."""

from __future__ import annotations

import json
import re

import pytest
from pulumi.runtime.proto import provider_pb2

from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import UNKNOWN
from tests.unit.providers.desk import Desk, put
from tests.unit.providers.samples import DISTRIBUTION, POLICY, SAMPLES

BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
QUEUE = "aws:sqs/queue:Queue"
DISTRIBUTION_TYPE = "aws:cloudfront/distribution:Distribution"
Autonaming = provider_pb2.CheckRequest.AutonamingOptions

NAMED = [token for token, table in TABLES["aws"].items() if table.auto_name]


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


@pytest.mark.parametrize("token", NAMED)
def test_automatic_name_has_its_form(aws: Desk, token: str) -> None:
    """GIVEN no name WHEN checked THEN the logical name and drawn characters, listed under __defaults."""
    naming = TABLES["aws"][token].auto_name
    assert naming is not None
    found = aws.inputs(token, SAMPLES[token], name="my-thing")
    pattern = {"hex": "my-thing-[0-9a-f]{7}", "letters": "my-thing_[a-z]{8}", "logical": "my-thing"}[naming.form]
    assert re.fullmatch(pattern, found[naming.prop])
    assert naming.prop in found["__defaults"]


def test_automatic_name_follows_the_engines_seed(aws: Desk) -> None:
    """WHEN the seed is the same THEN so is the name; another seed or another logical name gives another."""
    first = aws.inputs(ROLE, SAMPLES[ROLE])["name"]
    assert aws.inputs(ROLE, SAMPLES[ROLE])["name"] == first
    assert aws.inputs(ROLE, SAMPLES[ROLE], seed=b"another seed")["name"] != first
    assert aws.inputs(ROLE, SAMPLES[ROLE], name="other")["name"][-7:] != first[-7:]


def test_automatic_name_is_kept(aws: Desk) -> None:
    olds = aws.inputs(ROLE, SAMPLES[ROLE])
    news = aws.inputs(ROLE, {**SAMPLES[ROLE], "description": "new"}, olds=olds, seed=b"another seed")
    assert news["name"] == olds["name"]
    assert "name" in news["__defaults"]


def test_name_that_the_program_gave_is_not_kept_when_taken_away(aws: Desk) -> None:
    olds = aws.inputs(ROLE, {**SAMPLES[ROLE], "name": "given"})
    assert "name" not in olds["__defaults"]
    news = aws.inputs(ROLE, SAMPLES[ROLE], olds=olds)
    assert re.fullmatch("thing-[0-9a-f]{7}", news["name"])


def test_bucket_name_is_lower_case(aws: Desk) -> None:
    assert aws.inputs(BUCKET, {}, name="MyBucket")["bucket"].startswith("mybucket-")


def test_fifo_name_ends_in_fifo(aws: Desk) -> None:
    assert re.fullmatch(r"jobs-[0-9a-f]{7}\.fifo", aws.inputs(QUEUE, {"fifoQueue": True}, name="jobs")["name"])


@pytest.mark.parametrize(
    ("token", "max_length"), [(BUCKET, 63), (FUNCTION, 64), (ROLE, 64), ("aws:sns/topic:Topic", 80), (QUEUE, 80)]
)
def test_automatic_name_too_long(aws: Desk, token: str, max_length: int) -> None:
    longest = "a" * (max_length - 8)
    aws.inputs(token, SAMPLES[token], name=longest)
    _, failures = aws.check(token, SAMPLES[token], name=longest + "a")
    (reason,) = failures.values()
    assert f"has {max_length + 1} characters, at most {max_length} are allowed" in reason


@pytest.mark.parametrize(
    "token",
    ["aws:cloudfront/function:Function", "aws:cloudfront/originAccessControl:OriginAccessControl"],
)
def test_automatic_name_trap(aws: Desk, token: str) -> None:
    """The provider names up to 255 characters where AWS takes 64: a long logical name fails."""
    name = "a" * 60
    if token.endswith("OriginAccessControl"):
        _, failures = aws.check(token, SAMPLES[token], name=name)
        assert "at most 64" in failures["name"]
    else:
        inputs = aws.inputs(token, SAMPLES[token], name=name)
        with pytest.raises(Exception, match="InvalidArgument: name"):
            aws.create(token, inputs)


def test_autonaming_setting_proposes(aws: Desk) -> None:
    options = Autonaming(proposed_name="chosen", mode=Autonaming.Mode.ENFORCE)
    found = aws.inputs(ROLE, SAMPLES[ROLE], autonaming=options)
    assert found["name"] == "chosen"


def test_autonaming_setting_disables(aws: Desk) -> None:
    _, failures = aws.check(ROLE, SAMPLES[ROLE], autonaming=Autonaming(mode=Autonaming.Mode.DISABLE))
    assert "give the resource a name" in failures["name"]


def test_prefixes_are_refused(aws: Desk) -> None:
    _, failures = aws.check(ROLE, {**SAMPLES[ROLE], "namePrefix": "edge-"})
    assert "does not imitate name prefixes" in failures["namePrefix"]


def test_region_of_a_regional_type(aws: Desk) -> None:
    assert aws.inputs(BUCKET, {})["region"] == "us-east-1"
    assert aws.inputs(BUCKET, {"region": "eu-central-1"})["region"] == "eu-central-1"


@pytest.mark.parametrize("token", [ROLE, DISTRIBUTION_TYPE, "aws:budgets/budget:Budget"])
def test_global_type_has_no_region(aws: Desk, token: str) -> None:
    assert "region" not in aws.inputs(token, SAMPLES[token])


def test_tags_all_merges_default_tags() -> None:
    """GIVEN default and ignored tags WHEN a resource has tags THEN its own win, ignored ones go, `tags` stays."""
    aws = Desk(
        defaultTags=json.dumps({"tags": {"stack": "local", "owner": "all"}}),
        ignoreTags=json.dumps({"keys": ["kind"], "keyPrefixes": ["tmp-"]}),
    )
    found = aws.inputs(BUCKET, {"tags": {"owner": "me", "kind": "x", "tmp-1": "y"}})
    assert found["tagsAll"] == {"stack": "local", "owner": "me"}
    assert found["tags"] == {"owner": "me", "kind": "x", "tmp-1": "y"}


def test_tags_all_without_tags(aws: Desk) -> None:
    assert aws.inputs(BUCKET, {})["tagsAll"] == {}
    assert "tags" not in aws.inputs(BUCKET, {})


@pytest.mark.parametrize("tags", [UNKNOWN, {"a": UNKNOWN, "b": "c"}])
def test_tags_all_is_unknown_if_any_tag_is(aws: Desk, tags: object) -> None:
    assert aws.inputs(BUCKET, {"tags": tags})["tagsAll"] == UNKNOWN


def test_type_without_tags_refuses_them(aws: Desk) -> None:
    token = "aws:cloudfront/originAccessControl:OriginAccessControl"
    assert "tagsAll" not in aws.inputs(token, SAMPLES[token])
    assert "no such property" in aws.check(token, {**SAMPLES[token], "tags": {"a": "b"}})[1]["tags"]


def test_lambda_defaults_are_in_the_inputs(aws: Desk) -> None:
    found = aws.inputs(FUNCTION, {key: value for key, value in SAMPLES[FUNCTION].items() if key != "publish"})
    expected = {
        "memorySize": 128,
        "timeout": 3,
        "publish": False,
        "packageType": "Zip",
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
    }
    assert {key: found[key] for key in expected} == expected
    assert found["__defaults"] == sorted([*expected, "name"])


def test_default_does_not_replace_what_the_program_says(aws: Desk) -> None:
    found = aws.inputs(FUNCTION, {**SAMPLES[FUNCTION], "memorySize": 512})
    assert found["memorySize"] == 512
    assert "memorySize" not in found["__defaults"]


def test_nested_objects_have_their_defaults(aws: Desk) -> None:
    found = aws.inputs(DISTRIBUTION_TYPE, DISTRIBUTION)
    behaviour = found["orderedCacheBehaviors"][0]
    assert (behaviour["minTtl"], behaviour["compress"]) == (0, False)
    assert behaviour["__defaults"] == ["compress", "minTtl"]
    assert found["origins"][0]["connectionAttempts"] == 3
    assert found["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1"
    assert found["restrictions"]["geoRestriction"]["__defaults"] == []


def test_document_may_be_an_object(aws: Desk) -> None:
    found = aws.inputs(ROLE, {"assumeRolePolicy": json.loads(POLICY)})
    assert json.loads(found["assumeRolePolicy"]) == json.loads(POLICY)


def test_document_with_an_unknown_is_unknown(aws: Desk) -> None:
    found = aws.inputs(ROLE, {"assumeRolePolicy": {"Statement": [{"Resource": UNKNOWN}]}})
    assert found["assumeRolePolicy"] == UNKNOWN


@pytest.mark.parametrize("token", SAMPLES)
def test_unknown_property_is_refused_by_name(token: str) -> None:
    desk = Desk(token.split(":", maxsplit=1)[0])
    _, failures = desk.check(token, {**SAMPLES[token], "colour": "red"})
    assert "no such property" in failures["colour"]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("orderedCacheBehaviors[0].lambdaFunctionAssociation", [], "no such property"),
        ("origins[0].originAccessControlID", "E1", "no such property"),
        ("origins[0].domainName", None, "missing required property"),
        ("origins[0].connectionAttempts", "3", "expected a whole number, got a str"),
        ("enabled", "true", "expected true or false, got a str"),
        ("enabled", 1, "expected true or false, got a int"),
        ("comment", 5, "expected a text, got a int"),
        ("aliases", "a.example", "expected a list, got a str"),
        ("restrictions", [], "expected an object, got a list"),
        ("defaultCacheBehavior.minTtl", 1.5, "expected a whole number, got a float"),
        ("defaultCacheBehavior", None, "missing required property"),
    ],
)
def test_wrong_names_and_types_inside(aws: Desk, path: str, value: object, reason: str) -> None:
    _, failures = aws.check(DISTRIBUTION_TYPE, put(DISTRIBUTION, path, value))
    assert reason in failures[path]
    assert len(failures) == 1


def test_blob_where_a_text_belongs(aws: Desk) -> None:
    _, failures = aws.check(FUNCTION, {**SAMPLES[FUNCTION], "handler": SAMPLES[FUNCTION]["code"]})
    assert "expected a text" in failures["handler"]


def test_text_where_an_archive_belongs(aws: Desk) -> None:
    _, failures = aws.check(FUNCTION, {**SAMPLES[FUNCTION], "code": "edge.zip"})
    assert "expected an archive" in failures["code"]


def test_unknown_values_pass_everywhere(aws: Desk) -> None:
    """GIVEN a preview WHEN every value of every type is unknown THEN nothing is refused for it."""
    for token, sample in SAMPLES.items():
        if token.startswith("aws:") and token != FUNCTION:
            aws.inputs(token, {**dict.fromkeys(sample, UNKNOWN)})


def test_log_groups_default_to_for_ever(aws: Desk) -> None:
    assert aws.inputs(LOGS, {"name": "/aws/lambda/x"})["retentionInDays"] == 0
