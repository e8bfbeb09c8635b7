"""The bound of an endpoint on Cloudflare, in the same terms. GB is 10^9 bytes here; bytes in and out cost nothing."""

from __future__ import annotations

from typing import Final

from edgewise.cost.arithmetic import as_factor, evaluate, plain
from edgewise.cost.bound.book import Book
from edgewise.cost.bound.counts import granted_leases, granted_requests
from edgewise.cost.bound.result import Assumption, Bound, Count, Line, Term, count
from edgewise.cost.bound.worker import WorkerEndpoint
from edgewise.cost.month import DAYS, SECONDS
from edgewise.cost.prices import PriceSheet, UnknownPriceError
from edgewise.cost.quotas import limit, source

GB: Final = 10**9
_NOTES: Final = (
    Assumption(text="included amounts and free tiers are not counted", source="bounded-spend"),
    Assumption(text="the account's 5.00 and the zone's plan stand with the stack's shared resources", source="-"),
    Assumption(text="what a zone rule blocks is not billed", source="cloudflare-docs, how-charges-accrue (inferred)"),
    Assumption(text="a month of 31 days, UTC; taxes left out", source="bounded-spend"),
)
_NO_FRONT: Final = (
    "nothing stands before the Worker and Cloudflare limits no requests: put a signed-request rule before it "
    "(front: signed_rule) or a spend policy on the account"
)
_NO_LEDGER: Final = "no ledger was seen and Cloudflare limits no requests: set a daily quota"


def cloudflare_bound(endpoint: WorkerEndpoint, sheet: PriceSheet) -> Bound:
    """Compute the worst bill of a month of one Worker."""
    book = Book(sheet=sheet)
    passed, leases = granted_requests(endpoint), granted_leases(endpoint)
    no_ledger = "" if passed is not None else _NO_LEDGER
    passed = passed or count("Q", "0")
    cold = _cold_count(endpoint, leases)
    terms = (
        Term(symbol="F", title="fixed fees, used or not", lines=tuple(_fees(book, endpoint))),
        Term(
            symbol="Q·a",
            title="requests that pass the ledger, apart from their time",
            counts=(passed,),
            lines=tuple(_call(book, endpoint, plain(passed.value))),
            infinite=no_ledger,
        ),
        _time(book, endpoint, passed, leases),
        _leases(book, endpoint, leases),
        _cold(book, endpoint, cold),
        _at_gate(book, endpoint),
        _at_ledger(book, endpoint),
        Term(symbol="R", title="what the outermost gate charges for the flood it blocks", lines=()),
    )
    refused = tuple(f"no price is known for {thing}" for thing in endpoint.unpriced)
    return Bound(name=endpoint.function, edge="cloudflare", terms=terms, notes=_NOTES, refused=refused)


def _fees(book: Book, endpoint: WorkerEndpoint) -> list[Line]:
    """F: the ledger object awake all month (it can't be billed for more), closings, the guard's runs."""
    awake = Assumption(text="one object, awake at most all the time", source="cloudflare-docs, durable-objects-pricing")
    lines = [
        book.everywhere(
            "ledger object awake", f"{SECONDS} * {limit('workers.memory_mb')} / 1024", "durable_objects.duration", awake
        ),
        book.everywhere("closings of the gate", f"({DAYS} + 3) * {endpoint.lease.attempts}", "kv.write"),
    ]
    if endpoint.guard is None:
        return lines
    startup = Assumption(text="each run starts anew, start-up CPU is billed", source=source("workers.startup_ms"))
    runs = f"ceil({SECONDS} / {endpoint.guard.interval_s})"
    return [
        *lines,
        book.everywhere("guard: runs", runs, "workers.request"),
        book.everywhere(
            "guard: CPU", f"{runs} * ({limit('workers.startup_ms')} + {endpoint.guard.cpu_ms})", "workers.cpu", startup
        ),
    ]


