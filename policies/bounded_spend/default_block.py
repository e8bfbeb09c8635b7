"""The firewall blocks what no rule names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    acl = endpoint.web_acl
    if acl is None:
        yield Violation(endpoint.distribution, "webAclId names no web ACL of this program")
    elif acl.get("defaultAction", "block") is None:
        yield Violation(
            acl, f"defaultAction is {', '.join(acl.get('defaultAction', default={'nothing': 0}))}, not block"
        )


RULE: Final = Rule(
    id="default-block",
    what="The web ACL of an inference endpoint blocks by default and is associated with its distribution.",
    why="With ALLOW every path and method that nobody thought of reaches the gate, and is billed there.",
    source="docs/adr/0009-spend-guard.md; AWS WAF Developer Guide, Setting the web ACL default action",
    fix="set default_action={'block': {}}, allow the contract's method and path by rules, and put the ACL's arn "
    "into the distribution's web_acl_id",
    subjects=endpoints,
    check=_check,
)
