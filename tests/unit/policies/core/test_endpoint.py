"""Endpoints, found by following what flows into what."""

from __future__ import annotations

import pytest

from policies.core.endpoint import InferenceEndpoint, endpoints, is_model_path, limits_of
from policies.core.resource import UNKNOWN, UnknownValueError
from tests.unit.policies.build import Parts, good_endpoint, resource


def only(parts: Parts) -> InferenceEndpoint:
    (found,) = endpoints(parts.stack())
    return found


def names(of: object) -> list[str]:
    assert isinstance(of, tuple)
    return [each.name for each in of]


def test_everything_around_an_endpoint_is_found() -> None:
    found = only(good_endpoint())
    assert found.name == "face-match"
    assert found.web_acl is not None and found.web_acl.name == "acl"
    assert found.limits is not None and found.limits.name == "limits"
    assert (names(found.functions), names(found.gates), names(found.stores)) == (["function"], ["gate"], ["store"])
    assert (names(found.tables), names(found.settlers), names(found.guards)) == (["table"], ["settle"], ["guard"])


def test_a_site_whose_function_rewrites_requests_is_no_endpoint() -> None:
    behaviour = {
        "allowedMethods": ["GET", "HEAD"],
        "lambdaFunctionAssociations": [{"eventType": "viewer-request", "lambdaArn": UNKNOWN}],
    }
    parts = Parts().put("site", "aws:cloudfront/distribution:Distribution", defaultCacheBehavior=behaviour)
    assert endpoints(parts.stack()) == ()


def test_a_function_that_gets_bodies_is_one_whatever_the_methods() -> None:
    association = {"eventType": "origin-request", "lambdaArn": UNKNOWN, "includeBody": True}
    behaviour = {"allowedMethods": ["GET", "HEAD"], "lambdaFunctionAssociations": [association]}
    parts = Parts().put("site", "aws:cloudfront/distribution:Distribution", defaultCacheBehavior=behaviour)
    assert only(parts).name is None


def test_limits_of_another_function_are_not_its_own() -> None:
    item = '{"pk": {"S": "limits#other"}}'
    assert only(good_endpoint().changed("limits", item=item)).limits is None


def test_names_in_plain_text_lead_to_the_table() -> None:
    policy = '{"Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/edgewise-test-ledger"}'
    found = only(
        good_endpoint()
        .changed("limits", {"tableName": ()})
        .changed("policy", {"policy": ()}, policy=policy)
        .changed("role", name="edge")
        .changed("policy", {"role": ()}, role="edge")
    )
    assert names(found.tables) == ["table"]
    assert found.limits is not None


def test_a_longer_name_in_plain_text_is_another_table() -> None:
    policy = '{"Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/edgewise-test-ledger-2"}'
    assert only(good_endpoint().changed("policy", {"policy": ()}, policy=policy)).tables == ()


def test_a_guard_is_on_a_schedule_and_told_of_this_distribution() -> None:
    assert only(good_endpoint().without("schedule")).guards == ()
    assert only(good_endpoint().changed("guard", {"environment": ("topic", "store", "table")})).guards == ()


def test_an_items_numbers_lose_their_letters() -> None:
    parts = Parts().put("item", "t", item='{"pk": {"S": "limits#a"}, "n": {"N": "12"}, "x": {"N": "1.5"}}')
    assert limits_of(resource(parts.stack(), "item")) == {"pk": "limits#a", "n": 12, "x": "1.5"}


def test_behaviours_that_are_not_known_leave_it_open() -> None:
    with pytest.raises(UnknownValueError):
        endpoints(good_endpoint().changed("distribution", orderedCacheBehaviors=UNKNOWN).stack())


def test_model_paths() -> None:
    assert [path for path in ("/models/*", "models/a.onnx", "/v1/models/*", "*") if is_model_path(path)] == [
        "/models/*",
        "models/a.onnx",
    ]


@pytest.mark.parametrize("key", ["allowedMethods", "functionAssociations", "lambdaFunctionAssociations", "pathPattern"])
def test_what_decides_who_runs_must_be_known(key: str) -> None:
    first, *others = good_endpoint().parts["distribution"].props["orderedCacheBehaviors"]
    for value in (UNKNOWN, [UNKNOWN]) if key != "pathPattern" else (UNKNOWN,):
        parts = good_endpoint().changed("distribution", orderedCacheBehaviors=[{**first, key: value}, *others])
        with pytest.raises(UnknownValueError, match=key):
            endpoints(parts.stack())
