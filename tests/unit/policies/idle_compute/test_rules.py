from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from edgewise.cost.breakeven import MACHINES, Machine, Work, break_even
from policies.core.pack import load
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer, Finding
from policies.idle_compute import _justified
from tests.unit.policies.build import Parts, good_endpoint

TODAY = date(2026, 11, 28)
GOOD = good_endpoint()
RULES = {each.id: each for each in load("idle_compute").rules}
COMPLIANT, VIOLATION = Answer.COMPLIANT, Answer.VIOLATION
CANT_TELL, NOT_APPLICABLE = Answer.CANT_TELL, Answer.NOT_APPLICABLE

# What the good endpoint's function and limits item say.
WORK = Work(ms=Decimal(40), memory_mb=512)
(SMALL,) = [each for each in MACHINES if each.price_id == "ec2.c7g.large"]
LEAST_RPS = break_even(WORK, "Lambda@Edge", SMALL).rate_rps
INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:autoscaling/group:Group"
SERVING = {"billingMode": "PAY_PER_REQUEST"}
Kind = tuple[str, str, dict[str, Any]]

ON: list[Kind] = [
    ("always-on-instance", INSTANCE, {"instanceType": "c7g.large"}),
    ("always-on-instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest", {"instanceType": "t4g.small"}),
    ("always-on-instance", GROUP, {"minSize": 1.0, "desiredCapacity": 0.0}),
    ("always-on-instance", "aws:eks/nodeGroup:NodeGroup", {"scalingConfig": {"desiredSize": 2.0, "minSize": 0.0}}),
    ("gpu", INSTANCE, {"instanceType": "g4dn.xlarge"}),
    ("gpu", INSTANCE, {"instanceType": "p5.48xlarge"}),
    ("gpu", INSTANCE, {"instanceType": "inf2.xlarge"}),
    (
        "gpu",
        "aws:eks/nodeGroup:NodeGroup",
        {"instanceTypes": ["g6.xlarge"], "scalingConfig": {"desiredSize": 1.0, "minSize": 1.0}},
    ),
    (
        "provisioned-concurrency",
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        {"functionName": "worker", "provisionedConcurrentExecutions": 2.0},
    ),
    ("provisioned-concurrency", "aws:lambda/function:Function", {"name": "w", "capacityProviderConfig": UNKNOWN}),
    ("nat-gateway", "aws:ec2/natGateway:NatGateway", {"subnetId": UNKNOWN}),
    ("nat-gateway", "aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Interface"}),
    (
        "hosted-endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {"productionVariants": [{"instanceType": "ml.g5.xlarge", "initialInstanceCount": 1.0}]},
    ),
    (
        "hosted-endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {"productionVariants": [{"serverlessConfig": {"provisionedConcurrency": 1.0}}]},
    ),
    ("hosted-endpoint", "aws:sagemaker/notebookInstance:NotebookInstance", {"instanceType": "ml.t3.medium"}),
    ("hosted-endpoint", "aws:bedrock/provisionedModelThroughput:ProvisionedModelThroughput", {"modelUnits": 1.0}),
    ("load-balancer", "aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}),
    ("load-balancer", "aws:elb/loadBalancer:LoadBalancer", {}),
    ("container-service", "aws:ecs/service:Service", {"desiredCount": 1.0}),
    ("container-service", "aws:ecs/service:Service", {"schedulingStrategy": "DAEMON"}),
    ("container-service", "aws:eks/cluster:Cluster", {}),
    ("container-service", "aws:apprunner/service:Service", {}),
    ("container-service", "aws:batch/computeEnvironment:ComputeEnvironment", {"computeResources": {"minVcpus": 4.0}}),
    (
        "provisioned-pollers",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {"provisionedPollerConfig": {"minimumPollers": 2.0}},
    ),
    (
        "provisioned-pollers",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {"provisionedPollerConfig": {"maximumPollers": 9.0}},
    ),
    ("always-on-store", "aws:dynamodb/table:Table", {"billingMode": "PROVISIONED"}),
    ("always-on-store", "aws:dynamodb/table:Table", {}),
    ("always-on-store", "aws:elasticache/cluster:Cluster", {"nodeType": "cache.t4g.micro"}),
    ("always-on-store", "aws:opensearch/domain:Domain", {"clusterConfig": {"instanceType": "t3.small.search"}}),
]
OFF: list[Kind] = [
    ("always-on-instance", GROUP, {"minSize": 0.0, "desiredCapacity": 0.0}),
    ("always-on-instance", "aws:eks/nodeGroup:NodeGroup", {"scalingConfig": {"desiredSize": 0.0, "minSize": 0.0}}),
    (
        "gpu",
        "aws:eks/nodeGroup:NodeGroup",
        {"instanceTypes": ["g6.xlarge"], "scalingConfig": {"desiredSize": 0.0, "minSize": 0.0}},
    ),
    ("nat-gateway", "aws:ec2/vpcEndpoint:VpcEndpoint", {}),
    (
        "hosted-endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {"productionVariants": [{"serverlessConfig": {"maxConcurrency": 5.0}}]},
    ),
    ("container-service", "aws:ecs/service:Service", {}),
    ("container-service", "aws:batch/computeEnvironment:ComputeEnvironment", {"computeResources": {"minVcpus": 0.0}}),
    ("always-on-store", "aws:dynamodb/table:Table", SERVING),
    ("provisioned-concurrency", "aws:lambda/function:Function", {"name": "worker"}),
    ("provisioned-pollers", "aws:lambda/eventSourceMapping:EventSourceMapping", {"eventSourceArn": UNKNOWN}),
]
DOUBTFUL: list[Kind] = [
    ("always-on-instance", INSTANCE, {"instanceType": UNKNOWN}),
    ("gpu", "aws:eks/nodeGroup:NodeGroup", {"instanceTypes": [UNKNOWN]}),
    (
        "provisioned-concurrency",
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        {"provisionedConcurrentExecutions": UNKNOWN},
    ),
    ("nat-gateway", "aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": UNKNOWN}),
    (
        "hosted-endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {"productionVariants": [{"instanceType": UNKNOWN}]},
    ),
    ("load-balancer", "aws:lb/loadBalancer:LoadBalancer", {"tags": UNKNOWN}),
    ("container-service", "aws:ecs/service:Service", {"desiredCount": UNKNOWN}),
    (
        "provisioned-pollers",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {"provisionedPollerConfig": {"minimumPollers": UNKNOWN}},
    ),
    ("always-on-store", "aws:dynamodb/table:Table", {"billingMode": UNKNOWN}),
]


