"""What a program has on an endpoint's path that the bound has no price for: it makes the worst month UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.bounded_spend._bells import STANDARD_PERIOD_S, bells_of, budgets_of
from policies.bounded_spend._firewall import tried
from policies.bounded_spend._functions import interval_s, stream_of, watch
from policies.bounded_spend._gates import ungated
from policies.bounded_spend._lake import kept_days, lakes
from policies.core.endpoint import LOG_GROUP, SUBSCRIPTION, InferenceEndpoint, is_model_path
from policies.core.regions import HOME_REGION
from policies.core.resource import Resource, behaviours

# Resources that cost by the request, by the hour or by the byte, and the property by which they hang on something.
_HANGING: Final = {
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ("functionName", "provisioned concurrency"),
    "aws:lambda/functionUrl:FunctionUrl": ("functionName", "calls by a function URL"),
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": ("distributionId", "additional metrics"),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("logGroup", "a subscription to logs"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("logGroupName", "a metric made of logs"),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": ("resourceArn", "deliveries of access logs"),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ("resourceArn", "logs of the firewall"),
    "aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation": ("webAclArn", "a rule group"),
    "aws:wafv2/webAclRule:WebAclRule": ("webAclArn", "a rule beside the web ACL"),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": ("tableName", "a Kinesis stream"),
    "aws:dynamodb/tableReplica:TableReplica": ("globalTableArn", "a replica of the table"),
    "aws:dynamodb/contributorInsights:ContributorInsights": ("tableName", "contributor insights"),
}
# Rules that AWS WAF charges beside its own fees, or whose rules stand elsewhere.
_DEAR_STATEMENTS: Final = frozenset({"managedRuleGroupStatement", "ruleGroupReferenceStatement"})
_DEAR_ACTIONS: Final = frozenset({"captcha", "challenge"})
# SNS, what a subscription can be that the bound prices as a mail or for less.
_PRICED_PROTOCOLS: Final = frozenset({"email", "email-json", "lambda", "sqs", "http", "https"})
# AWS Lambda quotas: so much of /tmp costs nothing.
_FREE_TMP_MB: Final = 512


def unpriced(endpoint: InferenceEndpoint) -> tuple[str, ...]:
    """Return what has no price, each as a noun with the resource's name.

    Raises
    ------
    UnknownValueError
    """
    found = (
        *_distribution(endpoint.distribution),
        *_behaviours(endpoint),
        *_web_acl(endpoint),
        *(each for function in functions(endpoint) for each in _function(function)),
        *_stream(endpoint),
        *_schedules(endpoint),
        *_tables(endpoint),
        *_hanging(endpoint),
        *_lakes(endpoint),
        *_bells(endpoint),
    )
    return tuple(dict.fromkeys(found))


def functions(endpoint: InferenceEndpoint) -> list[Resource]:
    """Return every function of an endpoint."""
    return list(dict.fromkeys((*endpoint.functions, *endpoint.settlers, *endpoint.guards)))


def _distribution(distribution: Resource) -> Iterator[str]:
    named = f"of distribution {distribution.name}"
    if distribution.known("loggingConfig") or distribution.known("loggingV1Enabled"):
        yield f"access logs {named}"
    if distribution.known("anycastIpListId"):
        yield f"addresses of its own {named}"
    if distribution.known("viewerCertificate", "sslSupportMethod") not in {None, "sni-only"}:
        yield f"a certificate with dedicated addresses {named}"
    if distribution.known("originGroups"):
        yield f"second runs by an origin group {named}"
    for origin in distribution.get("origins", default=()):
        if (origin.get("originShield") or {}).get("enabled"):
            yield f"an origin shield {named}"
        if origin.get("vpcOriginConfig"):
            yield f"an origin in a VPC {named}"


def _behaviours(endpoint: InferenceEndpoint) -> Iterator[str]:
    for behaviour, _ in ungated(endpoint):
        yield f"answers of {behaviour.path}, which no gate guards"
    for behaviour in behaviours(endpoint.distribution):
        settings = behaviour.settings
        if settings.get("realtimeLogConfigArn"):
            yield f"real-time logs of {behaviour.path}"
        for each in settings.get("lambdaFunctionAssociations") or ():
            if each.get("eventType") != "origin-request":
                yield f"a function on {each.get('eventType')} of {behaviour.path}"
        answers = [each.get("eventType") for each in settings.get("functionAssociations") or ()]
        if "viewer-response" in answers:
            yield f"a function on viewer-response of {behaviour.path}"
        if {*settings.get("allowedMethods", ())} - {"GET", "HEAD", "OPTIONS"} and is_model_path(behaviour.path):
            yield f"uploads to {behaviour.path}"


def _web_acl(endpoint: InferenceEndpoint) -> Iterator[str]:
    firewall = tried(endpoint)
    if firewall is None:
        return
    acl = firewall.resource
    if acl.known("associationConfig"):
        yield f"longer bodies looked into by {acl.name}"
    if firewall.passed is None:
        yield f"what {acl.name} lets pass: too many of its statements look at what no request shows"
    for rule in firewall.acl.rules:
        if rule.action in _DEAR_ACTIONS:
            yield f"the {rule.action} of rule {rule.name} in {acl.name}"
        if _kinds(rule.statement) & _DEAR_STATEMENTS:
            yield f"the rule group of {rule.name} in {acl.name}"


def _kinds(statement: Any) -> set[str]:
    if isinstance(statement, dict):
        return set(statement).union(*map(_kinds, statement.values()))
    return set().union(*map(_kinds, statement)) if isinstance(statement, list | tuple) else set()


def _function(function: Resource) -> Iterator[str]:
    if (function.known("ephemeralStorage", "size", default=_FREE_TMP_MB)) > _FREE_TMP_MB:
        yield f"a larger /tmp of {function.name}"
    if function.known("tracingConfig", "mode") == "Active":
        yield f"traces of {function.name}"
    if function.known("snapStart", "applyOn", default="None") != "None":
        yield f"snapshots of {function.name}"
    yield from _elsewhere(function)


def _stream(endpoint: InferenceEndpoint) -> Iterator[str]:
    read = stream_of(endpoint)
    if len(read) > 1:
        yield f"{len(read)} functions on the ledger's stream, where one is counted"
    for mapping in read:
        if mapping.get("maximumRetryAttempts", default=-1) < 0:
            yield f"retries without an end of {mapping.name}: maximum_retry_attempts is not set"
        if mapping.get("bisectBatchOnFunctionError") is True:
            yield f"split batches of {mapping.name}, which count as no retry"
        if (mapping.get("provisionedPollerConfig") or {}) != {}:
            yield f"pollers of its own of {mapping.name}"


def _schedules(endpoint: InferenceEndpoint) -> Iterator[str]:
    for guard in endpoint.guards:
        schedules = endpoint.schedules_of(guard)
        if len(schedules) > 1:
            yield f"{len(schedules)} schedules of {guard.name}, where one is counted"
        yield from (
            f"the schedule {each.name}, which is no rate(N minutes)"
            for each in schedules
            if interval_s(each) is None and each.get("state", default="ENABLED") == "ENABLED"
        )
    if len(endpoint.guards) > 1 or (endpoint.guards and watch(endpoint) is None):
        yield f"runs of {', '.join(each.name for each in endpoint.guards)}, which are no guard that can be read"


def _tables(endpoint: InferenceEndpoint) -> Iterator[str]:
    for table in endpoint.tables:
        if table.get("billingMode", default="PROVISIONED") != "PAY_PER_REQUEST":
            yield f"provisioned capacity of table {table.name}"
        for key, what in (("globalSecondaryIndexes", "indexes"), ("replicas", "replicas")):
            if table.known(key):
                yield f"{what} of table {table.name}"
        if table.known("tableClass", default="STANDARD") != "STANDARD":
            yield f"the class {table.known('tableClass')} of table {table.name}"
        if table.known("serverSideEncryption", "enabled"):
            yield f"a key of its own of table {table.name}"
        yield from _elsewhere(table)


def _hanging(endpoint: InferenceEndpoint) -> Iterator[str]:
    stack = endpoint.stack
    used = [endpoint.distribution, *functions(endpoint), *endpoint.tables, *_logs(endpoint)]
    used += [endpoint.web_acl] if endpoint.web_acl else []
    names = {each.known("name") for each in used} - {None}
    for kind, (key, what) in _HANGING.items():
        for hanging in stack.of(kind):
            linked = any(each in used for each in hanging.links.get(key, ()))
            if linked or hanging.known(key) in names:
                yield f"{what} ({hanging.name})"


def _logs(endpoint: InferenceEndpoint) -> list[Resource]:
    names = {str(function.known("name")) for function in functions(endpoint)}
    return [
        group
        for group in endpoint.stack.of(LOG_GROUP)
        if str(group.known("name")).rpartition("/")[2].removeprefix(f"{HOME_REGION}.") in names
    ]


def _lakes(endpoint: InferenceEndpoint) -> Iterator[str]:
    for bucket in lakes(endpoint):
        if kept_days(endpoint.stack, bucket) is None:
            yield f"receipts that bucket {bucket.name} keeps for ever"


def _bells(endpoint: InferenceEndpoint) -> Iterator[str]:
    alarms = bells_of(endpoint).resources
    for alarm in alarms:
        if alarm.get("period", default=STANDARD_PERIOD_S) < STANDARD_PERIOD_S:
            yield f"the short period of alarm {alarm.name}"
    speaking = (*alarms, *budgets_of(endpoint), *endpoint.settlers, *endpoint.guards)
    topics = {id(topic): topic for each in speaking for links in each.links.values() for topic in links}
    for topic in topics.values():
        for heard in endpoint.stack.users(topic, SUBSCRIPTION, key="topic"):
            if heard.get("protocol") not in _PRICED_PROTOCOLS:
                yield f"messages of {topic.name} by {heard.get('protocol')}"


def _elsewhere(resource: Resource) -> Iterator[str]:
    region = resource.known("region", default=HOME_REGION)
    if region != HOME_REGION:
        yield f"{resource.name} in {region}: the bound has prices of {HOME_REGION}"
