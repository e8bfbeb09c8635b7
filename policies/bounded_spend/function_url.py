"""No other way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import MAPPING, SCHEDULE, InferenceEndpoint, endpoints
from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Violation

PERMISSION: Final = "aws:lambda/permission:Permission"
# What calls a function beside CloudFront, and the property that names the function.
CALLERS: Final = {
    "aws:lambda/functionUrl:FunctionUrl": "functionName",
    PERMISSION: "function",
    MAPPING: "functionName",
    SCHEDULE: "target",
    "aws:cloudwatch/eventTarget:EventTarget": "arn",
    "aws:apigatewayv2/integration:Integration": "integrationUri",
    "aws:apigateway/integration:Integration": "uri",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": "targetId",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
    "aws:s3/bucketNotification:BucketNotification": "lambdaFunctions",
}
EDGE_PRINCIPALS: Final = frozenset({"edgelambda.amazonaws.com", "replicator.lambda.amazonaws.com"})


def _subjects(stack: Stack) -> Iterator[tuple[InferenceEndpoint, Resource]]:
    for endpoint in endpoints(stack):
        for function in endpoint.functions:
            yield endpoint, function


def _check(subject: tuple[InferenceEndpoint, Resource], _: Config) -> Iterator[Violation]:
    endpoint, function = subject
    for kind, key in CALLERS.items():
        for caller in endpoint.stack.of(kind):
            if kind == PERMISSION and caller.known("principal") in EDGE_PRINCIPALS:
                continue
            if function in caller.linked(key) or _names(caller.known(key), function):
                yield Violation(caller, f"{key} names the function {function.name}, which CloudFront alone may call")


def _names(value: object, function: Resource) -> bool:
    name = function.known("name")
    if name is None or not isinstance(value, str) or value is UNKNOWN:
        return False
    return value == name or f":function:{name}" in value


RULE: Final = Rule(
    id="function-url",
    what="Nothing but its distribution calls an inference function: no function URL, API, queue, topic or schedule.",
    why="A call that comes by no distribution meets no firewall, no gate and no signature: only the account's "
    "concurrency ends a flood there.",
    source="AWS Lambda Developer Guide, Lambda function URLs; docs/adr/0009-spend-guard.md",
    fix="take this resource away; test the function through its distribution (edgewise up --demo)",
    subjects=_subjects,
    check=_check,
)
