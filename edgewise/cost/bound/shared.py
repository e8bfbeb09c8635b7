"""What a stack's shared resources cost at most: the second entry of every bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgewise.cost.bound.book import GIB, Book
from edgewise.cost.bound.checks import check
from edgewise.cost.bound.cloudfront_fees import alarms
from edgewise.cost.bound.result import Assumption, Bound, Line, Term
from edgewise.cost.prices import PriceSheet, default_prices

TIB = 1024**4


@dataclass(frozen=True, kw_only=True, slots=True)
class StackShared:
    """The resources that all functions of a stack use.

    Attributes
    ----------
    ledger_bytes : int
        The ledger table at most.
    point_in_time_recovery : bool
        Whether the table has it.
    models_bytes : int
        Models in the bucket, old versions included.
    uploads_monthly : int
        Objects written by deployments.
    queries_monthly, query_scan_bytes : int
        Queries of the lake on schedule, and the workgroup's scan cut-off.
    query_objects, query_calls, result_bytes : int
        Objects of the lake that one of them reads, what it lists and writes in S3, and what its result is long at most.
    catalog_objects, catalog_calls : int
        Glue's database and table, and what a query asks of them.
    dashboards : int
        CloudWatch dashboards.
    alarms, alarm_period_s, subscribers : int
        Alarms of the whole stack, how often each can ring at most, and who gets a mail.
    workers_paid, zone_plan : bool, str
        Cloudflare's account plan and the zone's.
    """

    stack: str
    ledger_bytes: int = 10_000_000
    point_in_time_recovery: bool = False
    models_bytes: int = 200_000_000
    uploads_monthly: int = 1_000
    queries_monthly: int = 310
    query_scan_bytes: int = 1_000_000_000
    query_objects: int = 2_500
    query_calls: int = 6
    result_bytes: int = 1_000_000
    catalog_objects: int = 2
    catalog_calls: int = 4
    dashboards: int = 1
    alarms: int = 4
    alarm_period_s: int = 300
    subscribers: int = 1
    workers_paid: bool = False
    zone_plan: Literal["none", "pro", "business"] = "none"
    unpriced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be a description."""
        check(self, self.stack)


def shared_bound(shared: StackShared, sheet: PriceSheet | None = None) -> Bound:
    """Compute the worst bill of a month of a stack's shared resources."""
    book = Book(sheet=sheet or default_prices())
    terms = (
        Term(symbol="F", title="fixed fees, used or not", lines=tuple(_fees(book, shared))),
        Term(symbol="S", title="what lies in tables and buckets", lines=tuple(_stored(book, shared))),
        Term(symbol="A", title="queries of the lake", lines=tuple(_queries(book, shared))),
    )
    refused = tuple(f"no price is known for {thing}" for thing in shared.unpriced)
    return Bound(name=f"{shared.stack} (shared)", edge="-", terms=terms, refused=refused)


def _fees(book: Book, shared: StackShared) -> list[Line]:
    lines = [
        book.home("dashboards", f"{shared.dashboards}", "cloudwatch.dashboard"),
        *alarms(book, shared.alarms, shared.alarm_period_s, shared.subscribers),
        book.home("catalog", f"{shared.catalog_objects}", "glue.object"),
    ]
    if shared.workers_paid:
        rounding = Assumption(text="R2 rounds a month up to the next unit", source="cloudflare-docs, r2/pricing")
        lines.append(book.everywhere("Cloudflare Workers paid", "1", "workers.paid"))
        lines.append(book.everywhere("R2 rounding, class A", "1000000", "r2.class_a", rounding))
        lines.append(book.everywhere("R2 rounding, class B", "1000000", "r2.class_b", rounding))
        lines.append(book.everywhere("R2 rounding, storage", "1", "r2.stored", rounding))
    if shared.zone_plan != "none":
        lines.append(book.everywhere(f"zone plan '{shared.zone_plan}'", "1", f"zone.{shared.zone_plan}"))
    return lines


def _stored(book: Book, shared: StackShared) -> list[Line]:
    lines = [
        book.home("ledger table", f"{shared.ledger_bytes} / {GIB}", "dynamodb.stored"),
        book.home("models in the bucket", f"{shared.models_bytes} / {GIB}", "s3.stored"),
        book.home("uploads", f"{shared.uploads_monthly}", "s3.put"),
    ]
    if shared.point_in_time_recovery:
        lines.append(book.home("ledger, point-in-time recovery", f"{shared.ledger_bytes} / {GIB}", "dynamodb.pitr"))
    return lines


def _queries(book: Book, shared: StackShared) -> list[Line]:
    """Price the queries on schedule: what they scan, the lake's objects they open, their results.

    The cut-off is in bytes, and S3 charges each object that is opened.
    """
    number = shared.queries_monthly
    cutoff = Assumption(text="no query scans past the workgroup's cut-off", source="the workgroup's setting")
    a_day = Assumption(
        text=f"a query on schedule reads one day, of at most {shared.query_objects} objects",
        source="the lake's partitions",
    )
    return [
        book.home("queries on schedule", f"{number} * {shared.query_scan_bytes} / {TIB}", "athena.scanned", cutoff),
        book.home("objects they read", f"{number} * {shared.query_objects}", "s3.get", a_day),
        book.home("lists and results", f"{number} * {shared.query_calls}", "s3.put"),
        book.home("results kept", f"{number} * {shared.result_bytes} / {GIB}", "s3.stored"),
        book.home("catalog calls", f"{number} * {shared.catalog_calls}", "glue.request"),
    ]
