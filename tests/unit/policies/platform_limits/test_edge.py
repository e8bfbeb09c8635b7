from __future__ import annotations

import json
from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import LOG_REGIONS, Parts, good_endpoint
from tests.unit.policies.platform_limits.ask import (
    CANT_TELL,
    COMPLIANT,
    NOT_APPLICABLE,
    RULES,
    VIOLATION,
    Case,
    ask,
    name_of,
)

GOOD = good_endpoint()
NOTHING = Parts().put("topic", "aws:sns/topic:Topic", name="alerts")
EDGE_RULES = [each for each in RULES if each.startswith("edge-")]
ARN = "arn:aws:lambda:us-east-1:000000000000:function:edgewise-test-face-match"


def function(**props: Any) -> Parts:
    return GOOD.changed("function", **props)


def running(*associations: dict[str, Any], path: str = "/v1/face-match/*", **more: Any) -> Parts:
    behaviour = {"pathPattern": path, "lambdaFunctionAssociations": list(associations), **more}
    return GOOD.changed("distribution", orderedCacheBehaviors=[behaviour])


def runs(arn: Any = UNKNOWN, event: str = "origin-request", *, body: bool = True) -> dict[str, Any]:
    return {"eventType": event, "lambdaArn": arn, "includeBody": body}


def trusting(*services: str, effect: str = "Allow", action: str = "sts:AssumeRole") -> Parts:
    statement = {"Effect": effect, "Action": action, "Principal": {"Service": list(services)}}
    return GOOD.changed("role", assumeRolePolicy=json.dumps({"Statement": [statement]}))


UNKNOWN_BEHAVIOURS = GOOD.changed("distribution", orderedCacheBehaviors=UNKNOWN)
ALIAS = GOOD.put("alias", "aws:lambda/alias:Alias").changed(
    "distribution", links={"orderedCacheBehaviors": ("alias", "gate")}
)
GATE = {"eventType": "viewer-request", "functionArn": UNKNOWN}
BOTH = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")

