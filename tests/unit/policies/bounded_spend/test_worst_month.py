"""The bound from raw resources, and what it does with what it can't see."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from edgewise.cost.bound.result import Status
from policies.bounded_spend._describe import bound_of, describe
from policies.bounded_spend.worst_month import RULE
from policies.core.endpoint import endpoints
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.bounded_spend.whole import allows, cap, limits, whole, with_rules
from tests.unit.policies.build import Parts, rule
from tests.unit.policies.security.judged import figures, names

BEHAVIOURS = "orderedCacheBehaviors"


def described(parts: Parts) -> Any:
    (endpoint,) = endpoints(parts.stack())
    return describe(endpoint)


def reasons(parts: Parts) -> str:
    (endpoint,) = endpoints(parts.stack())
    worst = bound_of(endpoint)
    assert worst.status is not Status.FINITE
    return "; ".join(worst.reasons)


def behaviours(**changes: Any) -> list[dict[str, Any]]:
    """Return the behaviours of the good endpoint, the one that runs the function changed."""
    first, *others = whole().parts["distribution"].props[BEHAVIOURS]
    return [{**first, **changes}, *others]


def test_a_whole_endpoint_fits() -> None:
    assert RULE.judge(whole().stack()).answer is Answer.COMPLIANT


def test_what_is_read_from_the_resources() -> None:
    found = described(whole())
    assert (found.function, found.memory_mb, found.timeout_s) == ("face-match", 512, 3)
    assert (found.daily_quota, found.cold_grants_daily, found.renewals_daily) == (20000, 125, 800)
    assert (found.lease.requests, found.lease.seconds, found.ms_per_request) == (4, 600, 40)
    assert (found.rate_cap_rps, found.firewall.rules, found.firewall.window_s) == (20, 4, 60)
    assert (found.request_bytes, found.model_bytes) == (67500, 1300000)
    assert (found.price_class, found.plan, found.on_flood) == ("PriceClass_100", "pro", "disconnect")
    assert (found.guard.interval_s, found.guard.attempts, found.allowance.ledger) == (300, 1, 5000)
    assert (found.settle.memory_mb, found.settle.timeout_s, found.settle.retries) == (128, 10, 2)
    assert (found.alarms, found.alarm_period_s, found.subscribers, found.budget_alerts) == (3, 300, 1, 1)
    assert (found.log_retention_days, found.monthly_budget_usd, found.unpriced) == (14, Decimal("60.0"), ())
    assert found.gate.signed and found.gate.store


def test_over_its_budget_it_names_the_figure_and_what_would_fit() -> None:
    stack = whole().changed("budget", limitAmount="20.0").stack()
    (found,) = RULE.judge(stack).findings
    assert "USD, its budget is 20.0 USD; largest: " in found.figure
    assert found.resource.name == "distribution"


def test_without_a_limits_item_the_platforms_quota_counts() -> None:
    (figure,) = figures(RULE, whole().without("limits").stack())
    assert "Q is all that Lambda admits: 10000 * 13 * 2678400" in figure


def test_the_limits_of_another_function_are_not_its_own() -> None:
    parts = whole().changed("limits", item=limits("other"))
    assert described(parts).daily_quota is None
    assert names(RULE, parts.stack()) == ["distribution"]


def test_limits_in_a_table_that_the_function_does_not_use() -> None:
    parts = whole().put("other", "aws:dynamodb/table:Table", name="other", billingMode="PAY_PER_REQUEST")
    assert described(parts.changed("limits", {"tableName": "other"}, tableName="other")).daily_quota is None


def test_limits_that_are_not_known_are_not_believed() -> None:
    assert described(whole().changed("limits", item=UNKNOWN)).daily_quota is None


def test_a_timeout_raised_is_in_the_figure() -> None:
    assert described(whole().changed("function", timeout=30.0)).timeout_s == 30
    assert "the worst month costs" in figures(RULE, whole().changed("function", timeout=30.0).stack())[0]


@pytest.mark.parametrize("version", ["1", "7"])
def test_an_older_version_has_the_platforms_timeout(version: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:edgewise-test-face-match:{version}"
    old = behaviours(
        lambdaFunctionAssociations=[{"eventType": "origin-request", "includeBody": True, "lambdaArn": arn}]
    )
    parts = whole().changed("distribution", orderedCacheBehaviors=old)
    found = described(parts.changed("function", qualifiedArn=arn[: arn.rindex(":")] + ":8"))
    assert (found.timeout_s, found.memory_mb) == (30, 10240)


def test_the_declared_version_is_believed_when_it_is_known() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:edgewise-test-face-match:8"
    now = behaviours(
        lambdaFunctionAssociations=[{"eventType": "origin-request", "includeBody": True, "lambdaArn": arn}]
    )
    found = described(whole().changed("distribution", orderedCacheBehaviors=now).changed("function", qualifiedArn=arn))
    assert (found.timeout_s, found.memory_mb) == (3, 512)


def test_without_a_firewall_the_flood_reaches_the_gate() -> None:
    parts = whole().changed("distribution", links={"webAclId": ()}, webAclId=None)
    found = described(parts)
    assert (found.firewall, found.rate_cap_rps, found.request_bytes) == (None, None, 68_719_476_736)


def test_a_rate_that_only_counts_is_no_cap() -> None:
    assert described(with_rules(cap(action="count"), *allows())).rate_cap_rps is None


def test_a_gate_without_a_signature_lets_the_flood_through() -> None:
    assert not described(whole().changed("gate", code="// createHmac(\nconst closed = 'closed_until';")).gate.signed


def test_a_behaviour_without_a_gate_has_none() -> None:
    assert (
        described(whole().changed("distribution", orderedCacheBehaviors=behaviours(functionAssociations=[]))).gate
        is None
    )


def test_a_guard_that_is_told_of_another_store_is_none() -> None:
    parts = whole().put("other", "aws:cloudfront/keyValueStore:KeyValueStore", name="other")
    found = described(parts.changed("guard", {"environment": ("topic", "distribution", "other", "table")}))
    assert (found.guard, found.on_flood) == (None, "stay_up")


def test_a_guard_that_stays_up() -> None:
    variables = {**whole().parts["guard"].props["environment"]["variables"], "ON_FLOOD": "stay_up"}
    assert described(whole().changed("guard", environment={"variables": variables})).on_flood == "stay_up"


def test_retries_of_the_guard_are_runs() -> None:
    assert described(whole().without("guard-once")).guard.attempts == 3


def test_more_alarms_and_messages_are_counted() -> None:
    alarm = whole().parts["errors-alarm"]
    parts = whole().put("more", alarm.type, alarm.links, **{**alarm.props, "okActions": [UNKNOWN]})
    assert (described(parts).alarms, described(parts).alarm_period_s) == (4, 150)


def test_a_price_class_that_is_not_set_is_the_dearest() -> None:
    assert described(whole().changed("distribution", priceClass=None)).price_class == "PriceClass_All"


def test_logs_kept_for_ever_have_no_bound() -> None:
    assert "logs are kept for ever" in reasons(whole().changed("logs-sa-east-1", retentionInDays=0.0))
    assert "logs are kept for ever" in reasons(whole().without("logs-eu-west-1"))


HANGING: dict[str, tuple[str, dict[str, Any], str]] = {
    "provisioned concurrency": (
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        {"functionName": "function"},
        "provisioned concurrency (extra)",
    ),
    "metrics": (
        "aws:cloudfront/monitoringSubscription:MonitoringSubscription",
        {"distributionId": "distribution"},
        "additional metrics (extra)",
    ),
    "log stream": (
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        {"logGroup": "logs-us-east-1"},
        "a subscription to logs (extra)",
    ),
    "kinesis": (
        "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
        {"tableName": "table"},
        "a Kinesis stream (extra)",
    ),
}


@pytest.mark.parametrize(("kind", "links", "text"), HANGING.values(), ids=list(HANGING))
def test_what_hangs_on_the_path_and_has_no_price(kind: str, links: dict[str, Any], text: str) -> None:
    assert f"no price is known for {text}" in reasons(whole().put("extra", kind, links))


CHANGED: dict[str, tuple[str, dict[str, Any], str]] = {
    "access log": ("distribution", {"loggingConfig": {"bucket": "logs"}}, "access logs of distribution"),
    "origin shield": (
        "distribution",
        {"origins": [{"originId": "models", "originShield": {"enabled": True}}]},
        "an origin shield",
    ),
    "origin group": ("distribution", {"originGroups": [{"originId": "pair"}]}, "second runs by an origin group"),
    "real-time log": ("distribution", {BEHAVIOURS: behaviours(realtimeLogConfigArn="arn")}, "real-time logs of /v1"),
    "dedicated address": ("distribution", {"viewerCertificate": {"sslSupportMethod": "vip"}}, "dedicated addresses"),
    "provisioned table": ("table", {"billingMode": None}, "provisioned capacity of table table"),
    "replicas": ("table", {"replicas": [{"regionName": "eu-west-1"}]}, "replicas of table table"),
    "another region": ("table", {"region": "eu-west-1"}, "table in eu-west-1"),
    "endless retries": ("mapping", {"maximumRetryAttempts": None}, "retries without an end of mapping"),
    "split batches": ("mapping", {"bisectBatchOnFunctionError": True}, "split batches of mapping"),
    "traces": ("function", {"tracingConfig": {"mode": "Active"}}, "traces of function"),
    "text messages": ("subscription", {"protocol": "sms"}, "messages of topic by sms"),
    "short period": ("errors-alarm", {"period": 10.0}, "the short period of alarm errors-alarm"),
    "a cron guard": ("schedule", {"scheduleExpression": "cron(0 * * * ? *)"}, "the schedule schedule"),
    "a model of no size": ("model", {"tags": {}}, "a model whose size no tag edgewise:bytes"),
    "no gate": ("distribution", {BEHAVIOURS: behaviours(functionAssociations=[])}, "answers of /v1/face-match/*"),
}


@pytest.mark.parametrize(("short", "props", "text"), CHANGED.values(), ids=list(CHANGED))
def test_what_has_no_price_makes_the_month_unknown(short: str, props: dict[str, Any], text: str) -> None:
    parts = whole().changed(short, **props)
    assert text in reasons(parts)
    assert "UNKNOWN" in figures(RULE, parts.stack())[0]


def test_a_rule_group_has_no_price() -> None:
    group = {"managedRuleGroupStatement": {"vendorName": "AWS", "name": "AWSManagedRulesBotControlRuleSet"}}
    first = {**rule("bots", 0.0, {}, group), "overrideAction": {"none": {}}}
    assert "the rule group of bots" in reasons(with_rules(first, cap(), *allows()))


def test_a_lake_that_forgets_nothing() -> None:
    parts = (
        whole()
        .put("lake", "aws:s3/bucket:Bucket", bucket="lake")
        .changed("settle", {"environment": ("store", "topic", "lake")})
    )
    assert "receipts that bucket lake keeps for ever" in reasons(parts)
    expire = {"id": "a", "status": "Enabled", "filter": {"prefix": "receipts/"}, "expiration": {"days": 396.0}}
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert described(parts.put("lifecycle", kind, {"bucket": "lake"}, rules=[expire])).lake_months == 13


def test_nobody_said_what_it_may_cost() -> None:
    assert (
        "no monthly budgets.Budget in USD counts user:edgewise:function$face-match"
        in figures(RULE, whole().without("budget").stack())[0]
    )


def test_the_packs_own_budget_counts_before_the_programs() -> None:
    assert RULE.judge(whole().without("budget").stack(), {"budget_usd": 60}).answer is Answer.COMPLIANT
    assert RULE.judge(whole().stack(), {"budget_usd": 5}).answer is Answer.VIOLATION


def test_shared_queries_without_a_cutoff() -> None:
    parts = whole().put("queries", "aws:athena/workgroup:Workgroup", name="queries", configuration={})
    assert "queries without a scan cut-off in workgroup queries" in figures(RULE, parts.stack())[0]


def test_behaviours_that_are_not_known() -> None:
    stack = whole().changed("distribution", orderedCacheBehaviors=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE


def test_a_plan_that_there_is_not() -> None:
    tags = {**whole().parts["distribution"].props["tags"], "edgewise:plan": "gold"}
    assert "the plan 'gold' of tag edgewise:plan" in reasons(whole().changed("distribution", tags=tags))
    unknown = whole().changed("distribution", tags={**tags, "edgewise:plan": UNKNOWN})
    assert RULE.judge(unknown.stack()).answer is Answer.CANT_TELL
