"""A distribution's web ACL is one of scope CLOUDFRONT, made in us-east-1 and named by its ARN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import DISTRIBUTION, WEB_ACL
from policies.core.regions import HOME_REGION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import region_of

_SCOPE: Final = "CLOUDFRONT"


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from (each for each in stack.of(WEB_ACL) if each.get("scope") == _SCOPE)
    yield from (each for each in stack.of(DISTRIBUTION) if each.props.get("webAclId"))


def _check(resource: Resource, _: Config) -> Iterator[Violation]:
    if resource.type == WEB_ACL:
        region = region_of(resource)
        if region != HOME_REGION:
            yield Violation(resource, f"scope {_SCOPE} in region {region}, not {HOME_REGION}")
        return
    acls = [each for each in resource.linked("webAclId") if each.type == WEB_ACL]
    named = resource.known("webAclId")
    if isinstance(named, str) and (":regional/" in named or (acls and not named.startswith("arn:"))):
        yield Violation(resource, f"web_acl_id is {named}, not the ARN of a web ACL of scope {_SCOPE}")
        return
    for acl in acls:
        if acl.get("scope") != _SCOPE:
            yield Violation(resource, f"web_acl_id names {acl.name} of scope {acl.get('scope')}, not {_SCOPE}")


RULE: Final = Rule(
    id="web-acl-region",
    what=f"A distribution's web ACL has scope {_SCOPE}, region {HOME_REGION}, and is named by its ARN.",
    why="AWS refuses it with InvalidWebACLId or an invalid scope, so nothing filters the distribution's traffic.",
    source="AWS WAF API Reference, CreateWebACL; Amazon CloudFront API Reference, DistributionConfig, WebACLId",
    fix=f"set scope='{_SCOPE}', region='{HOME_REGION}' on the wafv2.WebAcl and web_acl_id=acl.arn on the distribution",
    subjects=_subjects,
    check=_check,
)
