"""The bound of an endpoint on CloudFront and Lambda@Edge: F + Q·a + M·m + L·l + C·c + Σ N·r + R."""

from __future__ import annotations

from typing import Final

from edgewise.cost.arithmetic import plain
from edgewise.cost.bound import cloudfront_lines as lines_of
from edgewise.cost.bound.book import GIB, Book
from edgewise.cost.bound.cloudfront_fees import fixed_fees
from edgewise.cost.bound.counts import Counts, counts, day_leases
from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.bound.result import Assumption, Bound, Count, Line, Term, count, priced
from edgewise.cost.prices import PriceSheet
from edgewise.cost.quotas import limit

_NOTES: Final = (
    Assumption(text="free tiers are not counted", source="bounded-spend"),
    Assumption(text="a month of 31 days, UTC; taxes, support plans and credits left out", source="bounded-spend"),
    Assumption(text="what people and deployments do by hand is not counted", source="not a load of the endpoint"),
    Assumption(text="start-ups that AWS makes ahead of any call are not billed", source="not documented; assumed"),
    Assumption(text="where a price has tiers the dearest is taken", source="the price sheet"),
    Assumption(
        text="fetch tokens stay inside environments, so only cold grants fetch models", source="the token is rotated"
    ),
    Assumption(
        text="the guard counts executions of the gate minus passed calls, so that aborted uploads and throttled calls "
        "are refusals too, and each of its runs succeeds: one that fails adds an interval to its lag",
        source="what the guard is built to do; a failed run raises an alarm",
    ),
    Assumption(
        text="a call that is under way at the month's first midnight belongs to the month that let it in",
        source="assumed; one timeout a held lease",
    ),
)


def cloudfront_bound(endpoint: Endpoint, sheet: PriceSheet) -> Bound:
    """Compute the worst bill of a month of one endpoint."""
    book = Book(sheet=sheet, groups=endpoint.groups, plan=endpoint.plan)
    n = counts(endpoint)
    terms = (
        Term(symbol="F", title="fixed fees, used or not", lines=tuple(fixed_fees(book, endpoint))),
        _passed(book, endpoint, n),
        _time(book, endpoint, n),
        _leases(book, endpoint, n.leases),
        _cold(book, endpoint, n.cold),
        _at_firewall(book, endpoint, n.at_firewall),
        _at_gate(book, endpoint, n.at_gate),
        _at_ledger(book, endpoint, n.at_ledger),
        _flood(book, endpoint, n.flood),
    )
    return Bound(name=endpoint.function, edge="cloudfront", terms=terms, notes=_NOTES, refused=contradictions(endpoint))


def contradictions(endpoint: Endpoint) -> tuple[str, ...]:
    """Return what makes a description impossible to believe: things without a price, limits of a plan."""
    reasons = [f"no price is known for {thing}" for thing in endpoint.unpriced]
    if endpoint.plan == "none":
        return tuple(reasons)
    most = limit(f"cloudfront.plan.{endpoint.plan}.waf_rules")
    if endpoint.firewall is not None and endpoint.firewall.rules > most:
        rules = endpoint.firewall.rules
        reasons.append(f"plan '{endpoint.plan}' allows {most} firewall rules, the endpoint has {rules}")
    if endpoint.plan == "free" and endpoint.gate is not None and endpoint.gate.store:
        reasons.append("plan 'free' has no key-value store, which the gate reads: take 'pro' or no plan")
    return tuple(reasons)


def _passed(book: Book, endpoint: Endpoint, n: Counts) -> Term:
    lines = [*lines_of.arrival(book, endpoint, n.passed), *lines_of.invocation(book, endpoint, n.passed)]
    forever = "" if endpoint.log_retention_days is not None else "logs are kept for ever: set a retention"
    return Term(
        symbol="Q·a",
        title="requests that pass the ledger, apart from their time",
        counts=(n.passed,),
        lines=tuple(lines),
        infinite=forever,
    )


def _time(book: Book, endpoint: Endpoint, n: Counts) -> Term:
    line = lines_of.edge_time(book, endpoint, "Lambda@Edge time in leases", plain(n.seconds.value))
    return Term(symbol="M·m", title="granted time and a timeout a lease", counts=(n.seconds,), lines=(line,))


