"""What one request costs on its way through CloudFront and Lambda@Edge, each thing a line of its own."""

from __future__ import annotations

from typing import Final

from edgewise.cost.arithmetic import plain
from edgewise.cost.bound.book import GIB, Book
from edgewise.cost.bound.endpoint import Endpoint, Guard, Settle
from edgewise.cost.bound.result import Assumption, Count, Line
from edgewise.cost.month import SHORTEST_MONTH_DAYS
from edgewise.cost.quotas import limit, source

_HEADERS: Final = Assumption(
    text="headers, query and URL count with the body and are as long as CloudFront lets them be",
    source=source("cloudfront.header_bytes"),
)
_ANSWER: Final = Assumption(text="no answer is longer, headers included", source="the runtime refuses to send more")
_UNSEEN_BODY: Final = Assumption(
    text="a body that the gate turns away is not sent on, so it isn't billed; its headers are",
    source="AWS, CloudFront guide, billing-and-usage-interpreting (inferred)",
)

FRESH_ENVIRONMENT: Final = Assumption(
    text="each is priced as a fresh environment: the whole start-up and the whole timeout, billed",
    source=source("lambda.init_s"),
)


def header_bytes() -> int:
    """Return the most bytes of URL, headers and query."""
    return limit("cloudfront.header_bytes") + limit("cloudfront.url_bytes")


def arrival(book: Book, endpoint: Endpoint, count: Count) -> list[Line]:
    """Price what a request costs that reaches the gate: firewall, request, gate, store."""
    number = plain(count.value)
    lines = firewall(book, endpoint, number)
    lines.append(book.cdn_regional("request, HTTPS", number, "cloudfront.request.https"))
    if endpoint.gate is not None:
        lines.append(book.cdn("gate function", number, "cloudfront.function"))
        lines.append(book.cdn("gate's store reads", f"{number} * {endpoint.gate.reads}", "cloudfront.store.read"))
    return lines + access_log(book, endpoint, number)


def firewall(book: Book, endpoint: Endpoint, number: str) -> list[Line]:
    """Price the web ACL's fee for requests, allowed or blocked."""
    if endpoint.firewall is None:
        return []
    lines = [book.cdn("firewall", number, "waf.request")]
    units, free = endpoint.firewall.capacity_units, limit("waf.free_capacity_units")
    if units > free:
        extra = f"{number} * ceil(({units} - {free}) / 500)"
        lines.append(book.cdn(f"firewall, capacity above {free}", extra, "waf.request.500_units"))
    return lines


def access_log(book: Book, endpoint: Endpoint, number: str) -> list[Line]:
    """Price one access log line kept in S3 for a request; its delivery is free."""
    if endpoint.access_log_bytes == 0:
        return []
    kept = f"{number} * {endpoint.access_log_bytes} * {months_kept(endpoint.log_retention_days)} / {GIB}"
    return [book.home("access log kept", kept, "s3.stored")]


def months_kept(days: int | None) -> str:
    """Return how many months' worth of logs a month is billed for at most, as arithmetic.

    What a month writes on its first day lies there all month, and so does what each month before wrote on its last
    day, as long as it is kept; the shortest months let most of them in: 1 + days / 28.
    """
    return f"(1 + {days or 0} / {SHORTEST_MONTH_DAYS})"


def invocation(book: Book, endpoint: Endpoint, count: Count) -> list[Line]:
    """Price a call of Lambda@Edge apart from its time: fee, body in, answer out, logs."""
    number = plain(count.value)
    body = f"({endpoint.request_bytes} + {header_bytes()})"
    months = months_kept(endpoint.log_retention_days)
    return [
        book.everywhere("Lambda@Edge call", number, "lambda_edge.request"),
        book.cdn_regional("body in", f"{number} * {body} / {GIB}", "cloudfront.bytes.to_function", _HEADERS),
        book.cdn_regional("answer out", f"{number} * {endpoint.answer_bytes} / {GIB}", "cloudfront.bytes.out", _ANSWER),
        book.regional("logs in", f"{number} * {endpoint.log_bytes} / {GIB}", "cloudwatch.logs.in"),
        book.regional("logs kept", f"{number} * {endpoint.log_bytes} * {months} / {GIB}", "cloudwatch.logs.kept"),
    ]


def refusal_at_gate(book: Book, endpoint: Endpoint, count: Count) -> list[Line]:
    """Price what a refusal at the gate costs beyond its arrival: headers in, a short answer out."""
    number = plain(count.value)
    answer = endpoint.gate.answer_bytes if endpoint.gate else 0
    return [
        book.cdn_regional(
            "headers in", f"{number} * {header_bytes()} / {GIB}", "cloudfront.bytes.to_function", _UNSEEN_BODY
        ),
        book.cdn_regional("refusal out", f"{number} * {answer} / {GIB}", "cloudfront.bytes.out"),
    ]


def edge_time(book: Book, endpoint: Endpoint, name: str, seconds: str, *assumptions: Assumption) -> Line:
    """Price seconds of Lambda@Edge at the function's memory."""
    return book.everywhere(name, f"{seconds} * {endpoint.memory_mb} / 1024", "lambda_edge.duration", *assumptions)


def home_time(book: Book, name: str, runs: str, function: Settle | Guard) -> Line:
    """Price the seconds of a home Region's function: each run starts an environment and runs into its timeout."""
    seconds = f"{runs} * ({function.init_s} + {function.timeout_s})"
    quantity = f"{seconds} * {function.memory_mb} / 1024"
    return book.home(name, quantity, "lambda.duration.x86_64", FRESH_ENVIRONMENT)


def ledger_calls(book: Book, endpoint: Endpoint, number: str, writes: int, reads: int) -> list[Line]:
    """Price calls to the ledger: write units by item size, reads, and the bytes between Regions.

    Parameters
    ----------
    writes, reads : int
        Calls for each of `number`, retries included. A refused or repeated write is billed like any other; a read is
        billed by its items.
    """
    lease = endpoint.lease
    units = f"ceil(({lease.item_bytes} + {lease.receipt_bytes}) / {limit('dynamodb.write_unit_bytes')})"
    exchanged = f"{number} * {writes + reads} * {lease.exchange_bytes} / {GIB}"
    refused_too = Assumption(text="a refused write is billed like a granted one", source="DynamoDB guide; measured")
    return [
        book.home("ledger writes", f"{number} * {writes} * {units}", "dynamodb.write", refused_too),
        book.home("ledger reads", f"{number} * {reads} * {lease.reads}", "dynamodb.read"),
        book.regional("to the ledger's Region", exchanged, "transfer.to_ledger"),
        book.home("from the ledger's Region", exchanged, "transfer.from_ledger"),
    ]
