"""A Worker's bindings have a name each, and its rate limits a period that there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import BINDING_PERIODS_S

_TYPES: Final = (
    "cloudflare:index/workersScript:WorkersScript",
    "cloudflare:index/workerVersion:WorkerVersion",
)


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(*_TYPES) if each.get("bindings")]


def _check(worker: Resource, _: Config) -> Iterator[Violation]:
    bindings = [worker.sure(each, "bindings") for each in worker.get("bindings")]
    for name, count in Counter(each.get("name") for each in bindings).items():
        if count > 1 and name is not UNKNOWN:
            yield Violation(worker, f"{count} bindings are called {name}", "give each binding a name of its own")
    for each in bindings:
        period_s = (each.get("simple") or {}).get("period") if each.get("type") == "ratelimit" else None
        if period_s is not None and worker.sure(period_s, "bindings period") not in BINDING_PERIODS_S:
            yield Violation(worker, f"binding {each.get('name')}: period is {period_s:g} s, not 10 or 60")


RULE: Final = Rule(
    id="worker-bindings",
    what="A Worker's bindings have different names, and a ratelimit binding's period is 10 or 60 s.",
    why="Cloudflare refuses the upload.",
    source="cloudflare-docs, workers/runtime-apis/bindings/rate-limit; pulumi_cloudflare WorkerVersion, bindings",
    fix="set simple={'limit': …, 'period': 60}; it counts a location alone, so it bounds nothing",
    subjects=_subjects,
    check=_check,
)
