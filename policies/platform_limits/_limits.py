"""What the platforms allow, one place each, with who says so; what edgewise.cost.quotas holds comes from there."""

from __future__ import annotations

from typing import Final

from edgewise.cost.quotas import limit

EDGE_GUIDE: Final = "Amazon CloudFront Developer Guide, Restrictions on Lambda@Edge"
EDGE_QUOTAS: Final = "Amazon CloudFront Developer Guide, Quotas, Lambda@Edge"
BOTH_FUNCTIONS: Final = "Amazon CloudFront Developer Guide, Restrictions on all edge functions"

EDGE_TIMEOUT_S: Final = limit("lambda_edge.timeout_s")
EDGE_REGIONS: Final = limit("lambda_edge.regions")
EDGE_ARCHITECTURE: Final = "x86_64"
EDGE_STORAGE_MB: Final = 512
EDGE_PRINCIPALS: Final = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
"""EDGE_GUIDE, Lambda features and Lambda role permissions."""

READ: Final = frozenset({"GET", "HEAD"})
READ_AND_OPTIONS: Final = READ | {"OPTIONS"}
ALL_METHODS: Final = READ_AND_OPTIONS | {"PUT", "POST", "PATCH", "DELETE"}
ALLOWED_METHODS: Final = (READ, READ_AND_OPTIONS, ALL_METHODS)
CACHED_METHODS: Final = (READ, READ_AND_OPTIONS)
"""Amazon CloudFront API Reference, AllowedMethods and CachedMethods."""

ALL_VIEWER: Final = frozenset(("216adef6-5c7f-47e4-b989-5492eafa07d3", "33f36d7e-f396-46d9-90e0-52428a34d9dc"))
OTHER_MANAGED: Final = frozenset(
    (
        *("b689b0a8-53d0-40ab-baf2-68738e2966ac", "59781a5b-3903-41f3-afcb-af62929ccde1"),
        *("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "775133bc-15f2-49f9-abea-afb2e0bf67d2"),
        *("bf0718e1-ba1e-49d1-88b1-f726733018ae", "acba4595-bd28-49b8-b9fe-13317c0390fa"),
    )
)
"""Amazon CloudFront Developer Guide, Use managed origin request policies: AllViewer with and without CloudFront's own
headers, which forward Host; and those that don't forward all."""

GATE_CODE_BYTES: Final = 10 * 1024
STORES_A_GATE: Final = 1
STORE_RUNTIME: Final = "cloudfront-js-2.0"
STORE_KEY_BYTES: Final = 512
STORE_VALUE_BYTES: Final = 1024
"""Amazon CloudFront Developer Guide, Quotas, CloudFront Functions and key value stores."""

NAME_LENGTHS: Final = {
    "aws:cloudfront/originAccessControl:OriginAccessControl": ("name", 64),
    "aws:cloudfront/function:Function": ("name", 64),
    "aws:cloudfront/keyValueStore:KeyValueStore": ("name", 64),
    "aws:scheduler/schedule:Schedule": ("name", 64),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("name", 64),
    "aws:lambda/function:Function": ("name", 64),
    "aws:iam/role:Role": ("name", 64),
    "aws:s3/bucket:Bucket": ("bucket", 63),
    "aws:sqs/queue:Queue": ("name", 80),
    "aws:budgets/budget:Budget": ("name", 100),
    "aws:wafv2/webAcl:WebAcl": ("name", 128),
    "aws:iam/rolePolicy:RolePolicy": ("name", 128),
    "aws:athena/workgroup:Workgroup": ("name", 128),
}
"""Characters; the services' API references. Automatic names may be 255 long (facts: pulumi-aws autonaming.go)."""

ALARM_SHORT_PERIODS_S: Final = (10, 20, 30)
ALARM_AWS_PERIOD_S: Final = 60
ALARM_DAY_S: Final = 86_400
ALARM_WEEK_S: Final = 7 * ALARM_DAY_S
ALARM_HOUR_S: Final = 3_600
ALARM_ACTIONS: Final = 5
"""Amazon CloudWatch API Reference, PutMetricAlarm: Period, EvaluationPeriods, AlarmActions."""

BUDGET_NOTIFICATIONS: Final = 10
BUDGET_TOPICS: Final = 1
BUDGET_ADDRESSES: Final = 10
"""AWS Cost Management, Quotas and restrictions, AWS Budgets: a budget's notifications, a notification's subscribers."""

RATE_WINDOWS_S: Final = (60, 120, 300, 600)
RATE_LEAST: Final = limit("waf.rate_rule_minimum")
RATE_MOST: Final = 2_000_000_000
"""AWS WAF API Reference, RateBasedStatement; requests a window."""

QUERY_CUTOFF_BYTES: Final = 10_485_760
"""pulumi_aws athena.Workgroup, bytes_scanned_cutoff_per_query: at least this (AWS itself says 10,000,000)."""

STREAM_POSITIONS: Final = ("TRIM_HORIZON", "LATEST")
"""AWS Lambda API Reference, CreateEventSourceMapping: AT_TIMESTAMP is not for DynamoDB."""

ENVIRONMENT_BYTES: Final = 4096
"""AWS Lambda Developer Guide, Lambda quotas: environment variables of a function, all together."""

ROLLOUT_PERCENT: Final = 100
ROLLOUT_LEAST_PERCENT: Final = 0.01
ZONE_COUNTER: Final = "cf.colo.id"
BINDING_PERIODS_S: Final = (10, 60)
"""cloudflare-docs: gradual deployments; rate-limiting-rules/request-rate; runtime-apis/bindings/rate-limit."""
