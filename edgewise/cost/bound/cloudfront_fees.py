"""F: what an endpoint's own resources cost whether it is used or not."""

from __future__ import annotations

from edgewise.cost.bound.book import GIB, Book
from edgewise.cost.bound.cloudfront_lines import home_time, months_kept
from edgewise.cost.bound.endpoint import Endpoint, Guard, Settle
from edgewise.cost.bound.result import Assumption, Line, priced
from edgewise.cost.month import DAYS, SECONDS
from edgewise.cost.quotas import limit

# Changes of the gate by hand in a month: a stop and a start.
_BY_HAND = 2


def fixed_fees(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price plan or web ACL, alarms and their mails, metrics, the guard, and the gate's closings."""
    return [
        *_delivery(book, endpoint),
        *alarms(book, endpoint.alarms, endpoint.alarm_period_s, endpoint.subscribers),
        *_budget(book, endpoint),
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


def alarms(book: Book, number: int, period_s: int, subscribers: int) -> list[Line]:
    """Price alarms, and a mail to each subscriber each time one rings: at most every second period."""
    rings = f"{number} * ceil({SECONDS} / (2 * {period_s}))"
    flapping = Assumption(
        text="an alarm rings again only after a quiet period", source="CloudWatch: actions on a change of state"
    )
    return [
        book.home("alarms", f"{number}", "cloudwatch.alarm"),
        book.home("alarms ringing", rings, "sns.publish", flapping),
        book.home("mails of alarms", f"{rings} * {subscribers}", "sns.email", flapping),
    ]


def _budget(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price AWS's own budget of the function: free itself, its messages are not."""
    if endpoint.budget_alerts == 0:
        return []
    told = Assumption(
        text="an actual level is told once a month, a forecast at most at every second of three updates a day",
        source="AWS, Managing your costs with AWS Budgets",
    )
    return [
        book.home("budget", "1", "budgets.budget"),
        book.home("alerts of the budget", f"{endpoint.budget_alerts}", "sns.publish", told),
        book.home("mails of the budget", f"{endpoint.budget_alerts} * {endpoint.subscribers}", "sns.email", told),
    ]


def _guard(book: Book, endpoint: Endpoint, guard: Guard) -> list[Line]:
    runs = f"ceil({SECONDS} / {guard.interval_s}) * {guard.attempts}"
    logs = f"{runs} * {guard.log_bytes} / {GIB}"
    return [
        book.home("guard: schedule", runs, "scheduler.run"),
        book.home("guard: runs", runs, "lambda.request"),
        home_time(book, "guard: time", runs, guard),
        book.home("guard: metrics read", f"{runs} * {guard.metrics}", "cloudwatch.metric.read"),
        book.home("guard: ledger reads", f"{runs} * {guard.ledger_reads}", "dynamodb.read"),
        book.home("guard: its memory", f"{runs} * {guard.ledger_writes}", "dynamodb.write"),
        *_guards_alerts(book, endpoint, guard),
        priced("guard: logs in", logs, book.at("cloudwatch.logs.in", "us")),
        priced(
            "guard: logs kept",
            f"{logs} * {months_kept(endpoint.log_retention_days)}",
            book.at("cloudwatch.logs.kept", "us"),
        ),
    ]


def _guards_alerts(book: Book, endpoint: Endpoint, guard: Guard) -> list[Line]:
    """Price a warning and an alert for each of the guard's acts: on ledger's, firewall's and gate's allowance."""
    closing, disabling = (_acts(endpoint, guard, s) for s in (endpoint.assumed.store_s, endpoint.assumed.disable_s))
    acts = f"2 * ({closing} + 2 * {disabling})"
    again = Assumption(
        text="it acts again only while refusals are still coming in, or still being counted, after its first act",
        source="the guard: one act for each whole allowance",
    )
    return [
        book.home("guard: alerts", acts, "sns.publish", again),
        book.home("guard: mails", f"{acts} * {endpoint.subscribers}", "sns.email", again),
    ]


def _acts(endpoint: Endpoint, guard: Guard, takes_effect_s: int) -> str:
    """Return the guard's acts on one allowance in a month at most, as arithmetic.

    It acts again when another whole allowance was refused. After its first act, which a late look in a new environment
    may delay, some are still refused until that has effect everywhere, and their metrics come in for a while: that many
    more looks can find something.
    """
    late = f"{limit('scheduler.precision_s')} + {guard.init_s} + {guard.timeout_s}"
    return f"(1 + ceil(({late} + {takes_effect_s} + {endpoint.assumed.metrics_s}) / {guard.interval_s}))"


def _alerts(book: Book, endpoint: Endpoint, settle: Settle) -> list[Line]:
    """Price settle's alerts: each try claims it in the lake, reads who else did, tells it, and notes that."""
    once = f"{DAYS} * {settle.alerts_daily}"
    alerts = f"{once} * ({settle.retries} + 1)"
    kept = f"{once} * {settle.claim_bytes} * {endpoint.lake_months} / {GIB}"
    return [
        book.home("alerts of settle", alerts, "sns.publish"),
        book.home("mails of settle", f"{alerts} * {endpoint.subscribers}", "sns.email"),
        book.home("claims of alerts", f"{alerts} * 2", "s3.put"),
        book.home("claims of alerts read", alerts, "s3.get"),
        book.home("claims of alerts kept", kept, "s3.stored"),
    ]


def _closings(book: Book, endpoint: Endpoint) -> list[Line]:
    """Price the store's API calls that close the gate: settle's each day, the guard's, and two by hand."""
    if endpoint.gate is None or not endpoint.gate.store:
        return []
    settle = endpoint.settle or Settle()
    guard = endpoint.guard
    by_guard = f"{guard.attempts} * {_acts(endpoint, guard, endpoint.assumed.store_s)}" if guard else "0"
    by_settle = f"{DAYS} * ({settle.retries} + 1)" if endpoint.settle else "0"
    once = Assumption(
        text="settle writes the store on the record that crosses a quota's end only, the guard on each act",
        source="the settle function, the guard",
    )
    calls = f"({by_settle} + {by_guard} + {_BY_HAND}) * {settle.store_calls}"
    return [book.everywhere("closings of the gate", calls, "cloudfront.store.call", once)]
