"""A cache policy that caches nothing has nothing in its key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

_KEY: Final = "parametersInCacheKeyAndForwardedToOrigin"
_PARTS: Final = (
    ("headersConfig", "headerBehavior"),
    ("cookiesConfig", "cookieBehavior"),
    ("queryStringsConfig", "queryStringBehavior"),
)
_FLAGS: Final = ("enableAcceptEncodingGzip", "enableAcceptEncodingBrotli")


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of("aws:cloudfront/cachePolicy:CachePolicy") if each.get("maxTtl") == 0]


def _check(policy: Resource, _: Config) -> Iterator[Violation]:
    for config, behaviour in _PARTS:
        found = policy.get(_KEY, config, behaviour, default="none")
        if found != "none":
            yield Violation(policy, f"max_ttl is 0 and {behaviour} is {found}, not none")
    for flag in _FLAGS:
        if policy.get(_KEY, flag) is True:
            yield Violation(policy, f"max_ttl is 0 and {flag} is True, not False")


RULE: Final = Rule(
    id="cache-off-key",
    what="A cache policy with max_ttl=0 has no headers, cookies, queries or encodings in its key.",
    why="CloudFront refuses the policy, and the distribution that waits for it is not made.",
    source="Amazon CloudFront API Reference, CreateCachePolicy, InvalidArgument",
    fix="use the managed policy CachingDisabled (4135ea2d-6df8-44a3-9df3-4b5a84be39ad), and forward headers by an "
    "origin request policy",
    subjects=_subjects,
    check=_check,
)
