"""An edge function's role may be assumed by Lambda and by Lambda@Edge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import ROLE
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_GUIDE, EDGE_PRINCIPALS


def _subjects(stack: Stack) -> list[Resource]:
    # A role from another program is not judged: nothing here says whom it trusts.
    roles = (role for function in edge_functions(stack) for role in function.linked("role") if role.type == ROLE)
    return list({id(role): role for role in roles}.values())


def _check(role: Resource, _: Config) -> Iterator[Violation]:
    trusted = {service for each in _list(role.document("assumeRolePolicy").get("Statement")) for service in _of(each)}
    missing = [service for service in EDGE_PRINCIPALS if service not in trusted]
    if missing:
        seen = ", ".join(sorted(trusted)) or "no service"
        yield Violation(role, f"assume_role_policy trusts {seen}, and not {', '.join(missing)}")


def _of(statement: dict[str, Any]) -> list[str]:
    assumes = {"sts:AssumeRole", "sts:*", "*"} & set(_list(statement.get("Action")))
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or not assumes or not isinstance(principal, dict):
        return []
    return _list(principal.get("Service"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


RULE: Final = Rule(
    id="edge-trust",
    what=f"The role of a function that a distribution runs trusts {' and '.join(EDGE_PRINCIPALS)}.",
    why="Otherwise CloudFront refuses the association: the function can't be copied to the edges.",
    source=f"{EDGE_GUIDE}, Lambda role permissions",
    fix="name both services under Principal.Service of the role's assume_role_policy",
    subjects=_subjects,
    check=_check,
)
