"""F: what an endpoint's own resources cost whether it is used or not."""

from __future__ import annotations

from edgewise.cost.bound.book import GIB, Book
from edgewise.cost.bound.cloudfront_lines import months_kept
from edgewise.cost.bound.endpoint import Endpoint, Guard, Settle
from edgewise.cost.bound.result import Assumption, Line, priced
from edgewise.cost.month import DAYS, SECONDS

# Closings of the gate in a month beside the days': the guard's, and two by hand.
_OTHER_CLOSINGS = 3


def fixed_fees(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price plan or web ACL, alarms and their mails, metrics, the guard, and the gate's closings."""
    return [
        *_delivery(book, endpoint),
        *_alarms(book, endpoint),
        book.home("custom metrics", f"{endpoint.custom_metrics}", "cloudwatch.metric"),
        *(_guard(book, endpoint, endpoint.guard) if endpoint.guard else ()),
        *(_alerts(book, endpoint, endpoint.settle) if endpoint.settle else ()),
        *_closings(book, endpoint),
    ]


def _delivery(book: Book, endpoint: Endpoint) -> list[Line]:
    if endpoint.plan != "none":
        declared = Assumption(text="the plan is declared, not proven by a resource", source="the owner's setting")
        return [
            book.everywhere(f"CloudFront plan '{endpoint.plan}'", "1", f"cloudfront.plan.{endpoint.plan}", declared)
        ]
    if endpoint.firewall is None:
        return []
    return [
        book.everywhere("web ACL", "1", "waf.acl"),
        book.everywhere("web ACL rules", f"{endpoint.firewall.rules}", "waf.rule"),
    ]


def _alarms(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price alarms, and a mail to each subscriber each time one rings: at most every second period."""
    rings = f"{endpoint.alarms} * ceil({SECONDS} / (2 * {endpoint.alarm_period_s}))"
    flapping = Assumption(
        text="an alarm rings again only after a quiet period", source="CloudWatch: actions on a change of state"
    )
    return [
        book.home("alarms", f"{endpoint.alarms}", "cloudwatch.alarm"),
        book.home("alarms ringing", rings, "sns.publish", flapping),
        book.home("mails of alarms", f"{rings} * {endpoint.subscribers}", "sns.email", flapping),
    ]


def _guard(book: Book, endpoint: Endpoint, guard: Guard) -> list[Line]:
    runs = f"ceil({SECONDS} / {guard.interval_s}) * {guard.attempts}"
    logs = f"{runs} * {guard.log_bytes} / {GIB}"
    return [
        book.home("guard: schedule", runs, "scheduler.run"),
        book.home("guard: runs", runs, "lambda.request"),
        book.home("guard: time", f"{runs} * {guard.timeout_s} * {guard.memory_mb} / 1024", "lambda.duration.x86_64"),
        book.home("guard: metrics read", f"{runs} * {guard.metrics}", "cloudwatch.metric.read"),
        book.home("guard: ledger reads", f"{runs} * {guard.ledger_reads}", "dynamodb.read"),
        priced("guard: logs in", logs, book.at("cloudwatch.logs.in", "us")),
        priced(
            "guard: logs kept",
            f"{logs} * {months_kept(endpoint.log_retention_days)}",
            book.at("cloudwatch.logs.kept", "us"),
        ),
    ]


def _alerts(book: Book, endpoint: Endpoint, settle: Settle) -> list[Line]:
    alerts = f"{DAYS} * {settle.alerts_daily} * ({settle.retries} + 1)"
    return [
        book.home("alerts of settle", alerts, "sns.publish"),
        book.home("mails of settle", f"{alerts} * {endpoint.subscribers}", "sns.email"),
    ]


def _closings(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price the store's API calls that close the gate: settle's each day, and the guard's and two by hand."""
    if endpoint.gate is None or not endpoint.gate.store:
        return []
    settle = endpoint.settle or Settle()
    runs = endpoint.guard.attempts if endpoint.guard else 1
    by_settle = f"{DAYS} * ({settle.retries} + 1)" if endpoint.settle else "0"
    once = Assumption(
        text="settle writes the store on the record that crosses a quota's end only, the guard once",
        source="the settle function, the guard",
    )
    calls = f"({by_settle} + {_OTHER_CLOSINGS} * {runs}) * {settle.store_calls}"
    return [book.everywhere("closings of the gate", calls, "cloudfront.store.call", once)]
