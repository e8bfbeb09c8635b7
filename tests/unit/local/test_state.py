"""Reading a stack's state, and refusing by name what is not imitated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgewise.local.stack.imitated import IMITATED, SET_ASIDE
from edgewise.local.stack.model import LocalEdgeError
from edgewise.local.stack.state import parse_state
from tests.edge import handmade as by_hand
from tests.edge.handmade import HandmadeStack, resource_named

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
LAMBDA = "aws:lambda/function:Function"


def test_reads_every_part(handmade: HandmadeStack, tmp_path: Path) -> None:
    # GIVEN a stack's state WHEN it is read
    stack = parse_state(handmade.state(), project=tmp_path)

    # THEN each part is there, secrets in plain text
    (edge,) = stack.distributions
    assert (stack.stack, edge.domain_name, edge.function) == ("local", by_hand.DOMAIN, "face-match")
    assert [behaviour.path_pattern for behaviour in edge.behaviours] == ["/v1/face-match/*", "/models/*", "*"]
    inference, models, default = edge.behaviours
    assert inference.lambda_arn == by_hand.LAMBDA_ARN
    assert inference.include_body
    assert inference.allowed_methods == frozenset(by_hand.ALL_METHODS)
    assert models.cache_policy.name == "CachingOptimized"
    assert default.lambda_arn is None
    assert {behaviour.gate_arn for behaviour in edge.behaviours} == {by_hand.GATE_ARN}
    assert stack.functions[by_hand.LAMBDA_ARN].memory_mb == 1769
    assert stack.stores[by_hand.STORE_ARN].values["key:k1"] == handmade.keys["k1"]
    assert stack.items[0].item["pk"] == {"S": "limits#face-match"}
    assert stack.buckets[by_hand.BUCKET_DOMAIN].readable(by_hand.DISTRIBUTION_ARN, "models/a.onnx")
    assert stack.set_aside == {"aws:iam/role:Role": 1}


def test_secrets_stay_out_of_representations(handmade: HandmadeStack, tmp_path: Path) -> None:
    stack = parse_state(handmade.state(), project=tmp_path)

    assert handmade.keys["k1"] not in repr(stack)
    assert handmade.fetch_token not in repr(stack)


def test_security_headers_are_spelled_as_cloudfront_does(handmade: HandmadeStack, tmp_path: Path) -> None:
    stack = parse_state(handmade.state(), project=tmp_path)

    policy = stack.distributions[0].behaviours[0].response_headers_policy
    assert {header.name: header.value for header in policy.sets} == {
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert policy.removes == ("X-Powered-By",)


def change(state: dict[str, Any], kind: str, **inputs: object) -> dict[str, Any]:
    resource = resource_named(state, kind)
    resource["inputs"].update(inputs)
    return state


@pytest.mark.parametrize(
    ("kind", "inputs", "named"),
    [
        (DISTRIBUTION, {"customErrorResponses": [{"errorCode": 404}]}, "customErrorResponses"),
        (DISTRIBUTION, {"restrictions": {"geoRestriction": {"restrictionType": "blacklist"}}}, "blacklist"),
        (LAMBDA, {"layers": ["arn:aws:lambda:x"]}, "layers"),
        (LAMBDA, {"environment": {"variables": {"A": "b"}}}, "environment"),
        (LAMBDA, {"architectures": ["arm64"]}, "arm64"),
        (LAMBDA, {"publish": False}, "publish"),
        ("aws:cloudfront/function:Function", {"runtime": "cloudfront-js-1.0"}, "cloudfront-js-1.0"),
        ("aws:dynamodb/table:Table", {"globalSecondaryIndexes": [{"name": "i"}]}, "globalSecondaryIndexes"),
        ("aws:dynamodb/table:Table", {"billingMode": "PROVISIONED"}, "PROVISIONED"),
        ("aws:s3/bucket:Bucket", {"website": {"indexDocument": "i"}}, "website"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"acl": "public-read"}, "public-read"),
    ],
)
def test_refuses_a_property_by_name(
    handmade: HandmadeStack, tmp_path: Path, kind: str, inputs: dict[str, Any], named: str
) -> None:
    # GIVEN a property that would change behaviour in the cloud and is not imitated
    state = change(handmade.state(), kind, **inputs)

    # WHEN the state is read THEN the refusal names resource, property or value, and where to read on
    with pytest.raises(LocalEdgeError, match=named) as refused:
        parse_state(state, project=tmp_path)
    assert kind in str(refused.value)
    assert "docs/local-edge.md" in str(refused.value)


@pytest.mark.parametrize("block", ["defaultCacheBehavior", "orderedCacheBehaviors", "origins"])
def test_refuses_a_property_inside_a_block(handmade: HandmadeStack, tmp_path: Path, block: str) -> None:
    state = handmade.state()
    inputs = resource_named(state, DISTRIBUTION)["inputs"]
    target = inputs[block] if isinstance(inputs[block], dict) else inputs[block][0]
    target["somethingNew"] = "x"

    with pytest.raises(LocalEdgeError, match="somethingNew is not imitated"):
        parse_state(state, project=tmp_path)


def test_refuses_an_unknown_cache_policy(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    resource_named(state, DISTRIBUTION)["inputs"]["defaultCacheBehavior"]["cachePolicyId"] = "my-own"

    with pytest.raises(LocalEdgeError, match="cachePolicyId 'my-own' is not imitated"):
        parse_state(state, project=tmp_path)


def test_refuses_a_viewer_response_function(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    behaviour = resource_named(state, DISTRIBUTION)["inputs"]["defaultCacheBehavior"]
    behaviour["functionAssociations"] = [{"eventType": "viewer-response", "functionArn": by_hand.GATE_ARN}]

    with pytest.raises(LocalEdgeError, match="viewer-response"):
        parse_state(state, project=tmp_path)


@pytest.mark.parametrize("kind", ["aws:wafv2/ipSet:IpSet", "aws:ec2/instance:Instance", "cloudflare:index/x:X"])
def test_refuses_an_unknown_type_by_name(handmade: HandmadeStack, tmp_path: Path, kind: str) -> None:
    state = handmade.state()
    urn = f"urn:pulumi:local::edgewise::{kind}::thing"
    state["deployment"]["resources"].append({"urn": urn, "type": kind, "custom": True, "id": "x"})

    with pytest.raises(LocalEdgeError, match=f"{kind} 'thing' is not imitated"):
        parse_state(state, project=tmp_path)


def test_a_resource_that_waits_for_deletion_is_no_part(handmade: HandmadeStack, tmp_path: Path) -> None:
    # GIVEN an old Lambda version that a killed update left behind, its zip gone
    state = handmade.state()
    old = json.loads(json.dumps(resource_named(state, LAMBDA)))
    old["delete"] = True
    old["inputs"]["code"]["path"] = "gone.zip"
    state["deployment"]["resources"].append(old)

    # WHEN the state is read THEN only the new one is there
    assert list(parse_state(state, project=tmp_path).functions) == [by_hand.LAMBDA_ARN]


def test_refuses_encrypted_secrets(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    key = next(r for r in state["deployment"]["resources"] if r["type"].endswith(":KeyvaluestoreKey"))
    key["inputs"]["value"] = {**by_hand.SECRET, "ciphertext": "abc"}

    with pytest.raises(LocalEdgeError, match="--show-secrets"):
        parse_state(state, project=tmp_path)


def test_refuses_a_missing_zip(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    resource_named(state, LAMBDA)["inputs"]["code"]["path"] = "gone.zip"

    with pytest.raises(LocalEdgeError, match=r"gone\.zip is missing"):
        parse_state(state, project=tmp_path)


def test_refuses_an_origin_that_is_no_bucket_of_the_stack(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    resource_named(state, DISTRIBUTION)["inputs"]["origins"][0]["domainName"] = "example.org"

    with pytest.raises(LocalEdgeError, match=r"example\.org is no bucket"):
        parse_state(state, project=tmp_path)


def test_refuses_a_function_that_the_stack_lacks(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    state["deployment"]["resources"].remove(resource_named(state, LAMBDA))

    with pytest.raises(LocalEdgeError, match=f"{by_hand.LAMBDA_ARN} is not in the stack"):
        parse_state(state, project=tmp_path)


def test_refuses_what_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(LocalEdgeError, match="pulumi stack export"):
        parse_state({}, project=tmp_path)


def test_the_written_list_names_every_type() -> None:
    # GIVEN the page for people WHEN the code's own lists are compared with it THEN none is missing there
    from edgewise.paths import PROJECT_ROOT

    page = (PROJECT_ROOT / "docs" / "local-edge.md").read_text()
    assert [kind for kind in [*IMITATED, *SET_ASIDE] if kind not in page] == []
