"""Nothing is kept in two clouds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.endpoint import endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.data_flow._sinks import FIREHOSE

LOGPUSH: Final = "cloudflare:index/logpushJob:LogpushJob"
WORKERS: Final = ("cloudflare:index/worker:Worker", "cloudflare:index/workersScript:WorkersScript")
TRACES: Final = "workers_trace_events"
# Destinations outside AWS: Amazon Data Firehose Developer Guide, "Choose destination for your Firehose stream".
FOREIGN: Final = ("http_endpoint", "splunk", "snowflake")


@dataclass(frozen=True)
class _Dataset:
    name: str
    jobs: tuple[Resource, ...]
    kept_by_workers: tuple[Resource, ...]


def _subjects(stack: Stack) -> Iterator[Resource | _Dataset]:
    if endpoints(stack):
        yield from stack.of(FIREHOSE)
    by_dataset: dict[str, list[Resource]] = {}
    for job in stack.of(LOGPUSH):
        if job.get("enabled") is True:
            by_dataset.setdefault(str(job.get("dataset", default="http_requests")), []).append(job)
    keeping = tuple(each for each in stack.of(*WORKERS) if each.get("observability", "enabled") is True)
    for name, jobs in by_dataset.items():
        yield _Dataset(name, tuple(jobs), keeping if name == TRACES else ())


def _check(subject: Resource | _Dataset, _: Config) -> Iterator[Violation]:
    if isinstance(subject, Resource):
        destination = str(subject.get("destination", default="extended_s3"))
        if destination in FOREIGN:
            yield Violation(
                subject, f"destination is {destination}: what AWS has metered once is paid for again elsewhere"
            )
        return
    clouds = {cloud for job in subject.jobs for cloud in [_cloud(job)]}
    if subject.kept_by_workers:
        clouds.add("cloudflare")
    if len(clouds) > 1:
        named = ", ".join(sorted(clouds))
        yield Violation(subject.jobs[-1], f"the dataset {subject.name} goes to {len(clouds)} clouds, not 1: {named}")


def _cloud(job: Resource) -> str:
    """Return where a job pushes to; the rest of the address holds credentials and is not shown."""
    address = str(job.get("destinationConf", default=""))
    scheme = address.partition("://")[0].lower()
    if scheme == "r2" or "r2.cloudflarestorage.com" in address:
        return "cloudflare"
    return {"s3": "aws", "gs": "google", "azure": "azure"}.get(scheme, scheme or "nowhere")


RULE: Final = Rule(
    id="two-clouds",
    what="Logs, metrics and receipts of inference stay in one cloud, the one in which they arise.",
    why="Shipped to a second one, each record is paid for twice, and each byte leaves at the price of the way out: the "
    "double telemetry bill.",
    source="docs/ledger.md, receipts; Amazon Data Firehose Developer Guide; Cloudflare, Logpush",
    fix="deliver to a bucket of the same cloud (extended_s3, or r2://…), and query there",
    subjects=_subjects,
    check=_check,
)
