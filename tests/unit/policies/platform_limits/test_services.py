from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import Parts, good_endpoint, rate_rule
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
NOTHING = Parts().put("repository", "aws:ecr/repository:Repository", name="images")
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
SERVICE_RULES = [each for each in RULES if not each.startswith(("edge-", "worker-", "zone-"))]


def distribution(**props: Any) -> Parts:
    return GOOD.changed("distribution", **props)


def behaviour(**settings: Any) -> Parts:
    return distribution(defaultCacheBehavior={"targetOriginId": "models", **settings})


def origin(*sources: str, **settings: Any) -> Parts:
    made = GOOD.put("website", "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration")
    links = {"origins": sources or ("bucket", "access-control")}
    host = {"originId": "models", "originAccessControlId": UNKNOWN, "domainName": UNKNOWN}
    return made.changed("distribution", links=links, origins=[{**host, **settings}])


def forwarding(*headers: str, policy: Any = UNKNOWN) -> Parts:
    parts = GOOD
    for index, each in enumerate(headers):
        kind = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
        parts = parts.put(f"policy-{index}", kind, headersConfig={"headerBehavior": each}, name=f"p{index}")
    links = {"defaultCacheBehavior": tuple(f"policy-{index}" for index in range(len(headers)))}
    default = {"targetOriginId": "models", "originRequestPolicyId": policy}
    return parts.changed("distribution", links=links, defaultCacheBehavior=default)


def one(kind: str, **props: Any) -> Parts:
    return Parts().put("it", kind, **props)


def named(kind: str, name: Any, key: str = "name") -> Parts:
    return one(kind, **{key: name})


def budget(*notifications: Any, **props: Any) -> Parts:
    return one("aws:budgets/budget:Budget", **{"timeUnit": "MONTHLY", "notifications": list(notifications), **props})


def tagged(value: Any) -> Parts:
    return budget(costFilters=[{"name": "TagKeyValue", "values": [value]}])


def gate(**props: Any) -> Parts:
    return GOOD.changed("gate", **props)


def entry(**props: Any) -> Parts:
    return one("aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey", **{"key": "k", "value": "v", **props})


def alarm(**props: Any) -> Parts:
    settings = {"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60.0, "region": "us-east-1"}
    return one("aws:cloudwatch/metricAlarm:MetricAlarm", **{**settings, "evaluationPeriods": 1.0, **props})


def queried(**metric: Any) -> Parts:
    query = {"metric": {"metricName": "Errors", "namespace": "AWS/Lambda", **metric}}
    return alarm(metricName=None, metricQueries=[{"id": "e", "expression": "a/b"}, query])


def to_topic(region: str) -> Parts:
    return (
        Parts()
        .put("topic", "aws:sns/topic:Topic", region=region)
        .put(
            "it",
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"alarmActions": "topic"},
            region="us-east-1",
            alarmActions=[UNKNOWN],
        )
    )


def acl(*rules: Any, **props: Any) -> Parts:
    return GOOD.changed("acl", rules=list(rules) or None, **props)


def rate(**props: Any) -> Parts:
    rule = rate_rule("rate", 0.0, "CONSTANT", 1200.0)
    statement = {**rule["statement"]["rateBasedStatement"], **props}
    return acl({**rule, "statement": {"rateBasedStatement": statement}})


def workgroup(cutoff: Any) -> Parts:
    return one("aws:athena/workgroup:Workgroup", configuration={"bytesScannedCutoffPerQuery": cutoff})


def cache(max_ttl: float = 0.0, **key: Any) -> Parts:
    return one("aws:cloudfront/cachePolicy:CachePolicy", maxTtl=max_ttl, parametersInCacheKeyAndForwardedToOrigin=key)


def certificate(arn: Any, region: str = "us-east-1", **props: Any) -> Parts:
    made = GOOD.put("certificate", "aws:acm/certificate:Certificate", region=region)
    links = {"viewerCertificate": "certificate"}
    return made.changed("distribution", links=links, viewerCertificate={"acmCertificateArn": arn}, **props)


