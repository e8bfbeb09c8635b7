"""Nothing is run over and over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.bounded_spend._around import dead_letters, mappings
from policies.core.endpoint import MAPPING, endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation

INVOKE: Final = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
# EventBridge Scheduler User Guide, RetryPolicy, and AWS Lambda Developer Guide, Asynchronous invocation: the defaults.
SCHEDULE_RETRIES: Final = 185
ASYNCHRONOUS_RETRIES: Final = 2


@dataclass(frozen=True)
class _Subject:
    stack: Stack
    resource: Resource


def _subjects(stack: Stack) -> Iterator[_Subject]:
    guards = {id(each): each for endpoint in endpoints(stack) for each in endpoint.guards}
    for each in (*mappings(stack), *guards.values()):
        yield _Subject(stack, each)


def _check(subject: _Subject, config: Config) -> Iterator[Violation]:
    if subject.resource.type == MAPPING:
        yield from _of_mapping(subject, config["most_retries"])
    else:
        yield from _of_guard(subject, config["most_guard_retries"])


def _of_mapping(subject: _Subject, most: float) -> Iterator[Violation]:
    mapping = subject.resource
    retries = mapping.get("maximumRetryAttempts", default=-1)
    if not 0 <= retries <= most:
        text = "not set: until the record expires" if retries < 0 else f"{retries:.0f}"
        yield Violation(mapping, f"maximumRetryAttempts is {text}; 0 to {most:.0f} is asked for")
    if mapping.get("bisectBatchOnFunctionError") is True:
        yield Violation(
            mapping,
            "bisectBatchOnFunctionError is true: a split is run again without counting as a retry",
            "set bisect_batch_on_function_error=False and function_response_types=['ReportBatchItemFailures']",
        )
    for queue in dead_letters(mapping):
        for back in subject.stack.users(queue, MAPPING, key="eventSourceArn"):
            if set(map(id, back.linked("functionName"))) & set(map(id, mapping.linked("functionName"))):
                yield Violation(
                    back,
                    f"the dead letters in {queue.name} go back to the function that gave them up: a loop without end",
                    "take this mapping away; a person reads dead letters, or another function does",
                )


def _of_guard(subject: _Subject, most: float) -> Iterator[Violation]:
    stack, function = subject.stack, subject.resource
    for schedule in stack.users(function, "aws:scheduler/schedule:Schedule", key="target"):
        retries = schedule.known("target", "retryPolicy", "maximumRetryAttempts", default=SCHEDULE_RETRIES)
        if retries > most:
            yield Violation(
                schedule,
                f"target.retryPolicy.maximumRetryAttempts is {retries:.0f}, more than {most:.0f}",
                f"set retry_policy={{'maximum_retry_attempts': {most:.0f}}} in the schedule's target",
            )
    limits = stack.users(function, INVOKE, key="functionName") or [
        each for each in stack.of(INVOKE) if each.known("functionName") == function.known("name")
    ]
    stated = [each.get("maximumRetryAttempts", default=ASYNCHRONOUS_RETRIES) for each in limits]
    if (retries := max(stated, default=ASYNCHRONOUS_RETRIES)) > most:
        yield Violation(
            function,
            f"Lambda repeats a failed run {retries:.0f} times, more than {most:.0f}",
            f"add lambda_.FunctionEventInvokeConfig(function_name=…, maximum_retry_attempts={most:.0f})",
        )


RULE: Final = Rule(
    id="event-retries",
    what="What runs behind an inference endpoint is repeated a stated, small number of times, and never in a loop.",
    why="By default a failing batch is retried until its record expires, a day of runs a shard, and a schedule 185 "
    "times: a fault becomes the largest line of the bill. The bound counts retries + 1 runs.",
    source="AWS Lambda Developer Guide, Using AWS Lambda with Amazon DynamoDB; EventBridge Scheduler API Reference, "
    "RetryPolicy",
    fix="set maximum_retry_attempts=2 on the event source mapping",
    subjects=_subjects,
    check=_check,
    config={
        "most_retries": Setting({"type": "integer", "minimum": 0}, 2, "The most retries of a batch of the stream."),
        "most_guard_retries": Setting(
            {"type": "integer", "minimum": 0}, 0, "The most retries of a scheduled run; the next one comes anyway."
        ),
    },
)
