"""Who may do what, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import ROLE, ROLE_POLICY
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation
from policies.security._documents import statements, texts
from policies.security._limits import ANYWHERE, BROAD_POLICIES, READING_NAMES

DOCUMENTS: Final = (
    ROLE_POLICY,
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENTS: Final = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from stack.of(*DOCUMENTS, *ATTACHMENTS, ROLE)


def _check(resource: Resource, config: Config) -> Iterator[Violation]:
    for arn in (resource.known("policyArn"), *resource.known("managedPolicyArns", default=())):
        if isinstance(arn, str) and arn.endswith(BROAD_POLICIES):
            yield Violation(
                resource,
                f"it attaches {arn.rpartition('/')[2]}, which allows all of a service or of the account",
                "attach no managed policy; write an iam.RolePolicy with the actions that are called",
            )
    paths: list[tuple[str | int, ...]] = [("policy",)]
    inline = resource.known("inlinePolicies", default=())
    paths += [("inlinePolicies", index, "policy") for index in range(len(inline))]
    for path in paths:
        for statement in statements(resource, *path):
            yield from _of_statement(resource, statement, config)


def _of_statement(resource: Resource, statement: dict[str, Any], config: Config) -> Iterator[Violation]:
    if statement.get("Effect") != "Allow":
        return
    where = f"statement {statement['Sid']}" if "Sid" in statement else "a statement"
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield Violation(resource, f"{where} allows by {key}: all that it does not name")
    actions = texts(statement.get("Action"))
    if whole := [each for each in actions if each == "*" or each.endswith(":*")]:
        yield Violation(resource, f"{where} allows {', '.join(whole)}, not single actions")
    if "*" in texts(statement.get("Resource")) and not statement.get("Condition"):
        named = [each for each in actions if each not in whole and not _knows_no_resource(each, config)]
        if named:
            yield Violation(resource, f"{where} allows {', '.join(named)} on the resource *")


def _knows_no_resource(action: str, config: Config) -> bool:
    return action in ANYWHERE or action in config["anywhere"] or action.partition(":")[2].startswith(READING_NAMES)


RULE: Final = Rule(
    id="least-privilege",
    what="A policy allows single actions on named resources.",
    why="Whoever takes over one environment may do what its role may: with a wildcard that is the "
    "ledger of every function, the keys of every gate, or the account.",
    source="IAM User Guide, Security best practices; Service Authorization Reference. A document that names a resource "
    "not yet made is judged at the next preview",
    fix="name the actions in Action and the ARNs in Resource; an action that knows no resource goes into the setting "
    "`anywhere`",
    subjects=_subjects,
    check=_check,
    config={
        "anywhere": Setting(
            {"type": "array", "items": {"type": "string"}}, [], "Further actions that AWS grants on * only."
        )
    },
)