CASES = [
    Case("edge-region", VIOLATION, function(region="eu-central-1"), "region is eu-central-1, not us-east-1"),
    Case("edge-region", VIOLATION, function(region="us-west-2"), "us-west-2"),
    Case("edge-region", CANT_TELL, function(region=None), "region"),
    Case("edge-version", VIOLATION, function(publish=False), "$LATEST"),
    Case("edge-version", VIOLATION, function(publish=None), "publish is None"),
    Case("edge-version", VIOLATION, running(runs(f"{ARN}:$LATEST")), "does not end in a number"),
    Case("edge-version", VIOLATION, running(runs(ARN)), "does not end in a number"),
    Case("edge-version", VIOLATION, ALIAS, "the alias alias"),
    Case("edge-version", COMPLIANT, running(runs(f"{ARN}:12"))),
    Case("edge-version", CANT_TELL, function(publish=UNKNOWN), "publish"),
    Case("edge-environment", VIOLATION, function(environment={}), "nothing in it"),
    Case("edge-environment", VIOLATION, function(environment={"variables": {"KEY": "secret"}}), "with KEY"),
    Case("edge-environment", VIOLATION, function(environment=UNKNOWN), "environment is set"),
    Case("edge-architecture", VIOLATION, function(architectures=["arm64"]), "arm64, not x86_64"),
    Case("edge-architecture", VIOLATION, function(architectures=["x86_64", "arm64"]), "x86_64, arm64"),
    Case("edge-architecture", COMPLIANT, function(architectures=None)),
    Case("edge-architecture", CANT_TELL, function(architectures=UNKNOWN), "architectures"),
    Case("edge-duration", COMPLIANT, function(timeout=30.0)),
    Case("edge-duration", COMPLIANT, function(timeout=None)),
    Case("edge-duration", VIOLATION, function(timeout=31.0), "timeout is 31 s, at most 30 s"),
    Case("edge-duration", VIOLATION, function(timeout=900.0), "900 s"),
    Case("edge-duration", CANT_TELL, function(timeout=UNKNOWN), "timeout"),
    Case("edge-features", VIOLATION, function(layers=[UNKNOWN]), "layers are set"),
    Case("edge-features", VIOLATION, function(vpcConfig={"subnetIds": UNKNOWN}), "vpc_config"),
    Case("edge-features", VIOLATION, function(deadLetterConfig={"targetArn": UNKNOWN}), "dead_letter_config"),
    Case("edge-features", VIOLATION, function(tracingConfig={"mode": "Active"}), "tracing_config is Active"),
    Case("edge-features", VIOLATION, function(ephemeralStorage={"size": 513.0}), "513 MB, at most 512 MB"),
    Case("edge-features", VIOLATION, function(packageType="Image"), "package_type is Image"),
    Case("edge-features", VIOLATION, function(fileSystemConfig={"arn": UNKNOWN}), "file_system_config"),
    Case(
        "edge-features", VIOLATION, function(sourceKmsKeyArn="arn:aws:kms:us-east-1:000000000000:key/a"), "source_kms"
    ),
    Case("edge-features", COMPLIANT, function(ephemeralStorage={"size": 512.0}, tracingConfig={"mode": "PassThrough"})),
    Case("edge-features", COMPLIANT, function(vpcConfig={"subnetIds": []}, layers=[], deadLetterConfig={})),
    Case("edge-features", CANT_TELL, function(layers=UNKNOWN), "layers"),
    Case("edge-trust", VIOLATION, trusting(BOTH[0]), "and not edgelambda.amazonaws.com"),
    Case("edge-trust", VIOLATION, trusting(*BOTH, effect="Deny"), "trusts no service"),
    Case("edge-trust", VIOLATION, trusting(*BOTH, action="sts:TagSession"), "trusts no service"),
    Case("edge-trust", COMPLIANT, trusting(*BOTH)),
    Case("edge-trust", CANT_TELL, GOOD.changed("role", assumeRolePolicy=UNKNOWN), "assumeRolePolicy"),
    Case("edge-trust", NOT_APPLICABLE, function(links={"role": ()})),
    Case("edge-body", VIOLATION, running(runs(body=False)), "include_body is not True"),
    Case("edge-body", VIOLATION, running(runs(event="viewer-request", body=False)), "the function sees no body"),
    Case("edge-body", VIOLATION, running(runs(event="origin-response"), path="/site/*"), "True on origin-response"),
    Case("edge-body", COMPLIANT, running(runs(body=False), path="/site/*")),
    Case("edge-body", COMPLIANT, running(runs(event="origin-response", body=False))),
    Case("edge-events", VIOLATION, running(runs(), runs()), "2 functions on origin-request"),
    Case(
        "edge-events",
        VIOLATION,
        running(runs(event="viewer-response", body=False), functionAssociations=[GATE]),
        "Lambda@Edge on viewer-response beside a CloudFront Function",
    ),
    Case("edge-events", VIOLATION, running(functionAssociations=[GATE, GATE]), "2 functions on viewer-request"),
    Case("edge-events", COMPLIANT, running(runs(), functionAssociations=[GATE])),
    Case("edge-destroy", VIOLATION, function(skipDestroy=False), "skip_destroy is False"),
    Case("edge-destroy", VIOLATION, function(skipDestroy=None), "skip_destroy is False"),
    Case("edge-destroy", CANT_TELL, function(skipDestroy=UNKNOWN), "skipDestroy"),
    Case("edge-log-groups", VIOLATION, GOOD.without(f"logs-{LOG_REGIONS[0]}"), "in 12 Regions, asked are 13"),
    Case(
        "edge-log-groups",
        VIOLATION,
        GOOD.put("wrong", "aws:cloudwatch/logGroup:LogGroup", name="/aws/lambda/edgewise-test-face-match"),
        "an edge function never logs",
    ),
    Case("edge-log-groups", CANT_TELL, function(name=UNKNOWN), "name"),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_rule_answers(case: Case) -> None:
    ask(case)


@pytest.mark.parametrize("rule", EDGE_RULES)
def test_a_good_endpoint_complies(rule: str) -> None:
    ask(Case(rule, COMPLIANT, GOOD))


@pytest.mark.parametrize("rule", EDGE_RULES)
def test_nothing_at_the_edge_is_none_of_its_business(rule: str) -> None:
    ask(Case(rule, NOT_APPLICABLE, NOTHING))
    ask(Case(rule, NOT_APPLICABLE, NOTHING.put("worker", "aws:lambda/function:Function", timeout=900.0)))


@pytest.mark.parametrize("rule", EDGE_RULES)
def test_behaviours_that_are_not_known_are_refused(rule: str) -> None:
    ask(Case(rule, CANT_TELL, UNKNOWN_BEHAVIOURS, "orderedCacheBehaviors"))


def test_an_unknown_entry_of_a_list_is_refused() -> None:
    entry: Any = UNKNOWN
    ask(Case("edge-body", CANT_TELL, running(entry), "lambdaFunctionAssociations"))


def test_a_function_is_found_by_the_name_in_a_written_arn() -> None:
    parts = running(runs(f"{ARN}:3")).changed("distribution", links={"orderedCacheBehaviors": "gate"})
    ask(Case("edge-duration", VIOLATION, parts.changed("function", timeout=60.0), "60 s"))
    ask(Case("edge-duration", NOT_APPLICABLE, parts.changed("function", name="another", timeout=60.0)))


def test_values_of_the_environment_are_never_told() -> None:
    (finding,) = (
        RULES["edge-environment"].judge(function(environment={"variables": {"KEY": "s3cr3t"}}).stack()).findings
    )
    assert "s3cr3t" not in finding.figure


def test_how_many_regions_are_asked_can_be_set() -> None:
    parts = GOOD.without(*(f"logs-{region}" for region in LOG_REGIONS[2:]))
    assert RULES["edge-log-groups"].judge(parts.stack(), {"regions": 2}).answer is COMPLIANT
    assert RULES["edge-log-groups"].judge(parts.stack(), {"regions": 3}).answer is VIOLATION