def _leases(book: Book, endpoint: Endpoint, leases: Count) -> Term:
    """L·l: each lease's calls to the ledger, and the settle runs its records set off.

    Writes of one lease: `lease.writes` to get it (races are lost at midnight and at the day's end only); its receipt
    alone once; and each time the memory of a refusal has run out a refused renewal, two writes: one finds less than
    it wants, the next nothing, for only one short lease ends a day. Each may be sent `attempts` times. Of these, two
    change the item (the grant, the lone receipt) and so make stream records: a refused or repeated write makes none.
    Each record runs settle at most retries + 1 times, each run at most a start-up and its timeout, each writes one
    object to the lake. The stream keeps records for a day, so the last day of the month before may be settled in this
    one. A mapping's own reads of the stream are free.
    """
    number = plain(leases.value)
    lease = endpoint.lease
    renewals_refused = -(-lease.seconds // lease.refusal_memory_s)
    writes = lease.attempts * (lease.writes + 1 + 2 * renewals_refused)
    reads = lease.attempts * (1 + renewals_refused)
    lines = lines_of.ledger_calls(book, endpoint, number, writes=writes, reads=reads)
    if endpoint.daily_quota is not None:
        lines += _settle(book, endpoint, f"({number} + {day_leases(endpoint)})")
    kept = f"{number} * {lease.receipt_bytes} * {endpoint.lake_months} / {GIB}"
    lines.append(book.home("receipts kept in the lake", kept, "s3.stored"))
    return Term(symbol="L·l", title="leases: ledger, stream, settle, lake", counts=(leases,), lines=tuple(lines))


def _settle(book: Book, endpoint: Endpoint, leases: str) -> list[Line]:
    settle = endpoint.settle
    if settle is None:
        return []
    runs = f"{leases} * 2 * ({settle.retries} + 1)"
    logs = f"{runs} * {settle.log_bytes} / {GIB}"
    months = lines_of.months_kept(endpoint.log_retention_days)
    lines = [
        book.home("settle runs", runs, "lambda.request"),
        lines_of.home_time(book, "settle time", runs, settle),
        book.home("settle's objects in the lake", runs, "s3.put"),
        book.home("settle's dead letters", f"{leases} * 2", "sqs.request"),
    ]
    logs_in, logs_kept = book.at("cloudwatch.logs.in", "us"), book.at("cloudwatch.logs.kept", "us")
    return [
        *lines,
        priced("settle logs in", logs, logs_in),
        priced("settle logs kept", f"{logs} * {months}", logs_kept),
    ]


def _cold(book: Book, endpoint: Endpoint, cold: Count) -> Term:
    """C·c: a start-up, a first call that may last to its timeout outside the lease, and the model's fetches.

    A fetch goes through the same distribution: firewall, request, gate, store and bytes out, and where the
    cache misses CloudFront's attempts to read the bucket.
    """
    number = plain(cold.value)
    lines = []
    if endpoint.daily_quota is not None:
        seconds = f"{number} * ({endpoint.assumed.init_s} + {endpoint.timeout_s})"
        lines.append(lines_of.edge_time(book, endpoint, "start-ups", seconds, lines_of.FRESH_ENVIRONMENT))
    if endpoint.model_bytes > 0:
        fetches = count("fetches", f"{number} * {endpoint.model_attempts}")
        lines += lines_of.arrival(book, endpoint, fetches)
        fetched = plain(fetches.value)
        size = f"({endpoint.model_bytes} + {endpoint.answer_bytes})"
        lines.append(book.cdn_regional("model out", f"{fetched} * {size} / {GIB}", "cloudfront.bytes.out"))
        misses = f"{fetched} * {limit('cloudfront.origin_attempts')}"
        lines.append(book.home("model read on a miss", misses, "s3.get"))
    return Term(symbol="C·c", title="cold grants: start-up and model", counts=(cold,), lines=tuple(lines))


def _at_firewall(book: Book, endpoint: Endpoint, refused: Count) -> Term:
    number = plain(refused.value)
    lines = lines_of.firewall(book, endpoint, number) + lines_of.access_log(book, endpoint, number)
    return Term(
        symbol="N_firewall·r",
        title="blocked by the firewall, within its allowance",
        counts=(refused,),
        lines=tuple(lines),
    )


def _at_gate(book: Book, endpoint: Endpoint, refused: Count) -> Term:
    lines: list[Line] = []
    if endpoint.gate is not None:
        lines = lines_of.arrival(book, endpoint, refused) + lines_of.refusal_at_gate(book, endpoint, refused)
    return Term(symbol="N_gate·r", title="refused at the gate", counts=(refused,), lines=tuple(lines))


def _at_ledger(book: Book, endpoint: Endpoint, refused: Count) -> Term:
    """N_ledger·r: a call outside any lease, priced as if each started an environment and ran into its timeout."""
    number = plain(refused.value)
    seconds = f"{number} * ({endpoint.assumed.init_s} + {endpoint.timeout_s})"
    attempts = endpoint.lease.attempts
    lines = [
        *lines_of.arrival(book, endpoint, refused),
        *lines_of.invocation(book, endpoint, refused),
        lines_of.edge_time(book, endpoint, "start-up and timeout", seconds, lines_of.FRESH_ENVIRONMENT),
        *lines_of.ledger_calls(book, endpoint, number, writes=attempts * endpoint.lease.writes, reads=attempts),
    ]
    return Term(symbol="N_ledger·r", title="refused at the ledger", counts=(refused,), lines=tuple(lines))


def _flood(book: Book, endpoint: Endpoint, flood: Count) -> Term:
    number = plain(flood.value)
    lines = lines_of.firewall(book, endpoint, number) + lines_of.access_log(book, endpoint, number)
    return Term(
        symbol="R", title="what the firewall charges for the flood it blocks", counts=(flood,), lines=tuple(lines)
    )
