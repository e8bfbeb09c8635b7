"""The program under mocks: the chain of one CloudFront + Lambda@Edge POST endpoint, link by link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inference.telemetry import EDGE_REGIONS
from infra import limits
from infra.components.component import CustomizeError
from infra.guard import WrongCloudError
from tests.unit.infra.program import MODEL_DIGEST, Recorder, manifest, run_program, statements
from tests.unit.infra.test_settings import CONFIG, FUNCTION

PINNED = CONFIG | {"edgewise:models": {"face-match": MODEL_DIGEST}}
NAME = "edgewise-dev-face-match"

# What can't carry tags: pulumi-aws has no such argument for these (facts of pulumi_aws 7.51.1's signatures).
UNTAGGED = {
    "aws:athena/namedQuery:NamedQuery",
    "aws:cloudfront/function:Function",
    "aws:cloudfront/keyValueStore:KeyValueStore",
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey",
    "aws:cloudfront/originAccessControl:OriginAccessControl",
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:dynamodb/tableItem:TableItem",
    "aws:glue/catalogTable:CatalogTable",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:scheduler/schedule:Schedule",
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return run_program("dev", PINNED, tmp_path=tmp_path, monkeypatch=monkeypatch)


def behaviours(program: Recorder) -> dict[str, dict[str, Any]]:
    properties = program.only("aws:cloudfront/distribution:Distribution").properties
    ordered = {each["pathPattern"]: each for each in properties["orderedCacheBehaviors"]}
    return {"default": properties["defaultCacheBehavior"]} | ordered


def test_1_the_function_is_published_in_us_east_1_without_environment(program: Recorder) -> None:
    function = program.only("aws:lambda/function:Function", f"{NAME}-lambda").properties

    assert (function["region"], function["publish"], function["architectures"]) == ("us-east-1", True, ["x86_64"])
    assert function["timeout"] <= limits.TIMEOUT_S.high
    assert not {"environment", "layers", "vpcConfig", "deadLetterConfig", "tracingConfig"} & set(function)


def test_1_the_role_is_trusted_by_lambda_and_edgelambda(program: Recorder) -> None:
    trust = json.loads(program.only("aws:iam/role:Role", f"{NAME}-role").properties["assumeRolePolicy"])

    (statement,) = trust["Statement"]
    assert set(statement["Principal"]["Service"]) == {"lambda.amazonaws.com", "edgelambda.amazonaws.com"}


def test_2_the_default_behaviour_reaches_no_lambda(program: Recorder) -> None:
    default = behaviours(program)["default"]

    assert set(behaviours(program)) == {"default", "/v1/face-match/*", "/models/*"}
    assert set(default["allowedMethods"]) == {"GET", "HEAD"}
    assert "lambdaFunctionAssociations" not in default


def test_3_post_comes_with_all_seven_methods(program: Recorder) -> None:
    inference = behaviours(program)["/v1/face-match/*"]

    assert set(inference["allowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
    assert set(inference["cachedMethods"]) == {"GET", "HEAD"}


def test_4_the_function_gets_the_body_on_origin_request_from_a_numbered_version(program: Recorder) -> None:
    (association,) = behaviours(program)["/v1/face-match/*"]["lambdaFunctionAssociations"]

    assert (association["eventType"], association["includeBody"]) == ("origin-request", True)
    assert association["lambdaArn"].rpartition(":")[2].isdecimal()


def test_5_the_gate_is_on_every_behaviour(program: Recorder) -> None:
    for behaviour in behaviours(program).values():
        (association,) = behaviour["functionAssociations"]
        assert association == {"eventType": "viewer-request", "functionArn": f"arn:{NAME}-gate"}


def test_6_the_gate_runs_on_2_0_and_has_its_store(program: Recorder) -> None:
    gate = program.only("aws:cloudfront/function:Function").properties

    assert (gate["runtime"], gate["publish"]) == ("cloudfront-js-2.0", True)
    assert gate["keyValueStoreAssociations"] == [f"arn:{NAME}-store"]
    assert '"requestBytes":67500' in gate["code"]


def test_6_the_store_holds_keys_tokens_and_an_open_gate(program: Recorder) -> None:
    entries = program.all("aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey")

    assert {entry.properties["key"] for entry in entries} == {"key:k1", "fetch:k1", "closed_until"}


def test_7_nothing_but_models_is_cached(program: Recorder) -> None:
    policies = {path: behaviour["cachePolicyId"] for path, behaviour in behaviours(program).items()}

    disabled, optimized = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert policies == {"default": disabled, "/v1/face-match/*": disabled, "/models/*": optimized}


def test_8_and_9_no_header_and_no_query_is_forwarded(program: Recorder) -> None:
    for behaviour in behaviours(program).values():
        assert "originRequestPolicyId" not in behaviour
        assert "forwardedValues" not in behaviour


def test_10_and_11_the_origin_is_the_bucket_by_origin_access_control(program: Recorder) -> None:
    (origin,) = program.only("aws:cloudfront/distribution:Distribution").properties["origins"]
    access = program.only("aws:cloudfront/originAccessControl:OriginAccessControl").properties

    assert origin["domainName"] == "models.s3.us-east-1.amazonaws.com"
    assert origin["originAccessControlId"] == f"{NAME}-access-control-id"
    assert "customOriginConfig" not in origin
    assert (access["originAccessControlOriginType"], access["signingBehavior"]) == ("s3", "always")


def test_12_the_bucket_lets_the_distribution_read_and_nothing_else(program: Recorder) -> None:
    policy = statements(program, "aws:s3/bucketPolicy:BucketPolicy", "edgewise-dev-models-policy")

    statement, refusal = policy["DistributionsReadModels"], policy["RefusePlainHttp"]
    assert set(policy) == {"DistributionsReadModels", "RefusePlainHttp"}
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "s3:GetObject"
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": [f"arn:{NAME}-distribution"]}}


def test_13_plain_http_is_refused_not_redirected(program: Recorder) -> None:
    distribution = program.only("aws:cloudfront/distribution:Distribution").properties

    assert {behaviour["viewerProtocolPolicy"] for behaviour in behaviours(program).values()} == {"https-only"}
    assert distribution["restrictions"] == {"geoRestriction": {"restrictionType": "none"}}
    assert distribution["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}


def test_13_an_own_domain_demands_tls_1_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = {"name": "a.example.com", "certificate_arn": "arn:aws:acm:us-east-1:000000000000:certificate/a"}
    config = PINNED | {"edgewise:functions": {"face-match": FUNCTION | {"domain": domain}}}

    program = run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch)

    distribution = program.only("aws:cloudfront/distribution:Distribution").properties
    assert distribution["aliases"] == ["a.example.com"]
    assert distribution["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"


def test_14_answers_carry_security_headers(program: Recorder) -> None:
    policy = program.only("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").properties

    assert policy["securityHeadersConfig"]["contentTypeOptions"] == {"override": True}
    assert {b["responseHeadersPolicyId"] for b in behaviours(program).values()} == {f"{NAME}-headers-id"}


def test_15_the_function_outlives_its_replicas(program: Recorder) -> None:
    assert program.only("aws:lambda/function:Function", f"{NAME}-lambda").properties["skipDestroy"] is True


def test_the_edge_may_touch_its_own_items_only(program: Recorder) -> None:
    policy = statements(program, "aws:iam/rolePolicy:RolePolicy", f"{NAME}-permissions")

    read, take = policy["ReadOwnLimits"], policy["TakeFromOwnCounter"]
    assert (read["Action"], take["Action"]) == ("dynamodb:BatchGetItem", "dynamodb:UpdateItem")
    own = ["limits#face-match", "source#face-match", "override#face-match"]
    assert read["Condition"]["ForAllValues:StringEquals"] == {"dynamodb:LeadingKeys": own}
    assert take["Condition"]["ForAllValues:StringEquals"] == {"dynamodb:LeadingKeys": ["counter#face-match#cloudfront"]}
    assert {statement["Condition"]["Null"]["dynamodb:LeadingKeys"] for statement in (read, take)} == {"false"}
    assert {read["Resource"], take["Resource"]} == {"arn:edgewise-dev-ledger-table"}


def test_every_edge_region_has_a_log_group_that_expires(program: Recorder) -> None:
    groups = [each for each in program.all("aws:cloudwatch/logGroup:LogGroup") if f"{NAME}-log-group" in each.name]

    assert {group.properties["region"] for group in groups} == set(EDGE_REGIONS)
    assert {group.properties["name"] for group in groups} == {f"/aws/lambda/us-east-1.{NAME}"}
    assert {group.properties["retentionInDays"] for group in groups} == {14}


def ledger_item(program: Recorder, kind: str) -> dict[str, Any]:
    name = f"edgewise-dev-ledger-{kind}-face-match"
    item: dict[str, Any] = json.loads(program.only("aws:dynamodb/tableItem:TableItem", name).properties["item"])
    return item


def test_the_source_item_brings_what_the_zip_may_not_know(program: Recorder) -> None:
    item = ledger_item(program, "source")

    assert set(item) == {"pk", "model_url", "fetch_token"}
    assert item["pk"] == {"S": "source#face-match"}
    assert item["model_url"]["S"].startswith("https://d0000000000000.cloudfront.net/models/")
    assert item["fetch_token"]["S"].startswith("k1.")


def test_the_limits_item_is_read_where_nothing_is_deployed_yet(program: Recorder) -> None:
    item = ledger_item(program, "limits")

    assert item["pk"] == {"S": "limits#face-match"}
    assert item["model_digest"] == {"S": MODEL_DIGEST}
    assert {next(iter(value)) for name, value in item.items() if name not in ("pk", "model_digest")} == {"N"}


def test_facts_that_no_resource_proves_are_tags(program: Recorder) -> None:
    edge = program.only("aws:cloudfront/distribution:Distribution").properties["tags"]
    model = program.only("aws:s3/bucketObjectv2:BucketObjectv2").properties["tags"]

    assert (edge["edgewise:plan"], edge["edgewise:assumed-flood-rps"]) == ("none", "1000")
    assert edge["edgewise:assumed-signed-flood-rps"] == "25"
    assert model["edgewise:bytes"] == str(manifest().bytes)
    assert len(model) <= 10


def test_everything_that_can_carry_tags_carries_them(program: Recorder) -> None:
    taggable = [
        resource for resource in program.declared if resource.kind.startswith("aws:") and resource.kind not in UNTAGGED
    ]

    assert len(taggable) > 15
    for resource in taggable:
        tags = resource.properties["tags"]
        assert tags["edgewise:environment"] == "dev", resource.name
        assert tags["edgewise:cost-centre"] == "vision", resource.name
        if resource.name.startswith(NAME):
            assert tags["edgewise:function"] == "face-match", resource.name


def test_two_functions_have_nothing_of_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = PINNED | {"edgewise:functions": {"face-match": FUNCTION, "face-match-headers": FUNCTION}}

    program = run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch)

    names = [(resource.kind, resource.name) for resource in program.declared]
    assert len(names) == len(set(names))
    physical = [
        (resource.kind, resource.properties["name"], resource.properties.get("region"))
        for resource in program.declared
        if "name" in resource.properties
    ]
    assert len(physical) == len(set(physical))
    assert len(program.all("aws:cloudfront/distribution:Distribution")) == 2


@pytest.mark.parametrize(("stack", "protected"), [("dev", False), ("prod", True)])
def test_the_ledger_is_protected_where_it_holds_the_truth(
    stack: str, protected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = run_program(stack, PINNED, tmp_path=tmp_path, monkeypatch=monkeypatch)

    table = program.only("aws:dynamodb/table:Table").properties
    assert table["deletionProtectionEnabled"] is protected
    assert table["pointInTimeRecovery"] == {"enabled": True}


def test_an_override_reaches_its_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = PINNED | {
        "edgewise:functions": {
            "face-match": FUNCTION | {"customize": {"distribution": {"price_class": "PriceClass_All"}}}
        }
    }

    program = run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch)

    assert program.only("aws:cloudfront/distribution:Distribution").properties["priceClass"] == "PriceClass_All"


@pytest.mark.parametrize(
    ("customize", "expected"),
    [
        ({"distributoin": {"price_class": "PriceClass_All"}}, "distributoin.*has the children.*distribution"),
        ({"distribution": {"prise_class": "PriceClass_All"}}, "customize.distribution.*prise_class"),
    ],
)
def test_an_override_of_something_unknown_is_refused(
    customize: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PINNED | {"edgewise:functions": {"face-match": FUNCTION | {"customize": customize}}}

    with pytest.raises(CustomizeError, match=expected):
        run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch)


def test_the_local_stack_refuses_a_real_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a provider that answers for an account, as AWS's own would
    recorder = Recorder(account="000000000001")

    # WHEN / THEN
    with pytest.raises(WrongCloudError, match="stack local is for one machine"):
        run_program("local", PINNED, tmp_path=tmp_path, monkeypatch=monkeypatch, recorder=recorder)
    assert recorder.declared == []


def test_bad_settings_declare_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = PINNED | {"edgewise:functions": {"face-match": FUNCTION | {"memory_mb": 127}}}
    recorder = Recorder()

    with pytest.raises(ValueError, match="127"):
        run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch, recorder=recorder)
    assert recorder.declared == []


def test_a_missing_model_is_named_with_the_command_that_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PINNED | {"edgewise:models": {"face-match": "sha256:" + "1" * 64}}

    with pytest.raises(FileNotFoundError, match=r"edgewise:models.face-match: sha256:1+ is not on this machine"):
        run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch)
