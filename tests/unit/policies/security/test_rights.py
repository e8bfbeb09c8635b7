"""Who may do what, and who may come in."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.endpoint import ROLE, ROLE_POLICY
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.security import least_privilege, open_trust
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import allow, document, good

RIGHTS, TRUST = least_privilege.RULE, open_trust.RULE
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/ledger"


def _policy(policy: Any) -> Any:
    return Parts().put("policy", ROLE_POLICY, policy=policy).stack()


@pytest.mark.parametrize("rule", [RIGHTS, TRUST])
def test_a_good_endpoint_is_compliant(rule: Any) -> None:
    assert rule.judge(good().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("rule", [RIGHTS, TRUST])
def test_nobody_may_anything(rule: Any) -> None:
    assert rule.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE


@pytest.mark.parametrize(
    "policy",
    [
        allow(["dynamodb:UpdateItem", "dynamodb:GetItem"], TABLE),
        allow("cloudwatch:GetMetricData"),
        allow("dynamodb:ListStreams"),
        allow("ec2:DescribeInstances"),
        allow("dynamodb:Query", Condition={"StringEquals": {"aws:ResourceTag/team": "edge"}}),
        allow("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/aws/lambda/us-east-1.face-match:*"),
        document({"Effect": "Deny", "Action": "*", "Resource": "*"}),
    ],
)
def test_single_actions_on_named_resources(policy: str) -> None:
    assert RIGHTS.judge(_policy(policy)).answer is Answer.COMPLIANT


@pytest.mark.parametrize(
    ("policy", "figure"),
    [
        (allow("*", TABLE), "a statement allows *, not single actions"),
        (allow("dynamodb:*", TABLE), "a statement allows dynamodb:*, not single actions"),
        (allow("s3:GetObject", Sid="Read"), "statement Read allows s3:GetObject on the resource *"),
        (document({"Effect": "Allow", "NotAction": "iam:*", "Resource": TABLE}), "allows by NotAction"),
        (document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": TABLE}), "allows by NotResource"),
    ],
)
def test_wildcards(policy: str, figure: str) -> None:
    assert names(RIGHTS, _policy(policy)) == ["policy"]
    assert figure in figures(RIGHTS, _policy(policy))[0]


def test_an_action_that_the_list_lacks() -> None:
    stack = _policy(allow("rekognition:DetectFaces"))
    assert RIGHTS.judge(stack).answer is Answer.VIOLATION
    assert RIGHTS.judge(stack, {"anywhere": ["rekognition:DetectFaces"]}).answer is Answer.COMPLIANT


@pytest.mark.parametrize("name", ["AdministratorAccess", "PowerUserAccess", "AmazonS3FullAccess"])
def test_managed_policies_that_allow_all(name: str) -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attached = Parts().put("attachment", kind, policyArn=f"arn:aws:iam::aws:policy/{name}").stack()
    assert name in figures(RIGHTS, attached)[0]
    listed = Parts().put("role", ROLE, managedPolicyArns=[f"arn:aws:iam::aws:policy/{name}"]).stack()
    assert names(RIGHTS, listed) == ["role"]


def test_a_narrow_managed_policy() -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert RIGHTS.judge(Parts().put("attachment", kind, policyArn=arn).stack()).answer is Answer.COMPLIANT


def test_a_roles_inline_policies() -> None:
    stack = Parts().put("role", ROLE, inlinePolicies=[{"name": "all", "policy": allow("s3:*", TABLE)}]).stack()
    assert figures(RIGHTS, stack) == ["a statement allows s3:*, not single actions"]


def test_a_document_that_is_not_yet_known_is_judged_at_the_next_preview() -> None:
    assert RIGHTS.judge(_policy(UNKNOWN)).answer is Answer.COMPLIANT


def test_a_document_that_nobody_can_read() -> None:
    assert RIGHTS.judge(_policy("all of it")).answer is Answer.CANT_TELL


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::000000000000:root", "*"]}, {"Service": "*"}]
)
def test_a_role_for_everybody(principal: Any) -> None:
    trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    stack = Parts().put("role", ROLE, assumeRolePolicy=trust).stack()
    assert names(TRUST, stack) == ["role"]
    assert figures(TRUST, stack) == ["Principal of a statement is *, without a Condition"]


def test_everybody_but_some() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sns:Publish"}
    stack = Parts().put("policy", "aws:sns/topicPolicy:TopicPolicy", policy=document(statement)).stack()
    assert "NotPrincipal" in figures(TRUST, stack)[0]


def test_everybody_under_a_condition_or_denied() -> None:
    narrowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Condition": {"ArnLike": {"a": "b"}}}
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}
    stack = Parts().put("policy", "aws:sqs/queuePolicy:QueuePolicy", policy=document(narrowed, denied)).stack()
    assert TRUST.judge(stack).answer is Answer.COMPLIANT


def test_a_function_that_everybody_may_call() -> None:
    stack = Parts().put("call", open_trust.PERMISSION, principal="*", action="lambda:InvokeFunction").stack()
    assert names(TRUST, stack) == ["call"]
    for key in open_trust.NARROWING:
        narrowing: dict[str, Any] = {key: "000000000000"}
        narrowed = Parts().put("call", open_trust.PERMISSION, principal="*", **narrowing).stack()
        assert TRUST.judge(narrowed).answer is Answer.COMPLIANT


def test_a_narrowing_that_comes_from_another_resource() -> None:
    parts = Parts().put("topic", "aws:sns/topic:Topic")
    stack = parts.put("call", open_trust.PERMISSION, {"sourceArn": "topic"}, principal="*", sourceArn=UNKNOWN).stack()
    assert TRUST.judge(stack).answer is Answer.COMPLIANT


def test_a_principal_that_is_not_known() -> None:
    stack = Parts().put("call", open_trust.PERMISSION, principal=UNKNOWN).stack()
    assert TRUST.judge(stack).answer is Answer.CANT_TELL
