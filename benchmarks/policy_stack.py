"""A large stack, once as a policy pack sees it and once as CloudFormation: inference endpoints and ordinary resources.

python -m benchmarks.policy_stack judge STACK.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from policies.core.pack import packs
from tests.policies import snapshots
from tests.unit.policies.build import FUNCTION
from tests.unit.policies.build_complete import complete_endpoint

EACH: Final = 8
ENDPOINTS: Final = 20
CLOUDFORMATION: Final = {
    "aws:wafv2/webAcl:WebAcl": "AWS::WAFv2::WebACL",
    "aws:iam/role:Role": "AWS::IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:lambda/function:Function": "AWS::Lambda::Function",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "AWS::Lambda::EventSourceMapping",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
    "aws:cloudfront/keyValueStore:KeyValueStore": "AWS::CloudFront::KeyValueStore",
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": "AWS::CloudFront::KeyValueStoreKey",
    "aws:cloudfront/function:Function": "AWS::CloudFront::Function",
    "aws:cloudfront/originAccessControl:OriginAccessControl": "AWS::CloudFront::OriginAccessControl",
    "aws:cloudfront/distribution:Distribution": "AWS::CloudFront::Distribution",
    "aws:s3/bucket:Bucket": "AWS::S3::Bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
    # CloudFormation has neither of these two: other resources of about their size stand for them.
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "AWS::S3::AccessPoint",
    "aws:s3/bucketObjectv2:BucketObjectv2": "AWS::SSM::Parameter",
    "aws:dynamodb/table:Table": "AWS::DynamoDB::Table",
    "aws:dynamodb/tableItem:TableItem": "AWS::DynamoDB::TableItem",
    "aws:sqs/queue:Queue": "AWS::SQS::Queue",
    "aws:sns/topic:Topic": "AWS::SNS::Topic",
    "aws:sns/topicSubscription:TopicSubscription": "AWS::SNS::Subscription",
    "aws:budgets/budget:Budget": "AWS::Budgets::Budget",
    "aws:scheduler/schedule:Schedule": "AWS::Scheduler::Schedule",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
}
TRUST: Final[dict[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _unit(index: int) -> list[tuple[str, str, dict[str, Any], dict[str, list[str]]]]:
    """Return eight resources that belong together: type, name, properties, links."""
    name = f"unit-{index}"
    tags = {"edgewise:environment": "bench", "edgewise:cost-centre": "none"}
    block = {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    return [
        ("aws:iam/role:Role", f"{name}-role", {"name": name, "assumeRolePolicy": json.dumps(TRUST)}, {}),
        (
            "aws:lambda/function:Function",
            f"{name}-function",
            {
                "name": name,
                "runtime": "python3.13",
                "handler": "a.handler",
                "timeout": 10.0,
                "memorySize": 128.0,
                "environment": {"variables": {"TABLE": name}},
                "tags": tags,
            },
            {"role": [f"{name}-role"]},
        ),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            f"{name}-log",
            {"name": f"/aws/lambda/{name}", "retentionInDays": 14.0, "tags": tags},
            {},
        ),
        ("aws:sqs/queue:Queue", f"{name}-queue", {"name": name, "sqsManagedSseEnabled": True, "tags": tags}, {}),
        (
            "aws:dynamodb/table:Table",
            f"{name}-table",
            {
                "name": name,
                "hashKey": "pk",
                "attributes": [{"name": "pk", "type": "S"}],
                "billingMode": "PAY_PER_REQUEST",
                "tags": tags,
            },
            {},
        ),
        ("aws:s3/bucket:Bucket", f"{name}-bucket", {"bucket": f"bench-{name}", "tags": tags}, {}),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            f"{name}-block",
            {"bucket": f"bench-{name}", **block},
            {"bucket": [f"{name}-bucket"]},
        ),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            f"{name}-alarm",
            {
                "namespace": "AWS/Lambda",
                "metricName": "Errors",
                "comparisonOperator": "GreaterThanThreshold",
                "threshold": 0.0,
                "evaluationPeriods": 1.0,
                "period": 300.0,
                "statistic": "Sum",
                "dimensions": {"FunctionName": name},
                "tags": tags,
            },
            {"dimensions": [f"{name}-function"]},
        ),
    ]


def pulumi_documents(count: int) -> list[dict[str, Any]]:
    """Return `count` resources as the packs see them, `ENDPOINTS` whole endpoints among them."""
    found = [document for index in range(ENDPOINTS) for document in _endpoint(index)]
    rows = [row for index in range((count - len(found)) // EACH + 1) for row in _unit(index)]
    urns = {name: f"urn:pulumi:bench::bench::{kind}::{name}" for kind, name, _, _ in rows}
    found += [
        {
            "urn": urns[name],
            "type": kind,
            "name": name,
            "props": props,
            "parent": None,
            "links": {key: [urns[each] for each in sources] for key, sources in links.items()},
        }
        for kind, name, props, links in rows
    ]
    return found[:count]


def _endpoint(index: int) -> list[dict[str, Any]]:
    """Return a whole endpoint under names of its own."""
    text = snapshots.dump(complete_endpoint().stack())
    own = text.replace(FUNCTION, f"{FUNCTION}-{index}").replace("edgewise-test", f"edgewise-{index}")
    documents: list[dict[str, Any]] = json.loads(
        own.replace("urn:pulumi:test::project", f"urn:pulumi:bench::bench-{index}")
    )
    return documents


def cloudformation(count: int) -> dict[str, Any]:
    """Return the same resources as one CloudFormation template."""
    resources: dict[str, Any] = {}
    for index in range(ENDPOINTS):
        resources |= {
            f"Endpoint{index}Part{number}": {"Type": kind, "Properties": _capitalised(document["props"])}
            for number, document in enumerate(_endpoint(index))
            for kind in [CLOUDFORMATION[document["type"]]]
        }
    for index in range((count - len(resources)) // EACH + 1):
        resources |= _templated(index)
    kept = dict(list(resources.items())[:count])
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": kept}


def _capitalised(value: Any) -> Any:
    """Return properties as CloudFormation writes them, near enough for a linter to read."""
    if value == snapshots.MARK:
        return {"Fn::ImportValue": "unknown"}
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capitalised(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_capitalised(each) for each in value]
    return value


def _templated(index: int) -> dict[str, Any]:
    name = f"Unit{index}"
    tags = [{"Key": "edgewise:environment", "Value": "bench"}, {"Key": "edgewise:cost-centre", "Value": "none"}]
    block = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }

    def made(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {"Type": kind, "Properties": properties}

    return {
        f"{name}Role": made("AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
        f"{name}Function": made(
            "AWS::Lambda::Function",
            {
                "Runtime": "python3.13",
                "Handler": "a.handler",
                "Timeout": 10,
                "MemorySize": 128,
                "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
                "Code": {"ZipFile": "def handler(event, context): ..."},
                "Environment": {"Variables": {"TABLE": name}},
                "Tags": tags,
            },
        ),
        f"{name}Log": made("AWS::Logs::LogGroup", {"RetentionInDays": 14, "Tags": tags}),
        f"{name}Queue": made("AWS::SQS::Queue", {"SqsManagedSseEnabled": True, "Tags": tags}),
        f"{name}Table": made(
            "AWS::DynamoDB::Table",
            {
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "Tags": tags,
            },
        ),
        f"{name}Bucket": made("AWS::S3::Bucket", {"PublicAccessBlockConfiguration": block, "Tags": tags}),
        f"{name}Policy": made(
            "AWS::S3::BucketPolicy",
            {
                "Bucket": {"Ref": f"{name}Bucket"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": {"Fn::GetAtt": [f"{name}Bucket", "Arn"]},
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        ),
        f"{name}Alarm": made(
            "AWS::CloudWatch::Alarm",
            {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 0,
                "EvaluationPeriods": 1,
                "Period": 300,
                "Statistic": "Sum",
                "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": f"{name}Function"}}],
            },
        ),
    }


def judge(path: Path) -> dict[str, int]:
    """Judge a stack with every rule of every pack; return how many rules gave which answer."""
    stack = snapshots.load(path.read_text())
    answers: dict[str, int] = {}
    for pack in packs():
        for verdict in pack.judge(stack):
            answers[verdict.answer] = answers.get(verdict.answer, 0) + 1
    return answers


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["judge", path]:
            print(json.dumps(judge(Path(path))))
        case _:
            sys.exit("use: python -m benchmarks.policy_stack judge STACK.json")
