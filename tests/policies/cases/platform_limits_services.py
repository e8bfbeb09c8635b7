"""Distributions, gates, firewalls, alarms, budgets, streams and workgroups, and what their services take."""

from __future__ import annotations

import json
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from tests.policies.cases.platform_limits_edge import _behaviour, _distribution, _function

READ: Final = ["GET", "HEAD"]
ALL_VIEWER: Final = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_BUT_HOST: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
GATE: Final = "function handler(event) { return event.request; }"
LONG: Final = "a-logical-name-that-says-all-of-what-it-is-for-and-then-some"


def bad_behaviour_methods_1(name: str) -> None:
    """POST alone."""
    _distribution(name, _behaviour(allowed_methods=["GET", "HEAD", "POST"]))


def bad_behaviour_methods_2(name: str) -> None:
    """A cached POST, on one path."""
    _distribution(name, paths=[_behaviour(path_pattern="/v1/*", cached_methods=["GET", "HEAD", "POST"])])


def good_behaviour_methods_1(name: str) -> None:
    _distribution(name, _behaviour(allowed_methods=["HEAD", "GET", "OPTIONS"]))


def good_behaviour_methods_2(name: str) -> None:
    _distribution(name, paths=[_behaviour(path_pattern="/v1/*")])


def _bucket_origin(name: str, **more: Any) -> dict[str, Any]:
    access = aws.cloudfront.OriginAccessControl(
        f"{name}-access",
        name=f"{name}-access",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
    )
    return {"origin_id": "site", "origin_access_control_id": access.id} | more


def bad_origin_access_1(name: str) -> None:
    """The website's endpoint, not known before the update."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    website = aws.s3.BucketWebsiteConfiguration(
        f"{name}-website", bucket=bucket.bucket, index_document={"suffix": "index.html"}
    )
    site = website.website_endpoint.apply(lambda _: "pages.s3-website-us-east-1.amazonaws.com")
    _distribution(name, origins=[_bucket_origin(name, domain_name=site)])


def bad_origin_access_2(name: str) -> None:
    """Beside the older identity."""
    identity = {"origin_access_identity": "origin-access-identity/cloudfront/E2"}
    origin = _bucket_origin(name, domain_name="pages.s3.us-east-1.amazonaws.com", s3_origin_config=identity)
    _distribution(name, origins=[origin])


def bad_origin_access_3(name: str) -> None:
    origin = _bucket_origin(name, domain_name="pages.s3-website-us-east-1.amazonaws.com")
    _distribution(name, origins=[origin])


def good_origin_access_1(name: str) -> None:
    bucket = aws.s3.Bucket(f"{name}-bucket")
    _distribution(name, origins=[_bucket_origin(name, domain_name=bucket.bucket_regional_domain_name)])


def good_origin_access_2(name: str) -> None:
    _distribution(name, origins=[_bucket_origin(name, domain_name="pages.s3.us-east-1.amazonaws.com")])


def bad_all_viewer_bucket_1(name: str) -> None:
    bucket = aws.s3.Bucket(f"{name}-bucket")
    origin = {"origin_id": "site", "domain_name": bucket.bucket_regional_domain_name}
    behaviour = _behaviour(allowed_methods=READ, origin_request_policy_id=ALL_VIEWER)
    _distribution(name, behaviour, origins=[origin])


def _own_policy(name: str, headers: str) -> aws.cloudfront.OriginRequestPolicy:
    items: Any = {"headers": {"items": ["Content-Type"]}} if headers == "whitelist" else {}
    return aws.cloudfront.OriginRequestPolicy(
        f"{name}-policy",
        name=f"{name}-policy",
        headers_config={"header_behavior": headers} | items,
        cookies_config={"cookie_behavior": "none"},
        query_strings_config={"query_string_behavior": "none"},
    )


def _own_policy_before_a_bucket(name: str, headers: str) -> None:
    bucket = aws.s3.Bucket(f"{name}-bucket")
    origin = {"origin_id": "site", "domain_name": bucket.bucket_regional_domain_name}
    policy = _own_policy(name, headers)
    _distribution(name, paths=[_behaviour(path_pattern="/a", origin_request_policy_id=policy.id)], origins=[origin])


def bad_all_viewer_bucket_2(name: str) -> None:
    """A policy of one's own that does the same; its id is known after the update only."""
    _own_policy_before_a_bucket(name, "allViewer")