@pytest.fixture(autouse=True)
def _fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_justified, "today", lambda: TODAY)


def name_of(kind: Kind) -> str:
    return f"{kind[0]}-{kind[1].rpartition(':')[2]}"


def beside(kind: Kind) -> Parts:
    _, token, props = kind
    return GOOD.put("worker", "aws:lambda/function:Function", name="worker").put("it", token, **props)


def findings(parts: Parts, rule: str = "always-on-instance", **config: Any) -> list[Finding]:
    return list(RULES[rule].judge(parts.stack(), config).findings)


def machine(rate: str | None, until: str = "2027-01-31", why: str = "a trial", kind: str = "c7g.large") -> Parts:
    tags = {_justified.UNTIL: until, _justified.WHY: why, _justified.RATE: rate}
    tags = {key: value for key, value in tags.items() if value}
    return GOOD.put("it", INSTANCE, instanceType=kind, tags=tags)


@pytest.mark.parametrize("kind", ON, ids=name_of)
def test_what_is_always_on_is_refused(kind: Kind) -> None:
    verdict = RULES[kind[0]].judge(beside(kind).stack())
    assert verdict.answer is VIOLATION
    (finding,) = verdict.findings
    assert finding.resource.name == "it"
    assert "day and night; no tag edgewise:always-on-until" in finding.figure


@pytest.mark.parametrize("kind", OFF, ids=name_of)
def test_what_is_off_when_nobody_asks_complies(kind: Kind) -> None:
    assert RULES[kind[0]].judge(beside(kind).stack()).answer is COMPLIANT


@pytest.mark.parametrize("kind", DOUBTFUL, ids=name_of)
def test_what_is_not_known_is_refused(kind: Kind) -> None:
    assert RULES[kind[0]].judge(beside(kind).stack()).answer is CANT_TELL


@pytest.mark.parametrize("kind", ON, ids=name_of)
def test_a_stack_without_inference_is_none_of_its_business(kind: Kind) -> None:
    alone = Parts().put("it", kind[1], **kind[2])
    assert RULES[kind[0]].judge(alone.stack()).answer is NOT_APPLICABLE


def test_a_good_endpoint_is_not_refused() -> None:
    for rule in RULES.values():
        assert rule.judge(GOOD.stack()).answer in {COMPLIANT, NOT_APPLICABLE}


def test_a_rate_at_which_the_machine_pays_passes() -> None:
    assert 5 < LEAST_RPS < 6
    assert findings(machine(f"{LEAST_RPS + 1:.2f}")) == []


def test_a_rate_below_the_break_even_is_refused_with_both_figures() -> None:
    (finding,) = findings(machine("5"))
    assert "at 5 requests/s Lambda@Edge is cheaper, it pays from 5." in finding.figure


