"""What must be refused, as data: a sample, one change, and the words of the refusal.

`REFUSED_BY_PROVIDER` are found in Check, before any call; `REFUSED_BY_AWS` at Create and Update, by AWS's own name.
"""

from __future__ import annotations

from typing import Any

from tests.unit.providers.samples import ACCOUNT, SEVEN, TOPIC, behaviour

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

Change = dict[str, Any]
Case = tuple[str, Change, str]

ORDERED = "orderedCacheBehaviors[0]"
LAMBDA = f"{ORDERED}.lambdaFunctionAssociations[0].lambdaArn"
KEYS = "parametersInCacheKeyAndForwardedToOrigin"
RATE = "rules[0].statement.rateBasedStatement"
S3 = "extendedS3Configuration"
PARTITIONING = f"{S3}.dynamicPartitioningConfiguration"
VERSIONS = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:edge"
GATE_ARN = f"arn:aws:cloudfront::{ACCOUNT}:function/gate"
ACM = "arn:aws:acm:{}:" + ACCOUNT + ":certificate/1"

REFUSED_BY_PROVIDER: list[Case] = [
    (BUCKET, {"bucket": "Models"}, "'Models' does not match"),
    (BUCKET, {"bucket": "a" * 64}, "64 characters, at most 63"),
    (BUCKET, {"bucket": "ab"}, "2 characters, at least 3"),
    (BUCKET, {"bucket": "models--use1-az4--x-s3"}, "names that end in --x-s3"),
    (BUCKET, {"tags": {f"k{number}": "v" for number in range(51)}}, "51 items, at most 50"),
    (BUCKET, {"tags": {"aws:x": "v"}}, "keys that start with aws: are AWS's own"),
    (BUCKET, {"tags": {"k" * 129: "v"}}, "the key has 129 characters, allowed are 1 to 128"),
    (BUCKET, {"tags": {"k": "v" * 257}}, "the value has 257 characters, at most 256"),
    (LIFECYCLE, {"rules[0].filter": None}, "a rule needs a filter"),
    (LIFECYCLE, {"rules[0].status": "On"}, "'On' is not one of Enabled, Disabled"),
    (LIFECYCLE, {"rules[0].transitions": [{"storageClass": "COLD"}]}, "'COLD' is not one of GLACIER"),
    (OBJECT, {"contentBase64": "Yg=="}, "at most one of source, content, contentBase64"),
    (OBJECT, {"tags": {f"k{number}": "v" for number in range(11)}}, "11 tags with the provider's default tags"),
    (
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration.status": "On"},
        "'On' is not one of Enabled",
    ),
    (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule.objectOwnership": "Mine"},
        "'Mine' is not one of BucketOwnerEnforced",
    ),
    (OAC, {"name": "a" * 65}, "65 characters, at most 64"),
    (OAC, {"originAccessControlOriginType": "ec2"}, "'ec2' is not one of s3, lambda"),
    (OAC, {"signingBehavior": "always-amz-auth"}, "is not one of always, never, no-override"),
    (DISTRIBUTION, {"comment": "c" * 129}, "129 characters, at most 128"),
    (DISTRIBUTION, {"priceClass": "PriceClass_50"}, "is not one of PriceClass_100"),
    (DISTRIBUTION, {"httpVersion": "http4"}, "'http4' is not one of http1.1"),
    (DISTRIBUTION, {"origins[0].connectionAttempts": 4}, "4 is above the largest allowed, 3"),
    (DISTRIBUTION, {"origins[0].connectionTimeout": 0}, "0 is below the smallest allowed, 1"),
    (DISTRIBUTION, {"defaultCacheBehavior.viewerProtocolPolicy": "https"}, "'https' is not one of allow-all"),
    (
        DISTRIBUTION,
        {f"{ORDERED}.lambdaFunctionAssociations": [{"eventType": "origin-request", "lambdaArn": f"{VERSIONS}:1"}] * 5},
        "5 items, at most 4",
    ),
    (
        DISTRIBUTION,
        {f"{ORDERED}.functionAssociations": [{"eventType": "viewer-request", "functionArn": GATE_ARN}] * 3},
        "3 items, at most 2",
    ),
    (DISTRIBUTION, {f"{ORDERED}.functionAssociations[0].eventType": "origin-request"}, "is not one of viewer-request"),
    (FUNCTION, {"code": None}, "give exactly one of code, imageUri, s3Bucket; got none"),
    (FUNCTION, {"imageUri": "image"}, "got ['code', 'imageUri']"),
    (FUNCTION, {"handler": None}, "must be set when packageType is Zip"),
    (FUNCTION, {"runtime": None}, "must be set when packageType is Zip"),
    (FUNCTION, {"memorySize": 127}, "127 is below the smallest allowed, 128"),
    (FUNCTION, {"memorySize": 10_241}, "10241 is above the largest allowed, 10240"),
    (FUNCTION, {"timeout": 0}, "0 is below the smallest allowed, 1"),
    (FUNCTION, {"timeout": 901}, "901 is above the largest allowed, 900"),
    (FUNCTION, {"ephemeralStorage": {"size": 511}}, "511 is below the smallest allowed, 512"),
    (FUNCTION, {"layers": [f"{VERSIONS}:1"] * 6}, "6 items, at most 5"),
    (FUNCTION, {"architectures": ["riscv"]}, "'riscv' is not one of x86_64, arm64"),
    (FUNCTION, {"name": "edge.match"}, "'edge.match' does not match"),
    (FUNCTION, {"name": "a" * 65}, "does not match"),
    (FUNCTION, {"role": "edge"}, "'edge' does not match"),
    (FUNCTION, {"reservedConcurrentExecutions": -2}, "-2 is below the smallest allowed, -1"),
    (PERMISSION, {"action": "s3:GetObject"}, "does not match"),
    (PERMISSION, {"statementId": "a b"}, "does not match"),
    (MAPPING, {"startingPosition": None}, "a DynamoDB stream needs TRIM_HORIZON or LATEST"),
    (MAPPING, {"startingPosition": "AT_TIMESTAMP"}, "AT_TIMESTAMP is not for DynamoDB"),
    (MAPPING, {"eventSourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"}, "is a table, not its stream"),
    (MAPPING, {"batchSize": 10_001}, "10001 is above the largest allowed, 10000"),
    (MAPPING, {"maximumRecordAgeInSeconds": 59}, "59 is neither -1 nor from 60 to 604800"),
    (MAPPING, {"maximumRetryAttempts": -2}, "-2 is below"),
    (MAPPING, {"parallelizationFactor": 11}, "11 is above the largest allowed, 10"),
    (MAPPING, {"filterCriteria": {"filters": [{"pattern": "{}"}] * 11}}, "11 items, at most 10"),
    (MAPPING, {"destinationConfig": {"onFailure": {"destinationArn": VERSIONS}}}, "does not match"),
    (ROLE, {"name": "edge/role"}, "does not match"),
    (ROLE, {"path": "edge"}, "does not match"),
    (ROLE, {"maxSessionDuration": 3599}, "3599 is below"),
    (ROLE, {"assumeRolePolicy": "{"}, "contains an invalid JSON policy"),
    (ROLE, {"assumeRolePolicy": "[]"}, "it is not an object"),
    (ROLE_POLICY, {"policy": "x"}, "contains an invalid JSON policy"),
    (LOGS, {"retentionInDays": 15}, "15 is not one of 0, 1, 3, 5, 7, 14"),
    (LOGS, {"name": "a b"}, "'a b' does not match"),
    (LOGS, {"logGroupClass": "CHEAP"}, "'CHEAP' is not one of STANDARD"),
    (ALARM, {"extendedStatistic": "p99"}, "got ['statistic', 'extendedStatistic']"),
    (ALARM, {"statistic": None}, "got none"),
    (ALARM, {"period": 45}, "45 s is neither 10, 20, 30 nor a multiple of 60"),
    (ALARM, {"alarmActions": [TOPIC] * 6}, "6 items, at most 5"),
    (ALARM, {"treatMissingData": "zero"}, "'zero' is not one of breaching"),
    (ALARM, {"comparisonOperator": ">"}, "'>' is not one of GreaterThan"),
    (DASHBOARD, {"dashboardBody": "{"}, "contains an invalid JSON"),
    (DASHBOARD, {"dashboardName": "a.b"}, "does not match"),
    (TABLE, {"hashKey": None}, "a table needs a hash key"),
    (TABLE, {"attributes": [{"name": "pk", "type": "S"}, {"name": "day", "type": "S"}]}, "Unused attributes: 'day'"),
    (TABLE, {"rangeKey": "sk"}, "Unmatched: 'sk'"),
    (TABLE, {"attributes[0].type": "BOOL"}, "'BOOL' is not one of S, N, B"),
    (TABLE, {"streamEnabled": True}, "streamViewType is required when streamEnabled is true"),
    (TABLE, {"streamViewType": "IMAGES"}, "'IMAGES' is not one of KEYS_ONLY"),
    (TABLE, {"readCapacity": 5}, "5 with billingMode PAY_PER_REQUEST"),
    (TABLE, {"billingMode": None}, "billingMode is PROVISIONED (the default)"),
    (TABLE, {"name": "ab"}, "does not match"),
    (TABLE, {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 36}}, "36 is above"),
    (ITEM, {"item": "{"}, "not valid JSON"),
    (ITEM, {"item": '{"pk": "limits"}'}, "attribute 'pk' is not DynamoDB JSON"),
    (ITEM, {"item": '{"pk": {"X": "limits"}}'}, "attribute 'pk' is not DynamoDB JSON"),
    (ITEM, {"item": '{"sk": {"S": "x"}}'}, "the item lacks the hashKey attribute 'pk'"),
    (ACL, {"scope": "GLOBAL"}, "'GLOBAL' is not one of CLOUDFRONT, REGIONAL"),
    (ACL, {"name": "a b"}, "does not match"),
    (ACL, {"description": "ab"}, "does not match"),
    (ACL, {"visibilityConfig.metricName": "a b"}, "does not match"),
    (ACL, {f"{RATE}.limit": 9}, "9 is below the smallest allowed, 10"),
    (ACL, {f"{RATE}.evaluationWindowSec": 90}, "90 is not one of 60, 120, 300, 600"),
    (ACL, {f"{RATE}.aggregateKeyType": "ALL"}, "'ALL' is not one of IP"),
    (ACL, {"defaultAction.allow": {}}, "exactly one of allow, block; got ['allow', 'block']"),
    (ACL, {"ruleJson": "[]"}, "at most one of ruleJson, rules"),
    (ACL, {"defaultAction.block.customResponse.responseCode": 600}, "600 is above the largest allowed, 599"),
    (TOPIC_TYPE, {"name": "a b"}, "does not match"),
    (TOPIC_TYPE, {"name": "jobs", "fifoTopic": True}, "'jobs' must end in .fifo"),
    (SUBSCRIPTION, {"protocol": "pigeon"}, "'pigeon' is not one of sqs"),
    (SUBSCRIPTION, {"topic": "alerts"}, "does not match"),
    (SUBSCRIPTION, {"filterPolicy": "{"}, "contains an invalid JSON policy"),
    (QUEUE, {"visibilityTimeoutSeconds": 43_201}, "43201 is above"),
    (QUEUE, {"messageRetentionSeconds": 59}, "59 is below"),
    (QUEUE, {"delaySeconds": 901}, "901 is above"),
    (QUEUE, {"receiveWaitTimeSeconds": 21}, "21 is above"),
    (QUEUE, {"name": "a" * 81}, "does not match"),
    (SCHEDULE, {"name": "a" * 65}, "does not match"),
    (SCHEDULE, {"target.retryPolicy": {"maximumRetryAttempts": 186}}, "186 is above the largest allowed, 185"),
    (SCHEDULE, {"flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 1441}}, "1441 is above"),
    (BUDGET, {"name": "a:b"}, "'a:b' does not match"),
    (BUDGET, {"name": "a" * 101}, "does not match"),
    (BUDGET, {"timeUnit": "WEEKLY"}, "'WEEKLY' is not one of DAILY"),
    (BUDGET, {"limitAmount": "forty"}, "'forty' is not a number"),
    (BUDGET, {"limitUnit": None}, "missing; write USD"),
    (BUDGET, {"filterExpression": {"tags": {"key": "k", "values": ["v"]}}}, "filterExpression needs one metric"),
    (
        BUDGET,
        {
            "filterExpression": {"tags": {"key": "k"}},
            "metrics": "UnblendedCost",
            "costFilters": [{"name": "a", "values": ["b"]}],
        },
        "conflicts with filterExpression",
    ),
    ("aws:costexplorer/costAllocationTag:CostAllocationTag", {"status": "On"}, "'On' is not one of Active"),
    (FIREHOSE, {S3: None}, "destination extended_s3 needs it"),
    (FIREHOSE, {f"{S3}.bufferingSize": 129}, "129 is above the largest allowed, 128"),
    (FIREHOSE, {f"{S3}.bufferingInterval": 901}, "901 is above"),
    (FIREHOSE, {"name": "a b"}, "does not match"),
    ("aws:glue/catalogDatabase:CatalogDatabase", {"name": "Lake"}, "does not match"),
    (GLUE_TABLE, {"name": "Receipts"}, "does not match"),
    (WORKGROUP, {"configuration.bytesScannedCutoffPerQuery": 10_000_000}, "below the smallest allowed, 1.04858e+07"),
    ("aws:athena/namedQuery:NamedQuery", {"query": ""}, "0 characters, at least 1"),
]

REFUSED_BY_AWS: list[Case] = [
    (
        DISTRIBUTION,
        {f"{ORDERED}.allowedMethods": ["GET", "POST"]},
        "InvalidArgument: orderedCacheBehaviors[0].allowedMethods: GET,POST is none",
    ),
    (DISTRIBUTION, {f"{ORDERED}.allowedMethods": [*SEVEN, "TRACE"]}, "InvalidArgument"),
    (
        DISTRIBUTION,
        {"defaultCacheBehavior.cachedMethods": SEVEN},
        "InvalidArgument: defaultCacheBehavior.cachedMethods",
    ),
    (
        DISTRIBUTION,
        {LAMBDA: f"{VERSIONS}:$LATEST"},
        "InvalidLambdaFunctionAssociation: orderedCacheBehaviors[0].lambdaFunctionAssociations[0].lambdaArn: The "
        "function ARN must reference a specific function version. (The ARN must end with the version number.)",
    ),
    (DISTRIBUTION, {LAMBDA: VERSIONS}, "(The ARN must end with the version number.)"),
    (DISTRIBUTION, {LAMBDA: f"{VERSIONS}:live"}, "(The ARN must end with the version number.)"),
    (
        DISTRIBUTION,
        {LAMBDA: f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:edge:1"},
        "InvalidLambdaFunctionAssociation: orderedCacheBehaviors[0].lambdaFunctionAssociations[0].lambdaArn: The "
        "function must be in region 'us-east-1'",
    ),
    (
        DISTRIBUTION,
        {f"{ORDERED}.lambdaFunctionAssociations[0].eventType": "origin-response"},
        "InvalidLambdaFunctionAssociation: orderedCacheBehaviors[0].lambdaFunctionAssociations[0].includeBody",
    ),
    (
        DISTRIBUTION,
        {f"{ORDERED}.lambdaFunctionAssociations": [{"eventType": "origin-request", "lambdaArn": f"{VERSIONS}:1"}] * 2},
        "InvalidLambdaFunctionAssociation: orderedCacheBehaviors[0].lambdaFunctionAssociations: 2 functions on",
    ),
    (
        DISTRIBUTION,
        {f"{ORDERED}.lambdaFunctionAssociations[0].eventType": "viewer-request"},
        "InvalidFunctionAssociation: orderedCacheBehaviors[0].functionAssociations: Lambda@Edge on viewer-request",
    ),
    (DISTRIBUTION, {f"{ORDERED}.functionAssociations[0].functionArn": f"{GATE_ARN}:1"}, "InvalidFunctionAssociation"),
    (
        DISTRIBUTION,
        {f"{ORDERED}.functionAssociations": [{"eventType": "viewer-request", "functionArn": GATE_ARN}] * 2},
        "InvalidFunctionAssociation: orderedCacheBehaviors[0].functionAssociations: 2 functions on viewer-request",
    ),
    (DISTRIBUTION, {"webAclId": "11111111-2222-4333-8444-555555555555"}, "InvalidWebACLId: webAclId"),
    (
        DISTRIBUTION,
        {"webAclId": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/a/11111111-2222-4333-8444-555555555555"},
        "pass acl.arn, not acl.id",
    ),
    (
        DISTRIBUTION,
        {"defaultCacheBehavior.targetOriginId": "other"},
        "NoSuchOrigin: defaultCacheBehavior.targetOriginId: 'other' is no origin",
    ),
    (
        DISTRIBUTION,
        {"origins": [{"originId": "models", "domainName": "a.s3.us-east-1.amazonaws.com"}] * 2},
        "InvalidArgument: origins: 2 origins have the originId 'models'",
    ),
    (
        DISTRIBUTION,
        {"orderedCacheBehaviors": [behaviour(pathPattern="/a"), behaviour(pathPattern="/a")]},
        "InvalidArgument: orderedCacheBehaviors: 2 behaviours have the pathPattern '/a'",
    ),
    (
        DISTRIBUTION,
        {"orderedCacheBehaviors": [behaviour(pathPattern=f"/{n}") for n in range(76)]},
        "TooManyCacheBehaviors",
    ),
    (
        DISTRIBUTION,
        {f"{ORDERED}.pathPattern": "/" + "a" * 255},
        "InvalidArgument: orderedCacheBehaviors[0].pathPattern: 256",
    ),
    (DISTRIBUTION, {"origins[0].originAccessControlId": "oac-1"}, "InvalidOriginAccessControl"),
    (
        DISTRIBUTION,
        {"origins[0].s3OriginConfig": {"originAccessIdentity": "origin-access-identity/cloudfront/E1"}},
        "IllegalOriginAccessConfiguration",
    ),
    (
        DISTRIBUTION,
        {"origins[0].domainName": "models.s3-website-us-east-1.amazonaws.com"},
        "InvalidDomainNameForOriginAccessControl",
    ),
    (DISTRIBUTION, {"origins[0].domainName": "example.invalid"}, "InvalidDomainNameForOriginAccessControl"),
    (
        DISTRIBUTION,
        {"origins": [{"originId": "models", "domainName": "example.invalid"}]},
        "InvalidArgument: origins[0].domainName: The parameter Origin DomainName does not refer to a valid S3 bucket",
    ),
    (DISTRIBUTION, {"viewerCertificate": {}}, "InvalidViewerCertificate: viewerCertificate: give exactly one of"),
    (DISTRIBUTION, {"aliases": ["edge.example"]}, "InvalidViewerCertificate: aliases: aliases need a certificate"),
    (
        DISTRIBUTION,
        {"viewerCertificate": {"acmCertificateArn": ACM.format("eu-central-1"), "sslSupportMethod": "sni-only"}},
        "is not in us-east-1",
    ),
    (
        DISTRIBUTION,
        {"viewerCertificate": {"acmCertificateArn": ACM.format("us-east-1")}},
        "InvalidViewerCertificate: viewerCertificate.sslSupportMethod: missing",
    ),
    (
        DISTRIBUTION,
        {"defaultCacheBehavior.cachePolicyId": None},
        "InvalidArgument: defaultCacheBehavior: give one of cachePolicyId",
    ),
    (
        DISTRIBUTION,
        {"defaultCacheBehavior.maxTtl": 60},
        "InvalidArgument: defaultCacheBehavior.maxTtl: 60 beside a cachePolicyId",
    ),
    (
        DISTRIBUTION,
        {
            "defaultCacheBehavior.cachePolicyId": None,
            "defaultCacheBehavior.forwardedValues": {"queryString": False, "cookies": {"forward": "none"}},
            "defaultCacheBehavior.originRequestPolicyId": "11111111-2222-4333-8444-555555555555",
        },
        "InvalidArgument: defaultCacheBehavior.originRequestPolicyId: needs a cachePolicyId",
    ),
    (DISTRIBUTION, {"customErrorResponses": [{"errorCode": 401}]}, "InvalidErrorCode"),
    (DISTRIBUTION, {"defaultRootObject": "/index.html"}, "InvalidDefaultRootObject"),
    (DISTRIBUTION, {"restrictions.geoRestriction.restrictionType": "whitelist"}, "InvalidGeoRestrictionParameter"),
    (DISTRIBUTION, {"restrictions.geoRestriction.locations": ["DE"]}, "InvalidGeoRestrictionParameter"),
    (CACHE, {"maxTtl": 0, "minTtl": 0, "defaultTtl": 0, f"{KEYS}.enableAcceptEncodingGzip": True}, "InvalidArgument"),
    (
        CACHE,
        {"maxTtl": 0, "defaultTtl": 0, f"{KEYS}.cookiesConfig.cookieBehavior": "all"},
        "it must be none when caching is off",
    ),
    (CACHE, {"minTtl": 60, "defaultTtl": 1}, "InvalidArgument: minTtl: 60 is above defaultTtl, 1"),
    (GATE, {"code": "x" * 10_241}, "FunctionSizeLimitExceeded: code: 10241 bytes, at most 10240"),
    (GATE, {"name": "gate.js"}, "InvalidArgument: name"),
    (GATE, {"runtime": "cloudfront-js-1.0"}, "InvalidArgument: runtime: cloudfront-js-1.0: a key-value store needs"),
    (GATE, {"keyValueStoreAssociations": ["a", "b"]}, "2 stores, at most 1"),
    (STORE, {"name": "a b"}, "InvalidArgument: name"),
    (STORE, {"comment": "c" * 129}, "InvalidArgument: comment: 129"),
    (ENTRY, {"key": "k" * 513}, "ValidationException: key: 513 bytes, at most 512"),
    (ENTRY, {"value": "é" * 513}, "ValidationException: value: 1026 bytes, at most 1024"),
    (ENTRY, {"keyValueStoreArn": "gate"}, "ValidationException: keyValueStoreArn"),
    (ROLE_POLICY, {"policy": '{"a": "' + "x" * 10_240 + '"}'}, "LimitExceeded: policy"),
    ("aws:s3/bucketPolicy:BucketPolicy", {"policy": "x" * 20_481}, "PolicyTooLarge: policy: 20481 bytes"),
    (OBJECT, {"key": "k" * 1025}, "KeyTooLongError"),
    (ITEM, {"item": '{"pk": {"S": "' + "x" * 409_600 + '"}}'}, "ValidationException: item"),
    (
        ALARM,
        {"alarmActions": [TOPIC.replace("us-east-1", "eu-central-1")]},
        "ValidationError: alarmActions[0]: Invalid region",
    ),
    (ACL, {"region": "eu-central-1"}, "WAFInvalidParameterException: scope: The scope is not valid"),
    (
        ACL,
        {"rules[0].action": None},
        "WAFInvalidParameterException: rules[0]: give exactly one of action, overrideAction",
    ),
    (ACL, {"rules[0].action": {"allow": {}}}, "a rate-based rule may not allow"),
    (ACL, {f"{RATE}.scopeDownStatement": None}, "CONSTANT needs a scope-down statement"),
    (
        ACL,
        {"defaultAction.block.customResponse.customResponseBodyKey": "closed"},
        "WAFNonexistentItemException: defaultAction.block.customResponse.customResponseBodyKey: 'closed'",
    ),
    (SUBSCRIPTION, {"protocol": "firehose"}, "InvalidParameter: subscriptionRoleArn: missing"),
    (QUEUE, {"redrivePolicy": '{"deadLetterTargetArn": "a", "maxReceiveCount": "3"}'}, "it must be an integer"),
    (QUEUE, {"redrivePolicy": '{"maxReceiveCount": 3}'}, "InvalidParameterValue: redrivePolicy: deadLetterTargetArn"),
    (SCHEDULE, {"scheduleExpression": "every day"}, "ValidationException: scheduleExpression"),
    (SCHEDULE, {"flexibleTimeWindow": {"mode": "FLEXIBLE"}}, "FLEXIBLE needs it"),
    (SCHEDULE, {"flexibleTimeWindow": {"mode": "OFF", "maximumWindowInMinutes": 5}}, "with OFF it must be left out"),
    (
        BUDGET,
        {"timeUnit": "DAILY", "notifications[0].notificationType": "FORECASTED"},
        "a DAILY budget takes only ACTUAL",
    ),
    (BUDGET, {"notifications[0].subscriberSnsTopicArns": None}, "at least one subscriber"),
    (
        FIREHOSE,
        {f"{S3}.prefix": "dt=!{timestamp:yyyy-MM-dd}/"},
        "InvalidArgumentException: extendedS3Configuration.errorOutputPrefix",
    ),
    (FIREHOSE, {PARTITIONING: {"enabled": True}}, "5 MiB; dynamicPartitioningConfiguration needs at least 64"),
    (GLUE_TABLE, {"tableType": None, "storageDescriptor": {"location": "s3://lake/"}}, "Athena needs EXTERNAL_TABLE"),
    (
        GLUE_TABLE,
        {"parameters": {"projection.enabled": "true", "projection.dt.type": "date"}},
        "InvalidInputException: parameters[\"projection.dt.type\"]: 'dt' is projected and no partition key",
    ),
]

# What looks close to a refusal and is none.
ALLOWED: list[tuple[str, Change]] = [
    (BUCKET, {"bucket": "abc"}),
    (BUCKET, {"tags": {"k" * 128: "v" * 256}}),
    (
        DISTRIBUTION,
        {"webAclId": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/a/11111111-2222-4333-8444-555555555555"},
    ),
    (DISTRIBUTION, {f"{ORDERED}.allowedMethods": ["HEAD", "GET"]}),
    (DISTRIBUTION, {"defaultCacheBehavior.cachedMethods": ["GET", "HEAD", "OPTIONS"]}),
    (DISTRIBUTION, {LAMBDA: f"{VERSIONS}:12"}),
    (DISTRIBUTION, {"origins[0].domainName": "models.s3.amazonaws.com"}),
    (
        DISTRIBUTION,
        {
            "aliases": ["edge.example"],
            "viewerCertificate": {"acmCertificateArn": ACM.format("us-east-1"), "sslSupportMethod": "sni-only"},
        },
    ),
    (GATE, {"code": "x" * 10_240}),
    (ENTRY, {"key": "k" * 512, "value": "v" * 1024}),
    (FUNCTION, {"memorySize": 10_240, "timeout": 900, "ephemeralStorage": {"size": 512}}),
    (FUNCTION, {"name": "a" * 64}),
    (LOGS, {"retentionInDays": 3653}),
    (MAPPING, {"maximumRecordAgeInSeconds": 60, "maximumRetryAttempts": -1}),
    (ALARM, {"period": 10}),
    (TABLE, {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}),
    (ACL, {f"{RATE}.limit": 10, f"{RATE}.evaluationWindowSec": 60}),
    (ACL, {"scope": "REGIONAL", "region": "eu-central-1"}),
    (BUDGET, {"timeUnit": "DAILY"}),
    (BUDGET, {"filterExpression": {"tags": {"key": "k", "values": ["v"]}}, "metrics": "UnblendedCost"}),
    (
        FIREHOSE,
        {
            f"{S3}.prefix": "dt=!{timestamp:yyyy-MM-dd}/",
            f"{S3}.errorOutputPrefix": "errors/!{firehose:error-output-type}/",
        },
    ),
    (WORKGROUP, {"configuration.bytesScannedCutoffPerQuery": 10_485_760}),
]
