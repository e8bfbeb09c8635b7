"""A bucket is not sent the viewer's Host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.resource import UNKNOWN, Behaviour, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import all_behaviours
from policies.platform_limits._limits import ALL_VIEWER

_EVERY_HEADER: Final = ("allViewer", "allViewerAndWhitelistCloudFront")


def _subjects(stack: Stack) -> list[Behaviour]:
    return [each for each in all_behaviours(stack) if each.settings.get("originRequestPolicyId") and _to_bucket(each)]


def _to_bucket(behaviour: Behaviour) -> bool:
    target = behaviour.settings.get("targetOriginId")
    for origin in behaviour.distribution.get("origins", default=()):
        if isinstance(origin, dict) and origin.get("originId") == target:
            return not any(origin.get(key) for key in ("customOriginConfig", "vpcOriginConfig"))
    return False


def _check(behaviour: Behaviour, _: Config) -> Iterator[Violation]:
    policy: Any = behaviour.settings["originRequestPolicyId"]
    own = behaviour.distribution.linked(behaviour.key, ":OriginRequestPolicy")
    forwards = [each.get("headersConfig", "headerBehavior") in _EVERY_HEADER for each in own]
    if policy is UNKNOWN and any(forwards) and not all(forwards):
        # Several behaviours, several policies: which one is this one's can't be seen before the update.
        behaviour.distribution.sure(policy, f"{behaviour.path} originRequestPolicyId")
    if policy == ALL_VIEWER or (policy is UNKNOWN and any(forwards)) or _named(policy, behaviour):
        yield Violation(
            behaviour.distribution, f"behaviour {behaviour.path} forwards every header, Host too, to a bucket"
        )


def _named(policy: Any, behaviour: Behaviour) -> bool:
    own = behaviour.distribution.linked(behaviour.key, ":OriginRequestPolicy")
    return any(
        each.known("id") == policy and each.get("headersConfig", "headerBehavior") in _EVERY_HEADER for each in own
    )


RULE: Final = Rule(
    id="all-viewer-bucket",
    what="A behaviour in front of a bucket does not forward all of the viewer's headers.",
    why="S3 gets the distribution's host name as Host, looks for a bucket of that name and answers 403 or 404; a "
    "signed request breaks besides.",
    source="Amazon CloudFront Developer Guide, Use managed origin request policies, AllViewer",
    fix="use AllViewerExceptHostHeader, or an origin request policy of your own with header_behavior='whitelist'",
    subjects=_subjects,
    check=_check,
)
