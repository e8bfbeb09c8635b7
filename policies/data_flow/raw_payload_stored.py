"""No request's content in a store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.data_flow._sinks import WRITTEN_ONLY, policies_of

CAPTURE: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
STORING: Final = (
    "s3:PutObject",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "firehose:PutRecord",
    "firehose:PutRecordBatch",
    "sqs:SendMessage",
    "events:PutEvents",
)


@dataclass(frozen=True)
class _EdgePolicy:
    resource: Resource


def _subjects(stack: Stack) -> Iterator[Resource | _EdgePolicy]:
    found: dict[int, _EdgePolicy] = {}
    for endpoint in endpoints(stack):
        found |= {id(each): _EdgePolicy(each) for each in _policies(endpoint)}
    yield from found.values()
    yield from stack.of(CAPTURE)


def _policies(endpoint: InferenceEndpoint) -> Iterator[Resource]:
    for role in endpoint.roles:
        yield from policies_of(endpoint.stack, role)


def _check(subject: Resource | _EdgePolicy, _: Config) -> Iterator[Violation]:
    if isinstance(subject, Resource):
        if subject.get("dataCaptureConfig", "enableCapture") is True:
            yield Violation(
                subject,
                "dataCaptureConfig.enableCapture is true: requests and answers are copied to S3",
                "set enable_capture=False",
            )
        return
    policy = subject.resource
    targets = sorted({each.type.rpartition(":")[2] for each in policy.linked("policy") if each.type in WRITTEN_ONLY})
    actions = [] if targets else _storing(policy)
    if targets or actions:
        yield Violation(policy, f"the edge function may write to {', '.join(targets) or ', '.join(actions)}")


def _storing(policy: Resource) -> list[str]:
    """Return the storing actions that a policy's document allows, once it is known."""
    if policy.known("policy") is None:
        return []
    found = policy.document("policy").get("Statement", ())
    statements = [found] if isinstance(found, dict) else found
    allowed = [
        action
        for statement in statements
        if statement.get("Effect") == "Allow"
        for action in _texts(statement.get("Action", ()))
    ]
    return sorted({each for each in STORING for pattern in allowed if fnmatchcase(each.lower(), pattern.lower())})


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value]


RULE: Final = Rule(
    id="raw-payload-stored",
    what="An inference function at the edge can write to its ledger only: to no bucket, stream or queue.",
    why="What it can't write it can't keep: a body of up to 1 MB a request, stored, is personal data and a line of the "
    "bill that grows with every request.",
    source="docs/ledger.md, receipts. A bucket that is named by its "
    "resource is judged once its ARN is known, at the next preview",
    fix="take the statement out of the edge function's role; what must be known of a request goes into the receipt",
    subjects=_subjects,
    check=_check,
)
