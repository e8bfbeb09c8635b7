"""Names that the refusals share: types, and the paths of the samples that they change."""

from __future__ import annotations

from typing import Any

from tests.unit.providers.samples import ACCOUNT

Change = dict[str, Any]
Case = tuple[str, Change, str]

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
GATE = "aws:cloudfront/function:Function"
STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
ENTRY = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
OAC = "aws:cloudfront/originAccessControl:OriginAccessControl"
CACHE = "aws:cloudfront/cachePolicy:CachePolicy"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
ASYNC = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TABLE = "aws:dynamodb/table:Table"
ITEM = "aws:dynamodb/tableItem:TableItem"
ACL = "aws:wafv2/webAcl:WebAcl"
TOPIC_TYPE = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
SCHEDULE = "aws:scheduler/schedule:Schedule"
BUDGET = "aws:budgets/budget:Budget"
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
GLUE_TABLE = "aws:glue/catalogTable:CatalogTable"
WORKGROUP = "aws:athena/workgroup:Workgroup"

ORDERED = "orderedCacheBehaviors[0]"
LAMBDA = f"{ORDERED}.lambdaFunctionAssociations[0].lambdaArn"
KEYS = "parametersInCacheKeyAndForwardedToOrigin"
RATE = "rules[0].statement.rateBasedStatement"
SCOPE = f"{RATE}.scopeDownStatement"
MATCH = f"{SCOPE}.byteMatchStatement"
RATE_OF_ONE = {"limit": 10, "aggregateKeyType": "IP"}
SIZE: dict[str, Any] = {
    "fieldToMatch": {"uriPath": {}},
    "comparisonOperator": "LE",
    "size": 77,
    "textTransformations": [{"priority": 0, "type": "NONE"}],
}
S3 = "extendedS3Configuration"
PARTITIONING = f"{S3}.dynamicPartitioningConfiguration"
VERSIONS = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:edge"
GATE_ARN = f"arn:aws:cloudfront::{ACCOUNT}:function/gate"
ACM = "arn:aws:acm:{}:" + ACCOUNT + ":certificate/1"
