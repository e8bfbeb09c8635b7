"""Every cost has an owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.core.endpoint import (
    ALARM,
    BUCKET,
    BUDGET,
    DISTRIBUTION,
    LAMBDA,
    LOG_GROUP,
    QUEUE,
    ROLE,
    TABLE,
    TOPIC,
    WEB_ACL,
    endpoints,
)
from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Remedy, Rule, Setting, Violation

# What an endpoint is billed by and takes tags. A key-value store takes none through every provider version, a schedule
# none at all.
TAGGABLE: Final = (DISTRIBUTION, WEB_ACL, LAMBDA, TABLE, BUCKET, QUEUE, TOPIC, LOG_GROUP, ALARM, BUDGET, ROLE)
UNASSIGNED: Final = "unassigned"


def _subjects(stack: Stack) -> Iterator[Resource]:
    if endpoints(stack):
        yield from stack.of(*TAGGABLE)


def _check(resource: Resource, config: Config) -> Iterator[Violation]:
    # With the provider's default tags: a resource's own `tags` leave those out.
    found = {**resource.get("tagsAll", default={}), **resource.get("tags", default={})}
    missing = [key for key in config["keys"] if not found.get(key) or found[key] is UNKNOWN]
    if missing:
        yield Violation(resource, f"it lacks {len(missing)} of {len(config['keys'])} tags: {', '.join(missing)}")


def _mend(_: str, props: Mapping[str, Any], config: Config) -> dict[str, Any] | None:
    found, default = props.get("tags") or {}, props.get("tagsAll") or {}
    missing = [key for key in config["keys"] if not found.get(key) and not default.get(key)]
    if not missing:
        return None
    # In place: a copy would unwrap what is secret, and stop at what is not known.
    mended = cast("dict[str, Any]", props)
    if not found:
        mended["tags"] = dict.fromkeys(missing, UNASSIGNED)
    else:
        for key in missing:
            mended["tags"][key] = UNASSIGNED
    return mended


RULE: Final = Rule(
    id="tags",
    what="What an inference endpoint is billed by carries the cost allocation tags.",
    why="AWS splits a bill by tags: a cost without one belongs to nobody, no budget by tag counts it, and the audit "
    "can't compare it with the bound.",
    source="AWS Billing User Guide, Organizing and tracking costs using AWS cost allocation tags; infra/settings.py",
    fix="set tags={'edgewise:environment': …, 'edgewise:cost-centre': …}, or default_tags on the provider",
    subjects=_subjects,
    check=_check,
    config={
        "keys": Setting(
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ["edgewise:environment", "edgewise:cost-centre"],
            "The tags that are asked for; the remedy sets what is missing to 'unassigned'.",
        )
    },
    remedy=Remedy(TAGGABLE, _mend),
)