def mapping(**props: Any) -> Parts:
    return GOOD.changed("mapping", **props)


def function(**variables: Any) -> Parts:
    return one("aws:lambda/function:Function", environment={"variables": variables})


def log_group(name: Any, *sources: str) -> Parts:
    worker = Parts().put("worker", "aws:lambda/function:Function", name="worker")
    return worker.put("it", "aws:cloudwatch/logGroup:LogGroup", {"name": sources}, name=name)


SEVEN = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
ACTUAL, FORECAST = {"notificationType": "ACTUAL"}, {"notificationType": "FORECASTED"}
STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
GLOBAL = {"namespace": "AWS/CloudFront", "dimensions": {"DistributionId": UNKNOWN, "Region": "Global"}}
PLAIN = {"viewerCertificate": {"cloudfrontDefaultCertificate": True}}

CASES = [
    Case("behaviour-methods", VIOLATION, behaviour(allowedMethods=["GET", "POST"]), "allowed_methods is GET,POST"),
    Case("behaviour-methods", VIOLATION, behaviour(cachedMethods=SEVEN), "cached_methods is DELETE"),
    Case("behaviour-methods", COMPLIANT, behaviour(allowedMethods=SEVEN, cachedMethods=["HEAD", "GET"])),
    Case("behaviour-methods", CANT_TELL, behaviour(allowedMethods=["GET", UNKNOWN]), "allowedMethods"),
    Case("behaviour-methods", CANT_TELL, behaviour(allowedMethods=UNKNOWN), "allowedMethods"),
    Case("origin-access", VIOLATION, origin("website", "access-control"), "on a website endpoint"),
    Case("origin-access", VIOLATION, origin(domainName="a.s3-website-us-east-1.amazonaws.com"), "website endpoint"),
    Case("origin-access", VIOLATION, origin(customOriginConfig={"httpPort": 80.0}), "beside custom_origin_config"),
    Case(
        "origin-access",
        VIOLATION,
        origin(s3OriginConfig={"originAccessIdentity": "origin-access-identity/cloudfront/E2"}),
        "beside an origin access identity",
    ),
    Case("origin-access", COMPLIANT, origin(domainName="a.s3.us-east-1.amazonaws.com", s3OriginConfig={})),
    Case("origin-access", NOT_APPLICABLE, origin(originAccessControlId="")),
    Case("origin-access", CANT_TELL, distribution(origins=UNKNOWN), "origins"),
    Case("all-viewer-bucket", VIOLATION, behaviour(originRequestPolicyId=ALL_VIEWER), "every header"),
    Case("all-viewer-bucket", VIOLATION, forwarding("allViewer"), "Host too, to a bucket"),
    Case("all-viewer-bucket", VIOLATION, forwarding("allViewerAndWhitelistCloudFront"), "every header"),
    Case("all-viewer-bucket", COMPLIANT, forwarding("whitelist")),
    Case("all-viewer-bucket", COMPLIANT, forwarding("none", policy="b689b0a8-53d0-40ab-baf2-68738e2966ac")),
    Case("all-viewer-bucket", CANT_TELL, forwarding("allViewer", "none"), "originRequestPolicyId"),
    Case("name-lengths", VIOLATION, named(STORE, "x" * 65), "has 65 characters, at most 64"),
    Case("name-lengths", VIOLATION, named("aws:s3/bucket:Bucket", "x" * 64, "bucket"), "at most 63"),
    Case("name-lengths", VIOLATION, named("aws:budgets/budget:Budget", "x" * 101), "at most 100"),
    Case("name-lengths", COMPLIANT, named(STORE, "x" * 64)),
    Case("name-lengths", COMPLIANT, named(STORE, UNKNOWN)),
    Case("budget-limits", VIOLATION, budget(FORECAST, timeUnit="DAILY"), "FORECASTED notification on time_unit DAILY"),
    Case("budget-limits", VIOLATION, budget(*[ACTUAL] * 11), "11 notifications, at most 10"),
    Case("budget-limits", VIOLATION, budget({**ACTUAL, "subscriberSnsTopicArns": [UNKNOWN] * 2}), "at most 1"),
    Case("budget-limits", VIOLATION, budget({**ACTUAL, "subscriberEmailAddresses": ["a@b.c"] * 11}), "at most 10"),
    Case("budget-limits", COMPLIANT, budget(ACTUAL, timeUnit="DAILY")),
    Case("budget-limits", CANT_TELL, budget(UNKNOWN), "notifications"),
    Case("budget-limits", NOT_APPLICABLE, budget()),
    Case("budget-filters", VIOLATION, tagged("function=face-match"), "not user:<key>$<value>"),
    Case("budget-filters", VIOLATION, tagged("edgewise:function$face-match"), "edgewise:function$face-match"),
    Case("budget-filters", VIOLATION, budget(filterExpression={"tags": {}, "or": [1]}), "without metrics"),
    Case(
        "budget-filters",
        VIOLATION,
        budget(filterExpression={"and": [1]}, metrics="UnblendedCost", costFilters=[{"name": "Service"}]),
        "beside cost_filters",
    ),
    Case("budget-filters", COMPLIANT, tagged(UNKNOWN)),
    Case("budget-filters", COMPLIANT, budget(filterExpression={"and": [1]}, metrics="UnblendedCost")),
    Case("budget-filters", CANT_TELL, budget(costFilters=UNKNOWN), "costFilters"),
    Case("gate-limits", VIOLATION, gate(code="x" * 10_241), "10241 bytes, at most 10240"),
    Case("gate-limits", VIOLATION, gate(code="é" * 5_121), "10242 bytes"),
    Case("gate-limits", VIOLATION, gate(keyValueStoreAssociations=[UNKNOWN, UNKNOWN]), "2 key_value_store"),
    Case("gate-limits", VIOLATION, gate(runtime="cloudfront-js-1.0"), "needs cloudfront-js-2.0"),
    Case("gate-limits", VIOLATION, gate(keyValueStoreAssociations=UNKNOWN, runtime="cloudfront-js-1.0"), "needs"),
    Case("gate-limits", COMPLIANT, gate(code=UNKNOWN)),
    Case("gate-limits", CANT_TELL, gate(runtime=UNKNOWN), "runtime"),
    Case("store-entries", VIOLATION, entry(key="k" * 513), "key has 513 bytes, at most 512"),
    Case("store-entries", VIOLATION, entry(value="é" * 513), "value has 1026 bytes, at most 1024"),
    Case("store-entries", COMPLIANT, entry(value=UNKNOWN)),
    Case("alarm-period", VIOLATION, alarm(period=90.0), "period is 90 s, neither"),
    Case("alarm-period", VIOLATION, alarm(period=0.0), "period is 0 s"),
    Case("alarm-period", VIOLATION, alarm(period=30.0), "AWS/Lambda reports every 60 s"),
    Case("alarm-period", VIOLATION, alarm(period=300.0, evaluationPeriods=289.0), "86700 s, at most 86400"),
    Case("alarm-period", VIOLATION, alarm(period=86_400.0, evaluationPeriods=8.0), "at most 604800"),
    Case("alarm-period", VIOLATION, queried(period=45.0), "period is 45 s"),
    Case("alarm-period", COMPLIANT, alarm(period=86_400.0, evaluationPeriods=7.0)),
    Case("alarm-period", COMPLIANT, alarm(period=10.0, namespace="Own")),
    Case("alarm-period", CANT_TELL, alarm(period=UNKNOWN), "period"),
    Case("alarm-region", VIOLATION, alarm(**GLOBAL, region="eu-west-1"), "reports in us-east-1 alone"),
    Case("alarm-region", VIOLATION, alarm(namespace="AWS/CloudFront"), "dimension Region is missing, not Global"),
    Case("alarm-region", VIOLATION, to_topic("eu-west-1"), "alarmActions go to eu-west-1"),
    Case("alarm-region", VIOLATION, alarm(okActions=["arn:aws:sns:us-west-2:000000000000:t"]), "go to us-west-2"),
    Case("alarm-region", VIOLATION, alarm(alarmActions=["arn:aws:sns:us-east-1:000000000000:t"] * 6), "at most 5"),
    Case("alarm-region", COMPLIANT, to_topic("us-east-1")),
    Case("alarm-region", COMPLIANT, alarm(**GLOBAL)),
    Case("alarm-region", CANT_TELL, alarm(**GLOBAL, region=UNKNOWN), "region"),
    Case("alarm-region", NOT_APPLICABLE, alarm()),
    Case("web-acl-region", VIOLATION, acl(region="eu-west-1"), "scope CLOUDFRONT in region eu-west-1"),
    Case("web-acl-region", VIOLATION, acl(scope="REGIONAL"), "of scope REGIONAL, not CLOUDFRONT"),
    Case(
        "web-acl-region",
        VIOLATION,
        distribution(webAclId="arn:aws:wafv2:us-east-1:000000000000:regional/webacl/a/b"),
        "not the ARN of a web ACL of scope CLOUDFRONT",
    ),
    Case("web-acl-region", VIOLATION, distribution(webAclId="a9d56f9e-2d3c-4f7b-9d0a-000000000000"), "not the ARN"),
    Case("web-acl-region", CANT_TELL, acl(region=UNKNOWN), "region"),
    Case("rate-rule-values", VIOLATION, rate(limit=9.0), "limit is 9, allowed are 10 to 2000000000"),
    Case("rate-rule-values", VIOLATION, rate(evaluationWindowSec=90.0), "evaluation_window_sec is 90"),
    Case("rate-rule-values", VIOLATION, rate(scopeDownStatement=None), "CONSTANT without scope_down_statement"),
    Case(
        "rate-rule-values",
        VIOLATION,
        acl(rate_rule("a", 1.0, "IP", 60.0), rate_rule("b", 1.0, "IP", 60.0)),
        "2 rules of priority 1",
    ),
    Case("rate-rule-values", COMPLIANT, rate(limit=10.0)),
    Case("rate-rule-values", CANT_TELL, rate(limit=UNKNOWN), "limit"),
    Case("rate-rule-values", NOT_APPLICABLE, acl()),
    Case("query-cutoff", VIOLATION, workgroup(10_485_759.0), "10485759, the least allowed is 10485760"),
    Case("query-cutoff", VIOLATION, workgroup(1.0), "is 1"),
    Case("query-cutoff", COMPLIANT, workgroup(10_485_760.0)),
    Case("query-cutoff", CANT_TELL, workgroup(UNKNOWN), "bytesScannedCutoffPerQuery"),
    Case(
        "cache-off-key", VIOLATION, cache(headersConfig={"headerBehavior": "whitelist"}), "headerBehavior is whitelist"
    ),
    Case("cache-off-key", VIOLATION, cache(enableAcceptEncodingBrotli=True), "enableAcceptEncodingBrotli is True"),
    Case("cache-off-key", VIOLATION, cache(queryStringsConfig={"queryStringBehavior": "all"}), "is all, not none"),
    Case("cache-off-key", COMPLIANT, cache(cookiesConfig={"cookieBehavior": "none"}, enableAcceptEncodingGzip=False)),
    Case("cache-off-key", NOT_APPLICABLE, cache(60.0, enableAcceptEncodingGzip=True)),
    Case("cache-off-key", CANT_TELL, cache(cookiesConfig=UNKNOWN), "cookiesConfig"),
    Case("certificate-region", VIOLATION, certificate(UNKNOWN, "eu-west-1"), "region of certificate is eu-west-1"),
    Case("certificate-region", VIOLATION, certificate("arn:aws:acm:eu-west-1:000000000000:certificate/a"), "eu-west-1"),
    Case("certificate-region", VIOLATION, distribution(aliases=["a.example.com"], **PLAIN), "aliases a.example.com"),
    Case("certificate-region", COMPLIANT, certificate(UNKNOWN)),
    Case("certificate-region", COMPLIANT, distribution(viewerCertificate={"iamCertificateId": "A"}, aliases=["a.b"])),
    Case("certificate-region", NOT_APPLICABLE, distribution(**PLAIN)),
    Case(
        "certificate-region",
        CANT_TELL,
        certificate(UNKNOWN).changed("certificate", region=UNKNOWN),
        "region",
    ),
    Case("stream-start", VIOLATION, mapping(startingPosition="AT_TIMESTAMP"), "AT_TIMESTAMP, not TRIM_HORIZON"),
    Case("stream-start", VIOLATION, mapping(startingPosition=None), "starting_position is missing"),
    Case("stream-start", VIOLATION, GOOD.changed("table", streamEnabled=False), "stream_enabled is False"),
    Case("stream-start", VIOLATION, GOOD.changed("table", streamViewType=None), "stream_view_type missing"),
    Case("stream-start", COMPLIANT, mapping(startingPosition="LATEST")),
    Case("stream-start", CANT_TELL, mapping(startingPosition=UNKNOWN), "startingPosition"),
    Case(
        "stream-start",
        NOT_APPLICABLE,
        one("aws:lambda/eventSourceMapping:EventSourceMapping", eventSourceArn="arn:aws:sqs:us-east-1:000000000000:q"),
    ),
    Case("environment-size", VIOLATION, function(A="x" * 4096), "4097 bytes, at most 4096"),
    Case("environment-size", VIOLATION, function(A="x" * 3000, B="x" * 2000), "the largest is A with 3001"),
    Case("environment-size", COMPLIANT, function(A="x" * 4095)),
    Case("environment-size", COMPLIANT, function(A=UNKNOWN)),
    Case("log-group-order", VIOLATION, log_group(UNKNOWN, "worker"), "comes from the Lambda function worker"),
    Case("log-group-order", VIOLATION, log_group("/aws/lambda/worker", "worker"), "made after that"),
    Case("log-group-order", COMPLIANT, log_group("/aws/lambda/worker")),
    Case("log-group-order", NOT_APPLICABLE, log_group("/own/group")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_rule_answers(case: Case) -> None:
    ask(case)


@pytest.mark.parametrize("rule", SERVICE_RULES)
def test_a_good_endpoint_is_not_refused(rule: str) -> None:
    verdict = RULES[rule].judge(GOOD.stack())
    assert not verdict.findings
    assert verdict.answer in {COMPLIANT, NOT_APPLICABLE}


@pytest.mark.parametrize("rule", SERVICE_RULES)
def test_what_has_none_of_it_is_none_of_its_business(rule: str) -> None:
    ask(Case(rule, NOT_APPLICABLE, NOTHING))


def test_every_rule_is_refused_and_passed_here() -> None:
    for rule in SERVICE_RULES:
        answers = [case.answer for case in CASES if case.rule == rule]
        assert answers.count(VIOLATION) >= 2, rule
        assert COMPLIANT in answers or rule in {"web-acl-region"}, rule


@pytest.mark.parametrize("rule", ["store-entries", "environment-size"])
def test_a_secret_is_measured_and_never_told(rule: str) -> None:
    parts = entry(value="s3cr3t" * 200) if rule == "store-entries" else function(TOKEN="s3cr3t" * 800)
    (finding,) = RULES[rule].judge(parts.stack()).findings
    assert "s3cr3t" not in finding.figure