def _call(book: Book, endpoint: WorkerEndpoint, number: str) -> list[Line]:
    """Price one run of the Worker apart from its CPU: request, flag, logs."""
    return [
        book.everywhere("Worker request", number, "workers.request"),
        book.everywhere("key-value reads", f"{number} * {endpoint.kv_reads}", "kv.read"),
        _logs(book, endpoint, number),
        book.everywhere("logs kept", f"{number} * {endpoint.log_bytes} / {GB}", "workers.logs.kept"),
    ]


def _logs(book: Book, endpoint: WorkerEndpoint, number: str) -> Line:
    """Price logs by the dearer of two price lists: by events until 2026-11-30, by bytes from 2026-12-01."""
    events, gigabytes = book.at("workers.logs.event", "global"), book.at("workers.logs.in", "global")
    for missing in (events, gigabytes):
        if isinstance(missing, UnknownPriceError):
            return book.everywhere("logs", number, missing.price_id)
    assert not isinstance(events, UnknownPriceError)
    assert not isinstance(gigabytes, UnknownPriceError)
    by_event = f"{endpoint.log_events} * {events.text}"
    arithmetic = f"{as_factor(number)} * max({by_event}, {endpoint.log_bytes} / {GB} * {gigabytes.text})"
    cited = tuple(Assumption(text=line.citation, source=line.source) for line in (events, gigabytes))
    return Line(name="logs", amount=evaluate(arithmetic), arithmetic=arithmetic, assumptions=cited)


def _time(book: Book, endpoint: WorkerEndpoint, passed: Count, leases: Count) -> Term:
    """M·m: clocks stand still inside a Worker, so a lease can't bound time; the CPU limit of each call does."""
    overrun = Assumption(
        text=f"cpu_ms has documented flexibility: {endpoint.assumed.cpu_overrun_ms} ms more, once a lease",
        source=source("workers.default_cpu_ms"),
    )
    granted = f"{plain(passed.value)} * {endpoint.cpu_ms} + {plain(leases.value)} * {endpoint.assumed.cpu_overrun_ms}"
    milliseconds = count("M", granted, overrun)
    line = book.everywhere("CPU in leases", plain(milliseconds.value), "workers.cpu")
    return Term(symbol="M·m", title="CPU by the limit of each call", counts=(milliseconds,), lines=(line,))


