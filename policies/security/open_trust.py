"""Nobody comes in who was not named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import ROLE
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.security._documents import is_anybody, statements

PERMISSION: Final = "aws:lambda/permission:Permission"
DOCUMENTS: Final = {
    ROLE: "assumeRolePolicy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
NARROWING: Final = ("sourceArn", "sourceAccount", "principalOrgId")


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from stack.of(*DOCUMENTS, PERMISSION)


def _check(resource: Resource, _: Config) -> Iterator[Violation]:
    if resource.type == PERMISSION:
        open_to_all = resource.get("principal") == "*" and not any(
            key in resource.links or resource.known(key) for key in NARROWING
        )
        if open_to_all:
            yield Violation(resource, "principal is *, without source_arn, source_account or principal_org_id")
        return
    for statement in statements(resource, DOCUMENTS[resource.type]):
        if statement.get("Effect") == "Allow" and "NotPrincipal" in statement:
            yield Violation(resource, "a statement allows by NotPrincipal: everybody that it does not name")
        elif (
            statement.get("Effect") == "Allow"
            and is_anybody(statement.get("Principal"))
            and not statement.get("Condition")
        ):
            yield Violation(resource, f"Principal of {statement.get('Sid', 'a statement')} is *, without a Condition")


RULE: Final = Rule(
    id="open-trust",
    what="Whoever may take a role, call a function, or use a bucket, topic or queue is named.",
    why="With the principal * every AWS account may: a stranger publishes alarms, reads receipts, or runs functions at "
    "your cost.",
    source="IAM User Guide, AWS JSON policy elements: Principal; Security Hub controls Lambda.1, SNS.4, SQS.3. A "
    "document that names a resource not yet made is judged at the next preview",
    fix="name the service or account in Principal, or add a Condition such as {'ArnLike': {'aws:SourceArn': …}}",
    subjects=_subjects,
    check=_check,
)
