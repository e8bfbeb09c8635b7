"""A small valid program's inputs, one of every imitated type."""

from __future__ import annotations

import json
from typing import Any

from edgewise.local.providers.wire import ARCHIVE_SIGNATURE, SIGNATURE_KEY

ACCOUNT = "000000000000"
OWNER = f"arn:aws:iam::{ACCOUNT}:role/edge"
STORE = f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/11111111-2222-4333-8444-555555555555"
VERSION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:edgewise-local-face-match:1"
GATE = f"arn:aws:cloudfront::{ACCOUNT}:function/gate"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"
STREAM = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/ledger/stream/2026-11-24T00:00:00.000"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
SEVEN = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]


def archive(digest: str = "ab" * 32, path: str = "edge.zip") -> dict[str, Any]:
    return {SIGNATURE_KEY: ARCHIVE_SIGNATURE, "hash": digest, "path": path}


def behaviour(**more: Any) -> dict[str, Any]:
    return {
        "targetOriginId": "models",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "viewerProtocolPolicy": "https-only",
        "cachePolicyId": CACHING_DISABLED,
        "functionAssociations": [{"eventType": "viewer-request", "functionArn": GATE}],
        **more,
    }


DISTRIBUTION: dict[str, Any] = {
    "enabled": True,
    "origins": [
        {
            "originId": "models",
            "domainName": "models.s3.us-east-1.amazonaws.com",
            "originAccessControlId": "E1234567890ABC",
        }
    ],
    "defaultCacheBehavior": behaviour(),
    "orderedCacheBehaviors": [
        behaviour(
            pathPattern="/v1/face-match/*",
            allowedMethods=SEVEN,
            lambdaFunctionAssociations=[
                {"eventType": "origin-request", "lambdaArn": VERSION, "includeBody": True},
            ],
        )
    ],
    "restrictions": {"geoRestriction": {"restrictionType": "none"}},
    "viewerCertificate": {"cloudfrontDefaultCertificate": True},
}

VISIBLE = {"cloudwatchMetricsEnabled": True, "metricName": "edge", "sampledRequestsEnabled": False}
WEB_ACL: dict[str, Any] = {
    "scope": "CLOUDFRONT",
    "defaultAction": {"block": {"customResponse": {"responseCode": 403}}},
    "visibilityConfig": VISIBLE,
    "rules": [
        {
            "name": "rate",
            "priority": 1,
            "action": {"block": {}},
            "statement": {
                "rateBasedStatement": {
                    "limit": 1200,
                    "aggregateKeyType": "CONSTANT",
                    "scopeDownStatement": {
                        "byteMatchStatement": {
                            "fieldToMatch": {"uriPath": {}},
                            "positionalConstraint": "STARTS_WITH",
                            "searchString": "/v1/",
                            "textTransformations": [{"priority": 0, "type": "NONE"}],
                        }
                    },
                }
            },
            "visibilityConfig": VISIBLE,
        }
    ],
}