def good_all_viewer_bucket_1(name: str) -> None:
    origin = {"origin_id": "site", "domain_name": "pages.s3.us-east-1.amazonaws.com"}
    behaviour = _behaviour(allowed_methods=READ, origin_request_policy_id=ALL_BUT_HOST)
    _distribution(name, behaviour, origins=[origin])


def good_all_viewer_bucket_2(name: str) -> None:
    _own_policy_before_a_bucket(name, "whitelist")


def aside_all_viewer_bucket_1(name: str) -> None:
    """A server of one's own takes all headers."""
    _distribution(name, _behaviour(allowed_methods=READ, origin_request_policy_id=ALL_VIEWER))


def _cache_policy(name: str, headers: str, *, gzip: bool, max_ttl: int = 0) -> None:
    key: Any = {
        "headers_config": {"header_behavior": headers},
        "cookies_config": {"cookie_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "none"},
        "enable_accept_encoding_gzip": gzip,
        "enable_accept_encoding_brotli": False,
    }
    if headers == "whitelist":
        key["headers_config"]["headers"] = {"items": ["Authorization"]}
    aws.cloudfront.CachePolicy(
        f"{name}-policy",
        name=f"{name}-policy",
        min_ttl=0,
        default_ttl=0,
        max_ttl=max_ttl,
        parameters_in_cache_key_and_forwarded_to_origin=key,
    )


def bad_cache_off_key_1(name: str) -> None:
    _cache_policy(name, "whitelist", gzip=False)


def bad_cache_off_key_2(name: str) -> None:
    _cache_policy(name, "none", gzip=True)


def good_cache_off_key_1(name: str) -> None:
    _cache_policy(name, "none", gzip=False)


def good_cache_off_key_2(name: str) -> None:
    """A policy that caches, beside one that doesn't."""
    _cache_policy(f"{name}-off", "none", gzip=False)
    _cache_policy(f"{name}-on", "whitelist", gzip=True, max_ttl=60)


def _certificate(arn: pulumi.Input[str]) -> dict[str, Any]:
    return {"acm_certificate_arn": arn, "ssl_support_method": "sni-only", "minimum_protocol_version": "TLSv1.2_2021"}


def _named(name: str, certificate: dict[str, Any]) -> None:
    _distribution(name, aliases=["site.example.com"], viewer_certificate=certificate)


def bad_certificate_region_1(name: str) -> None:
    """Made here, its ARN not known yet."""
    made = aws.acm.Certificate(
        f"{name}-certificate", domain_name="site.example.com", validation_method="DNS", region="eu-central-1"
    )
    arn = made.arn.apply(lambda _: "arn:aws:acm:eu-central-1:000000000000:certificate/a")
    _named(name, _certificate(arn))


def bad_certificate_region_2(name: str) -> None:
    """A name of one's own and CloudFront's certificate."""
    _named(name, {"cloudfront_default_certificate": True})


def bad_certificate_region_3(name: str) -> None:
    _named(name, _certificate("arn:aws:acm:eu-west-1:000000000000:certificate/a"))


def good_certificate_region_1(name: str) -> None:
    made = aws.acm.Certificate(f"{name}-certificate", domain_name="site.example.com", validation_method="DNS")
    _named(name, _certificate(made.arn.apply(lambda _: "arn:aws:acm:us-east-1:000000000000:certificate/a")))


def good_certificate_region_2(name: str) -> None:
    _named(name, _certificate("arn:aws:acm:us-east-1:000000000000:certificate/a"))


def bad_name_lengths_1(name: str) -> None:
    """An automatic name: the logical one and seven letters more."""
    aws.cloudfront.KeyValueStore(f"{name}-{LONG}")


def bad_name_lengths_2(name: str) -> None:
    aws.budgets.Budget(f"{name}-budget", name="b" * 101, budget_type="COST", time_unit="MONTHLY", limit_amount="1.0")


def good_name_lengths_1(name: str) -> None:
    aws.cloudfront.KeyValueStore(f"{name}-{LONG}", name="short")


def good_name_lengths_2(name: str) -> None:
    aws.cloudfront.KeyValueStore(f"{name}-store")


def _budget(name: str, *notifications: dict[str, Any], **more: Any) -> None:
    settings: dict[str, Any] = {
        "name": name,
        "budget_type": "COST",
        "time_unit": "MONTHLY",
        "limit_amount": "50.0",
        "limit_unit": "USD",
        "notifications": list(notifications),
    }
    aws.budgets.Budget(f"{name}-budget", **(settings | more))


def _tells(kind: str = "ACTUAL", **subscribers: Any) -> dict[str, Any]:
    return {
        "notification_type": kind,
        "comparison_operator": "GREATER_THAN",
        "threshold": 80,
        "threshold_type": "PERCENTAGE",
    } | (subscribers or {"subscriber_email_addresses": ["team@example.com"]})


def bad_budget_limits_1(name: str) -> None:
    """A forecast of a day."""
    _budget(name, _tells("FORECASTED"), time_unit="DAILY")


def bad_budget_limits_2(name: str) -> None:
    """Two topics, neither made yet."""
    topics = [aws.sns.Topic(f"{name}-topic-{index}").arn for index in range(2)]
    _budget(name, _tells(subscriber_sns_topic_arns=topics))


def bad_budget_limits_3(name: str) -> None:
    _budget(name, *(_tells() | {"threshold": 10 * (1 + index)} for index in range(11)))


def good_budget_limits_1(name: str) -> None:
    _budget(name, _tells(), _tells("FORECASTED"))


def good_budget_limits_2(name: str) -> None:
    topic = aws.sns.Topic(f"{name}-topic")
    _budget(name, _tells(subscriber_sns_topic_arns=[topic.arn]), time_unit="DAILY")


def bad_budget_filters_1(name: str) -> None:
    """A tag without the dollar matches nothing."""
    _budget(name, cost_filters=[{"name": "TagKeyValue", "values": ["edgewise:function=face-match"]}])


def bad_budget_filters_2(name: str) -> None:
    """An expression without its metric."""
    _budget(name, filter_expression={"tags": {"key": "team", "values": ["edge"]}})


def good_budget_filters_1(name: str) -> None:
    _budget(name, cost_filters=[{"name": "TagKeyValue", "values": ["user:edgewise:function$face-match"]}])


def good_budget_filters_2(name: str) -> None:
    _budget(name, filter_expression={"tags": {"key": "team", "values": ["edge"]}}, metrics="UnblendedCost")


def _gate(name: str, **more: Any) -> None:
    settings: dict[str, Any] = {"name": f"{name}-gate", "runtime": "cloudfront-js-2.0", "code": GATE}
    aws.cloudfront.Function(f"{name}-gate", **(settings | more))


def _store(name: str) -> aws.cloudfront.KeyValueStore:
    return aws.cloudfront.KeyValueStore(name, name=name)


def bad_gate_limits_1(name: str) -> None:
    _gate(name, code=f"{GATE}\n// {'x' * 10_240}")


def bad_gate_limits_2(name: str) -> None:
    """Two stores."""
    _gate(name, key_value_store_associations=[_store(f"{name}-a").arn, _store(f"{name}-b").arn])


def bad_gate_limits_3(name: str) -> None:
    """A store and the older runtime."""
    _gate(name, runtime="cloudfront-js-1.0", key_value_store_associations=[_store(f"{name}-a").arn])


def good_gate_limits_1(name: str) -> None:
    _gate(name, key_value_store_associations=[_store(f"{name}-a").arn])


def good_gate_limits_2(name: str) -> None:
    _gate(name, runtime="cloudfront-js-1.0")


def _entry(name: str, key: str, value: pulumi.Input[str]) -> None:
    store = _store(f"{name}-store")
    aws.cloudfront.KeyvaluestoreKey(f"{name}-entry", key_value_store_arn=store.arn, key=key, value=value)


def bad_store_entries_1(name: str) -> None:
    _entry(name, "k" * 513, "1")


def bad_store_entries_2(name: str) -> None:
    """A long secret: its size is told, it is not."""
    _entry(name, "token", pulumi.Output.secret("s" * 1025))


def good_store_entries_1(name: str) -> None:
    _entry(name, "k" * 512, "v" * 1024)


def good_store_entries_2(name: str) -> None:
    """A value that is not known yet."""
    topic = aws.sns.Topic(f"{name}-topic")
    _entry(name, "topic", topic.arn)


def _alarm(name: str, **more: Any) -> None:
    settings: dict[str, Any] = {
        "namespace": "AWS/Lambda",
        "metric_name": "Errors",
        "statistic": "Sum",
        "period": 60,
        "evaluation_periods": 1,
        "threshold": 0,
        "comparison_operator": "GreaterThanThreshold",
    }
    aws.cloudwatch.MetricAlarm(f"{name}-alarm", **(settings | more))


def bad_alarm_period_1(name: str) -> None:
    _alarm(name, period=90)


def bad_alarm_period_2(name: str) -> None:
    """A month can't be watched."""
    _alarm(name, period=86_400, evaluation_periods=30)


def bad_alarm_period_3(name: str) -> None:
    """AWS's own metrics come once a minute."""
    _alarm(name, period=10)


def good_alarm_period_1(name: str) -> None:
    _alarm(name, period=300, evaluation_periods=2)


def good_alarm_period_2(name: str) -> None:
    _alarm(name, period=10, namespace="Own/Fast")


def bad_alarm_region_1(name: str) -> None:
    """CloudFront's metric without Region=Global."""
    _alarm(name, namespace="AWS/CloudFront", metric_name="Requests", dimensions={"DistributionId": "E1"})


def bad_alarm_region_2(name: str) -> None:
    """It speaks to a topic of another Region."""
    topic = aws.sns.Topic(f"{name}-topic", region="eu-central-1")
    _alarm(name, alarm_actions=[topic.arn.apply(lambda _: "arn:aws:sns:eu-central-1:000000000000:alerts")])


def good_alarm_region_1(name: str) -> None:
    dimensions = {"DistributionId": _distribution(name).id, "Region": "Global"}
    _alarm(name, namespace="AWS/CloudFront", metric_name="Requests", dimensions=dimensions)


def good_alarm_region_2(name: str) -> None:
    _alarm(name, alarm_actions=[aws.sns.Topic(f"{name}-topic").arn])


def _acl(name: str, *rules: dict[str, Any], **more: Any) -> aws.wafv2.WebAcl:
    settings: dict[str, Any] = {
        "name": name,
        "scope": "CLOUDFRONT",
        "region": "us-east-1",
        "default_action": {"block": {}},
        "rules": list(rules),
        "visibility_config": _seen(name),
    }
    return aws.wafv2.WebAcl(f"{name}-acl", **(settings | more))


def _seen(name: str) -> dict[str, Any]:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": False}


def _rate(name: str, priority: int = 0, **more: Any) -> dict[str, Any]:
    rate = {"aggregate_key_type": "IP", "limit": 600, "evaluation_window_sec": 60} | more
    return {
        "name": f"{name}-{priority}",
        "priority": priority,
        "action": {"block": {}},
        "statement": {"rate_based_statement": rate},
        "visibility_config": _seen(name),
    }


def bad_web_acl_region_1(name: str) -> None:
    _acl(name, region="eu-central-1")


def bad_web_acl_region_2(name: str) -> None:
    """One for a load balancer."""
    acl = _acl(name, scope="REGIONAL")
    _distribution(name, web_acl_id=acl.arn)


def good_web_acl_region_1(name: str) -> None:
    _distribution(name, web_acl_id=_acl(name).arn)


def good_web_acl_region_2(name: str) -> None:
    _distribution(name, web_acl_id="arn:aws:wafv2:us-east-1:000000000000:global/webacl/elsewhere/a")


def bad_rate_rule_values_1(name: str) -> None:
    _acl(name, _rate(name, limit=5))


def bad_rate_rule_values_2(name: str) -> None:
    _acl(name, _rate(name, evaluation_window_sec=30))


def bad_rate_rule_values_3(name: str) -> None:
    """Everything counted together, and nothing says what everything is."""
    _acl(name, _rate(name, aggregate_key_type="CONSTANT"))


def good_rate_rule_values_1(name: str) -> None:
    _acl(name, _rate(name), _rate(name, 1, evaluation_window_sec=600))


def good_rate_rule_values_2(name: str) -> None:
    match = {
        "field_to_match": {"uri_path": {}},
        "positional_constraint": "STARTS_WITH",
        "search_string": "/v1/",
        "text_transformations": [{"priority": 0, "type": "NONE"}],
    }
    _acl(name, _rate(name, aggregate_key_type="CONSTANT", scope_down_statement={"byte_match_statement": match}))


def _workgroup(name: str, cutoff: int) -> None:
    aws.athena.Workgroup(f"{name}-workgroup", configuration={"bytes_scanned_cutoff_per_query": cutoff})


def bad_query_cutoff_1(name: str) -> None:
    _workgroup(name, 1_000_000)


def bad_query_cutoff_2(name: str) -> None:
    """AWS's own least, below the provider's."""
    _workgroup(name, 10_000_000)


def good_query_cutoff_1(name: str) -> None:
    _workgroup(name, 10_485_760)


def good_query_cutoff_2(name: str) -> None:
    _workgroup(name, 1_000_000_000)


def _stream(name: str, *, stream: bool = True, **more: Any) -> None:
    view: dict[str, Any] = {"stream_enabled": True, "stream_view_type": "NEW_AND_OLD_IMAGES"} if stream else {}
    table = aws.dynamodb.Table(
        f"{name}-table",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
        **view,
    )
    aws.lambda_.EventSourceMapping(
        f"{name}-mapping", event_source_arn=table.stream_arn, function_name=_function(name).name, **more
    )


def bad_stream_start_1(name: str) -> None:
    _stream(name)


def bad_stream_start_2(name: str) -> None:
    _stream(name, starting_position="AT_TIMESTAMP")


def bad_stream_start_3(name: str) -> None:
    """A table without a stream."""
    _stream(name, stream=False, starting_position="LATEST")


def good_stream_start_1(name: str) -> None:
    _stream(name, starting_position="TRIM_HORIZON")


def good_stream_start_2(name: str) -> None:
    _stream(name, starting_position="LATEST")


def bad_environment_size_1(name: str) -> None:
    _function(name, environment={"variables": {"ENDPOINTS": "x" * 4097}})


def bad_environment_size_2(name: str) -> None:
    """Many small ones, one of them not known yet."""
    topic = aws.sns.Topic(f"{name}-topic")
    many = {f"ENDPOINT_{index}": json.dumps(["x" * 50]) for index in range(80)}
    _function(name, environment={"variables": many | {"TOPIC": topic.arn}})


def good_environment_size_1(name: str) -> None:
    _function(name, environment={"variables": {"STAGE": "prod"}})


def good_environment_size_2(name: str) -> None:
    _function(name, environment={"variables": {"TOPIC": aws.sns.Topic(f"{name}-topic").arn}})


def bad_log_group_order_1(name: str) -> None:
    """The usual way of writing it."""
    function = _function(name)
    aws.cloudwatch.LogGroup(f"{name}-logs", name=function.name.apply(lambda made: f"/aws/lambda/{made}"))


def bad_log_group_order_2(name: str) -> None:
    function = _function(name, name=f"{name}-fixed")
    aws.cloudwatch.LogGroup(f"{name}-logs", name=pulumi.Output.concat("/aws/lambda/", function.name))


def good_log_group_order_1(name: str) -> None:
    logs = aws.cloudwatch.LogGroup(f"{name}-logs", name=f"/aws/lambda/{name}", retention_in_days=30)
    _function(name, name=f"{name}", logging_config={"log_format": "Text", "log_group": logs.name})


def good_log_group_order_2(name: str) -> None:
    aws.cloudwatch.LogGroup(f"{name}-logs", name=f"/aws/lambda/{name}", retention_in_days=30)
    _function(name, name=f"{name}")
