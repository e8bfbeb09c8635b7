"""What watches, bounds and records an endpoint: the types that the chain itself has no use for."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from tests.engine.providers_program import trust


def block(**properties: Any) -> Any:
    """Return properties of a nested block: the SDK's own types for them run over many lines."""
    return properties


def around_it() -> None:
    """Declare one of each."""
    topic = aws.sns.Topic("alerts")
    aws.sns.TopicPolicy("alerts", arn=topic.arn, policy=trust("budgets.amazonaws.com"))
    aws.sns.TopicSubscription("owner", topic=topic.arn, protocol="email", endpoint="owner@example.com")
    dead = aws.sqs.Queue("dead-letters")
    role = aws.iam.Role("settle", assume_role_policy=trust("lambda.amazonaws.com"))
    table = aws.dynamodb.Table(
        "ledger",
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
    )
    settle = aws.lambda_.Function(
        "settle",
        role=role.arn,
        runtime="python3.13",
        handler="settle.handler",
        code=pulumi.AssetArchive({"settle.py": pulumi.StringAsset("def handler(event, context): ...")}),
    )
    aws.lambda_.EventSourceMapping(
        "settle",
        function_name=settle.name,
        event_source_arn=table.stream_arn,
        starting_position="LATEST",
        destination_config={"on_failure": {"destination_arn": dead.arn}},
    )
    aws.lambda_.FunctionEventInvokeConfig("settle", function_name=settle.name, maximum_retry_attempts=0)
    aws.lambda_.Permission(
        "nightly", action="lambda:InvokeFunction", function=settle.name, principal="scheduler.amazonaws.com"
    )
    aws.scheduler.Schedule(
        "nightly",
        flexible_time_window={"mode": "OFF"},
        schedule_expression="rate(5 minutes)",
        target={"arn": settle.arn, "role_arn": role.arn},
    )
    visible = block(cloudwatch_metrics_enabled=True, metric_name="edge", sampled_requests_enabled=False)
    everything: dict[str, Any] = {
        "byte_match_statement": {
            "field_to_match": {"uri_path": {}},
            "positional_constraint": "STARTS_WITH",
            "search_string": "/",
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }
    rate = block(
        name="rate",
        priority=0,
        action={"block": {}},
        visibility_config=visible,
        statement={
            "rate_based_statement": {
                "limit": 1200,
                "aggregate_key_type": "CONSTANT",
                "scope_down_statement": everything,
            }
        },
    )
    aws.wafv2.WebAcl(
        "firewall",
        scope="CLOUDFRONT",
        region="us-east-1",
        default_action=block(block={}),
        visibility_config=visible,
        rules=[rate],
    )
    aws.budgets.Budget(
        "monthly",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount="40.0",
        limit_unit="USD",
        notifications=[
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": "ACTUAL",
                "threshold": 80,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [topic.arn],
            }
        ],
    )
    aws.costexplorer.CostAllocationTag("function", tag_key="edgewise:function", status="Active")
    aws.cloudwatch.MetricAlarm(
        "half",
        comparison_operator="GreaterThanThreshold",
        evaluation_periods=1,
        metric_name="Requests",
        namespace="AWS/CloudFront",
        period=60,
        statistic="Sum",
        threshold=10_000,
        alarm_actions=[topic.arn],
    )
    aws.cloudwatch.Dashboard("edge", dashboard_name="edge", dashboard_body=json.dumps({"widgets": []}))
    lake = aws.s3.Bucket("lake")
    aws.kinesis.FirehoseDeliveryStream(
        "receipts",
        destination="extended_s3",
        extended_s3_configuration={"bucket_arn": lake.arn, "role_arn": role.arn},
    )
    database = aws.glue.CatalogDatabase("lake")
    aws.glue.CatalogTable("receipts", database_name=database.name, table_type="EXTERNAL_TABLE")
    workgroup = aws.athena.Workgroup("audit", configuration={"bytes_scanned_cutoff_per_query": 1_073_741_824})
    aws.athena.NamedQuery("audit", database=database.name, workgroup=workgroup.id, query="SELECT 1")
    nothing: Any = {
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {"header_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "none"},
    }
    aws.cloudfront.CachePolicy("own", parameters_in_cache_key_and_forwarded_to_origin=nothing)
    aws.cloudfront.OriginRequestPolicy("own", **nothing)
    aws.cloudfront.MonitoringSubscription(
        "metrics",
        distribution_id="E1234567890ABC",
        monitoring_subscription={
            "realtime_metrics_subscription_config": {"realtime_metrics_subscription_status": "Enabled"}
        },
    )
    random.RandomBytes("salt", length=32)
