"""`edgewise ledger`: what is granted, left and missing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.deployment import read_deployment, running_edge
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from edgewise.operate.ledger_view import LedgerView, keys, view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Function = Annotated[str | None, typer.Argument(help="A function of the stack; all of them without one.")]
Watch = Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack; any but local is read with your own credentials.")]

WATCH_S: Final = 1.0
REGION: Final = "us-east-1"


@plainly
def ledger(
    function: Function = None, watch: Watch = False, stack: Stack = LOCAL_STACK, as_json: AsJson = False
) -> None:
    """Show what the ledger granted, what is left, and what no receipt has told of yet.

    Example: edgewise ledger face-match --watch
    """
    known = sorted(read_deployment(stack).endpoints)
    if function is not None and function not in known:
        raise CliError(f"function {function!r}: stack {stack} has {', '.join(known)}", ExitCode.BAD_INPUT)
    read = reader(stack)
    chosen = [function] if function else known

    def look() -> list[LedgerView]:
        return [read(name) for name in chosen]

    if as_json:
        answer({"stack": stack, "functions": [one.to_json() for one in look()]})
    elif not watch:
        Console().print(table(look()))
    else:
        with Live(table(look())) as shown:
            while True:
                time.sleep(WATCH_S)
                shown.update(table(look()))


def reader(stack: str) -> Callable[[str], LedgerView]:
    """Return what reads a function's items: the local edge's, or DynamoDB's with the caller's own credentials."""
    import boto3  # type: ignore[import-untyped]  # it ships no types

    local = {}
    if stack == LOCAL_STACK:
        local = {
            "endpoint_url": running_edge().cloud_url,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
    client = boto3.client("dynamodb", region_name=REGION, **local)
    name = f"edgewise-{stack}-ledger"

    def item(key: str) -> dict[str, Any]:
        found = client.get_item(TableName=name, Key={"pk": {"S": key}}, ConsistentRead=True)
        content: dict[str, Any] = found.get("Item", {})
        return content

    def read(function: str) -> LedgerView:
        limits, counter = keys(function)
        return view(function, item(limits), item(counter))

    return read


def table(views: Sequence[LedgerView]) -> Table:
    """Return a table, a function a column."""
    shown = Table("", *(one.function for one in views), title="ledger", title_justify="left")
    rows: list[tuple[str, Callable[[LedgerView], object]]] = [
        ("day (UTC)", lambda one: one.day or "no lease yet"),
        ("granted today", lambda one: f"{one.granted_today:,} of {one.daily_quota:,}"),
        ("left today", lambda one: f"{one.left_today:,}"),
        (
            "left this month",
            lambda one: "as the days allow" if one.left_this_month is None else f"{one.left_this_month:,}",
        ),
        ("cold grants, renewals left today", lambda one: f"{one.cold_left:,}, {one.renewals_left:,}"),
        ("leases, receipts", lambda one: f"{one.leases:,}, {one.receipts:,}"),
        ("granted = used", lambda one: f"{one.granted:,} = {one.used:,}"),
        ("+ unspent", lambda one: f"{one.unspent:,}"),
        ("+ missing or under way", lambda one: f"{one.missing:,}"),
    ]
    for title, value in rows:
        shown.add_row(title, *(str(value(one)) for one in views))
    return shown


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(ledger)
