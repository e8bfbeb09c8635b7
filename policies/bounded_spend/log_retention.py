"""Logs that are forgotten in time, in every Region where they arise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.core.endpoint import LOG_GROUP, InferenceEndpoint, endpoints
from policies.core.regions import EDGE_REGIONS, HOME_REGION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Remedy, Rule, Setting, Violation

Subject = InferenceEndpoint | Resource


def _subjects(stack: Stack) -> Iterator[Subject]:
    found = endpoints(stack)
    yield from found
    if found:
        yield from stack.of(LOG_GROUP)


def _check(subject: Subject, _: Config) -> Iterator[Violation]:
    if isinstance(subject, Resource):
        if not subject.get("retentionInDays"):
            yield Violation(subject, "retentionInDays is 0 or not set, so it never expires; more than 0 is asked for")
        return
    for function in subject.functions:
        missing = sorted(
            set(EDGE_REGIONS) - _regions(subject.stack, function, f"/aws/lambda/{HOME_REGION}.{function.known('name')}")
        )
        if missing:
            yield Violation(
                function,
                f"{len(missing)} of {len(EDGE_REGIONS)} edge Regions have no log group of it: {', '.join(missing)}",
                f"declare cloudwatch.LogGroup(name='/aws/lambda/{HOME_REGION}.<function name>', region=<Region>, "
                "retention_in_days=14) in each of these Regions",
            )
    for function in dict.fromkeys((*subject.settlers, *subject.guards)):
        # After an update the provider shows the group that AWS chose; at the edge it is not the one that is used.
        own = function.known("loggingConfig", "logGroup") or f"/aws/lambda/{function.known('name')}"
        if not _regions(subject.stack, function, own):
            yield Violation(
                function,
                "0 log groups of this program are called /aws/lambda/<its name>, 1 is asked for",
                "declare cloudwatch.LogGroup(name='/aws/lambda/<function name>', retention_in_days=14) and let the "
                "function depend on it",
            )


def _regions(stack: Stack, function: Resource, name: str) -> set[str]:
    """Return the Regions in which the program declares the function's log group of this name."""
    named = [each for each in stack.of(LOG_GROUP) if each.known("name") == name]
    linked = [each for each in stack.users(function, LOG_GROUP, key="name") if each.known("name") is None]
    return {str(each.get("region", default=HOME_REGION)) for each in (*named, *linked)}


def _mend(_: str, props: Mapping[str, Any], config: Config) -> dict[str, Any] | None:
    if props.get("retentionInDays"):
        return None
    # In place: a copy would unwrap what is secret, and stop at what is not known.
    mended = cast("dict[str, Any]", props)
    mended["retentionInDays"] = config["remedy_days"]
    return mended


RULE: Final = Rule(
    id="log-retention",
    what="Every log group beside an inference endpoint expires, and every function of it has one where it logs.",
    why="A log group that AWS makes at the first call never expires: its storage is billed each month for ever, in "
    "every Region that a viewer came near, and no bound counts it.",
    source="Amazon CloudWatch Logs User Guide, Change log data retention; Amazon CloudFront Developer Guide, Edge "
    "function logs",
    fix="set retention_in_days to 1, 3, 5, 7, 14, 30 or more days",
    subjects=_subjects,
    check=_check,
    config={
        "remedy_days": Setting(
            {"type": "integer", "enum": [1, 3, 5, 7, 14, 30, 60, 90]}, 14, "The retention in days that the remedy sets."
        )
    },
    remedy=Remedy((LOG_GROUP,), _mend),
)