def test_each_machine_of_a_group_must_pay() -> None:
    tags = [
        {"key": _justified.UNTIL, "value": "2027-01-31"},
        {"key": _justified.WHY, "value": "a trial"},
        {"key": _justified.RATE, "value": f"{2 * LEAST_RPS + 1:.3f}"},
    ]
    parts = GOOD.put("template", "aws:ec2/launchTemplate:LaunchTemplate", instanceType="c7g.large")
    for size, refused in ((2.0, False), (3.0, True)):
        group = parts.put("it", GROUP, {"launchTemplate": "template"}, minSize=size, tags=tags)
        assert bool(findings(group)) is refused


def test_a_slower_request_makes_the_machine_pay_earlier() -> None:
    slow = machine("2").changed("limits", item=_limits(400))
    assert findings(machine("2"))
    assert findings(slow) == []


def test_a_machine_that_is_full_before_it_pays_never_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = Machine(price_id="ec2.g5.xlarge", vcpus=1)
    assert break_even(Work(ms=Decimal(400), memory_mb=512), "Lambda@Edge", dear).serverless_always_wins
    monkeypatch.setattr(_justified, "MACHINES", (dear,))
    slow = machine("1000", kind="g5.xlarge").changed("limits", item=_limits(400))
    (finding,) = findings(slow, "gpu")
    assert "the machine is full first" in finding.figure


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2026-11-27", "ended on 2026-11-27"),
        ("2027-11-30", "367 days away, at most 366"),
        ("next year", "not a date such as"),
        ("2099-12-31", "at most 366 are allowed"),
    ],
)
def test_a_date_must_be_near_and_not_over(until: str, says: str) -> None:
    (finding,) = findings(machine("100", until))
    assert says in finding.figure


@pytest.mark.parametrize("until", ["2026-11-28", "2027-11-29"])
def test_the_last_day_counts(until: str) -> None:
    assert findings(machine("100", until)) == []


@pytest.mark.parametrize(("rate", "says"), [("many", "not a number"), ("Infinity", "not a finite"), ("NaN", "finite")])
def test_a_rate_must_be_a_number(rate: str, says: str) -> None:
    (finding,) = findings(machine(rate))
    assert says in finding.figure


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (machine("100", why=""), "no tag edgewise:always-on-why"),
        (machine(None), "no tag edgewise:expected-rps"),
        (machine("100", kind="m7i.large"), "prices.yaml has no ec2.m7i.large"),
        (machine("100").without("limits"), "no limits item says how long"),
    ],
)
def test_what_is_missing_is_named(parts: Parts, says: str) -> None:
    (finding,) = findings(parts)
    assert says in finding.figure


def test_a_price_of_ones_own_counts_where_the_sheet_has_none() -> None:
    parts = machine("100", kind="m7i.large")
    assert findings(parts, usd_hour=0.1) == []
    (finding,) = findings(parts, usd_hour=100.0)
    assert "it pays from" in finding.figure
    # And only there: the sheet's price is not talked down.
    assert findings(machine("5"), usd_hour=0.0001)


def test_provisioned_concurrency_is_justified_by_its_functions_tags() -> None:
    tags = {_justified.UNTIL: "2027-01-31", _justified.WHY: "a trial", _justified.RATE: "100"}
    parts = GOOD.put("worker", "aws:lambda/function:Function", name="worker", tags=tags)
    kind = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
    linked = parts.put("it", kind, {"functionName": "worker"}, functionName=UNKNOWN)
    named = parts.put("it", kind, functionName="worker")
    for each in (linked, named):
        assert findings(each, "provisioned-concurrency", usd_hour=0.01) == []
        (finding,) = findings(each, "provisioned-concurrency")
        assert "prices.yaml has no lambda.provisioned" in finding.figure


def test_beside_several_endpoints_the_named_one_must_agree_or_all() -> None:
    other = machine("100").put("other", "aws:cloudfront/distribution:Distribution", **_another())
    (finding,) = findings(other)
    assert "no limits item says how long a request of other takes" in finding.figure
    tags = {**other.parts["it"].props["tags"], _justified.FUNCTION: "face-match"}
    assert findings(other.changed("it", tags=tags)) == []


def test_a_tag_that_is_not_known_is_refused() -> None:
    parts = machine("100").changed("it", tags={_justified.UNTIL: UNKNOWN})
    assert RULES["always-on-instance"].judge(parts.stack()).answer is CANT_TELL


def test_the_day_is_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert abs((_justified.today() - date.today()).days) <= 1


def _another() -> dict[str, Any]:
    running = {"eventType": "origin-request", "lambdaArn": UNKNOWN, "includeBody": True}
    settings = {"allowedMethods": ["POST"], "lambdaFunctionAssociations": [running]}
    return {"orderedCacheBehaviors": [{"pathPattern": "/v1/other/*", **settings}], "defaultCacheBehavior": {}}


def _limits(ms: int) -> str:
    return f'{{"pk": {{"S": "limits#face-match"}}, "ms_per_request": {{"N": "{ms}"}}}}'
