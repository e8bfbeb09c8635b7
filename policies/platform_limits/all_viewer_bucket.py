"""A bucket is not sent the viewer's Host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.resource import UNKNOWN, Behaviour, Stack, UnknownValueError
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import all_behaviours
from policies.platform_limits._limits import ALL_VIEWER, OTHER_MANAGED

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
    if _forwards_all(behaviour):
        yield Violation(
            behaviour.distribution, f"behaviour {behaviour.path} forwards every header, Host too, to a bucket"
        )


def _forwards_all(behaviour: Behaviour) -> bool:
    policy: Any = behaviour.settings["originRequestPolicyId"]
    if policy is not UNKNOWN and policy in ALL_VIEWER | OTHER_MANAGED:
        return policy in ALL_VIEWER
    # The program's own, whose id is AWS's to make up; a link says which ones flow into these behaviours.
    own = behaviour.distribution.linked(behaviour.key, ":OriginRequestPolicy")
    forwards = {each.get("headersConfig", "headerBehavior") in _EVERY_HEADER for each in own}
    if len(forwards) > 1:
        raise UnknownValueError(behaviour.distribution, f"{behaviour.path} originRequestPolicyId (one of several)")
    return forwards == {True}


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