SAMPLES: dict[str, dict[str, Any]] = {
    "aws:s3/bucket:Bucket": {},
    "aws:s3/bucketVersioning:BucketVersioning": {
        "bucket": "models",
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket": "models", "blockPublicAcls": True},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
        "bucket": "models",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "bucket": "models",
        "rules": [{"id": "old", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 30}}],
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "models", "policy": POLICY},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "models",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    },
    "aws:s3/bucketObjectv2:BucketObjectv2": {"bucket": "models", "content": "bytes"},
    "aws:cloudfront/originAccessControl:OriginAccessControl": {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    },
    "aws:cloudfront/distribution:Distribution": DISTRIBUTION,
    "aws:cloudfront/cachePolicy:CachePolicy": {
        "parametersInCacheKeyAndForwardedToOrigin": {
            "cookiesConfig": {"cookieBehavior": "none"},
            "headersConfig": {"headerBehavior": "none"},
            "queryStringsConfig": {"queryStringBehavior": "none"},
        }
    },
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": {
        "cookiesConfig": {"cookieBehavior": "none"},
        "headersConfig": {"headerBehavior": "none"},
        "queryStringsConfig": {"queryStringBehavior": "none"},
    },
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": {
        "securityHeadersConfig": {"contentTypeOptions": {"override": True}}
    },
    "aws:cloudfront/function:Function": {
        "code": "function handler(event) { return event.request; }",
        "runtime": "cloudfront-js-2.0",
        "keyValueStoreAssociations": [STORE],
    },
    "aws:cloudfront/keyValueStore:KeyValueStore": {"comment": "gate"},
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": {
        "keyValueStoreArn": STORE,
        "key": "closed_until",
        "value": "0",
    },
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": {
        "distributionId": "E1234567890ABC",
        "monitoringSubscription": {
            "realtimeMetricsSubscriptionConfig": {"realtimeMetricsSubscriptionStatus": "Enabled"}
        },
    },
    "aws:lambda/function:Function": {
        "code": archive(),
        "handler": "inference.handler.handler",
        "runtime": "python3.13",
        "role": OWNER,
        "publish": True,
    },
    "aws:lambda/permission:Permission": {
        "action": "lambda:InvokeFunction",
        "function": "settle",
        "principal": "scheduler.amazonaws.com",
    },
    "aws:lambda/eventSourceMapping:EventSourceMapping": {
        "functionName": "settle",
        "eventSourceArn": STREAM,
        "startingPosition": "LATEST",
    },
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
        "functionName": "guard",
        "maximumRetryAttempts": 0,
    },
    "aws:iam/role:Role": {"assumeRolePolicy": POLICY},
    "aws:iam/rolePolicy:RolePolicy": {"role": "edge", "policy": POLICY},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 14},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "Requests",
        "namespace": "AWS/CloudFront",
        "period": 60,
        "statistic": "Sum",
        "threshold": 0.5,
        "alarmActions": [TOPIC],
    },
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardName": "edge", "dashboardBody": '{"widgets": []}'},
    "aws:dynamodb/table:Table": {
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "pk",
        "attributes": [{"name": "pk", "type": "S"}],
    },
    "aws:dynamodb/tableItem:TableItem": {
        "tableName": "ledger",
        "hashKey": "pk",
        "item": '{"pk": {"S": "limits#face-match"}, "daily_quota": {"N": "20000"}}',
    },
    "aws:wafv2/webAcl:WebAcl": WEB_ACL,
    "aws:sns/topic:Topic": {},
    "aws:sns/topicSubscription:TopicSubscription": {"topic": TOPIC, "protocol": "email", "endpoint": "a@example.com"},
    "aws:sns/topicPolicy:TopicPolicy": {"arn": TOPIC, "policy": POLICY},
    "aws:sqs/queue:Queue": {},
    "aws:scheduler/schedule:Schedule": {
        "flexibleTimeWindow": {"mode": "OFF"},
        "scheduleExpression": "rate(5 minutes)",
        "target": {"arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:settle", "roleArn": OWNER},
    },
    "aws:budgets/budget:Budget": {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "40.0",
        "limitUnit": "USD",
        "notifications": [
            {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": "ACTUAL",
                "threshold": 80,
                "thresholdType": "PERCENTAGE",
                "subscriberSnsTopicArns": [TOPIC],
            }
        ],
    },
    "aws:costexplorer/costAllocationTag:CostAllocationTag": {"tagKey": "edgewise:function", "status": "Active"},
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {
        "destination": "extended_s3",
        "extendedS3Configuration": {"bucketArn": "arn:aws:s3:::lake", "roleArn": OWNER},
    },
    "aws:glue/catalogDatabase:CatalogDatabase": {},
    "aws:glue/catalogTable:CatalogTable": {"databaseName": "lake", "tableType": "EXTERNAL_TABLE"},
    "aws:athena/workgroup:Workgroup": {"configuration": {"bytesScannedCutoffPerQuery": 1_073_741_824}},
    "aws:athena/namedQuery:NamedQuery": {"database": "lake", "query": "SELECT 1"},
    "random:index/randomBytes:RandomBytes": {"length": 32},
    "random:index/randomPassword:RandomPassword": {"length": 64},
}