def _leases(book: Book, endpoint: WorkerEndpoint, leases: Count) -> Term:
    """L·l: calls of the ledger object (grant, lone receipt, refused renewals), its rows, one object in R2."""
    lease, number = endpoint.lease, plain(leases.value)
    renewals_refused = -(-lease.seconds // lease.refusal_memory_s)
    calls = f"{number} * {lease.attempts * (2 + renewals_refused)}"
    lines = (
        book.everywhere("ledger calls", calls, "durable_objects.request"),
        book.everywhere("ledger rows written", f"{calls} * {endpoint.rows}", "durable_objects.row.written"),
        book.everywhere("ledger rows read", f"{calls} * {endpoint.rows}", "durable_objects.row.read"),
        book.everywhere("receipts to the lake", f"{number} * {lease.attempts}", "r2.class_a"),
        book.everywhere("receipts kept", f"{number} * {lease.receipt_bytes} * 13 / {GB}", "r2.stored"),
    )
    return Term(symbol="L·l", title="leases: ledger and lake", counts=(leases,), lines=lines)


def _cold_count(endpoint: WorkerEndpoint, leases: Count) -> Count:
    if endpoint.cold_grants_daily is None:
        return count("C", plain(leases.value))
    return count("C", f"min({DAYS} * {endpoint.cold_grants_daily}, {plain(leases.value)})")


def _cold(book: Book, endpoint: WorkerEndpoint, cold: Count) -> Term:
    number = plain(cold.value)
    startup = Assumption(text="start-up CPU is billed", source=source("workers.startup_ms"))
    lines = (
        book.everywhere("start-ups", f"{number} * {limit('workers.startup_ms')}", "workers.cpu", startup),
        book.everywhere("model reads", f"{number} * {endpoint.model_attempts}", "r2.class_b"),
    )
    return Term(symbol="C·c", title="cold grants: start-up and model", counts=(cold,), lines=lines)


def _at_gate(book: Book, endpoint: WorkerEndpoint) -> Term:
    """N_gate·r: refused in the Worker's first lines, at its whole CPU limit.

    Behind a signed-request rule only signed requests get here. With nothing before the Worker there is no bound,
    unless a spend policy ends it: then its amount, and the flood's requests until it acts (keys and logs have no
    policy and follow the requests).
    """
    if endpoint.front == "none" and endpoint.spend_policy_usd is None:
        return Term(symbol="N_gate·r", title="refused in the Worker", lines=(), infinite=_NO_FRONT)
    refused = _policy_count(book, endpoint) if endpoint.front == "none" else _signed_count(endpoint, "N_gate")
    return Term(
        symbol="N_gate·r",
        title="refused in the Worker",
        counts=(refused,),
        lines=tuple(_refusal(book, endpoint, plain(refused.value))),
    )


def _policy_count(book: Book, endpoint: WorkerEndpoint) -> Count:
    """Count most refused calls under a spend policy: what its amount buys of the cheapest calls, and its lag."""
    request = book.at("workers.request", "global")
    lag = Assumption(
        text=f"the spend policy blocks {endpoint.assumed.spend_policy_s} s after its amount is reached",
        source="cloudflare-docs, spending limits: no lag is documented; assumed",
    )
    during = f"{endpoint.assumed.flood_rps} * {endpoint.assumed.spend_policy_s}"
    if isinstance(request, UnknownPriceError):
        return count("N_gate", during, lag)
    return count("N_gate", f"ceil({plain(endpoint.spend_policy_usd or 0)} / ({request.text})) + {during}", lag)


def _signed_count(endpoint: WorkerEndpoint, symbol: str) -> Count:
    rate = endpoint.assumed.signed_flood_rps
    signed = Assumption(text=f"at most {rate} signed requests a second", source="assumed")
    guard = endpoint.guard
    at_ledger = symbol == "N_ledger"
    if guard is None or not (at_ledger or endpoint.on_flood == "disconnect"):
        return count(symbol, f"{rate} * {SECONDS}", signed)
    reaction = endpoint.assumed.store_s if at_ledger else endpoint.assumed.disable_s
    allowed = endpoint.allowance.ledger if at_ledger else endpoint.allowance.gate
    late = limit("scheduler.precision_s")
    seconds = endpoint.assumed.metrics_s + guard.interval_s + late + reaction
    lag = Assumption(
        text=f"metrics {endpoint.assumed.metrics_s} s late, a look every {guard.interval_s} s, {late} s late, "
        f"{reaction} s to act",
        source=source("workers.store_propagation_s"),
    )
    return count(symbol, f"min({allowed} + {rate} * {seconds}, {rate} * {SECONDS})", signed, lag)


def _refusal(book: Book, endpoint: WorkerEndpoint, number: str) -> list[Line]:
    limited = Assumption(text="each at the whole CPU limit of a call", source="cloudflare-docs, workers limits")
    return [
        *_call(book, endpoint, number),
        book.everywhere("CPU", f"{number} * {endpoint.cpu_ms}", "workers.cpu", limited),
    ]


def _at_ledger(book: Book, endpoint: WorkerEndpoint) -> Term:
    """N_ledger·r: calls outside any lease: a start-up each, and a refused call of the ledger object."""
    refused = _signed_count(endpoint, "N_ledger")
    number = plain(refused.value)
    lines = [
        *_refusal(book, endpoint, number),
        book.everywhere("start-ups", f"{number} * {limit('workers.startup_ms')}", "workers.cpu"),
        book.everywhere("ledger calls", f"{number} * {endpoint.lease.attempts}", "durable_objects.request"),
        book.everywhere(
            "ledger rows read", f"{number} * {endpoint.lease.attempts} * {endpoint.rows}", "durable_objects.row.read"
        ),
    ]
    return Term(symbol="N_ledger·r", title="refused at the ledger", counts=(refused,), lines=tuple(lines))
