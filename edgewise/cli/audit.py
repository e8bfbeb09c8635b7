"""`edgewise audit`: what the lake of receipts says, beside the ledger."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import read_deployment, running_edge
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from inference.lake import COLUMNS, PARTITIONS, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgewise.cost.audit import Comparison

Function = Annotated[str | None, typer.Argument(help="A function of the stack; all of them without one.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack; any but local is read with your own credentials.")]

REGION: Final = "us-east-1"
EDGE: Final = "cloudfront"
_DIGEST_LETTERS: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """boto3's clients for a stack."""

    s3: Any
    dynamodb: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What the lake says.

    Attributes
    ----------
    bucket, objects : str, int
        Where it was read, and how many objects.
    success : list of dict
        Requests, answers and success by day, function and digest.
    comparisons : list of Comparison
        By function, with the ledger.
    """

    bucket: str
    objects: int
    success: list[dict[str, Any]]
    comparisons: list[Comparison]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "bucket": self.bucket,
            "objects": self.objects,
            "success": self.success,
            "comparison": [each.to_json() for each in self.comparisons],
        }


@plainly
def audit(function: Function = None, stack: Stack = LOCAL_STACK, as_json: AsJson = False) -> None:
    """Add up the lake's receipts, each once, and compare the sums with the ledger's.

    Example: edgewise audit face-match
    """
    known = sorted(read_deployment(stack).endpoints)
    if function is not None and function not in known:
        raise CliError(f"function {function!r}: stack {stack} has {', '.join(known)}", ExitCode.BAD_INPUT)
    audited = look(clients(stack), stack=stack, functions=[function] if function else known)
    if as_json:
        answer({"stack": stack, **audited.to_json()})
        return
    _show(audited)


def look(with_clients: Clients, *, stack: str, functions: Sequence[str]) -> Audit:
    """Read a stack's lake and ledger.

    Raises
    ------
    LakeBucketError, LakeError
        When the lake can't be found or read.
    """
    from edgewise.cost.audit import Lake, compare, fetch, find_bucket

    bucket = find_bucket(with_clients.s3, stack)
    ledger = {name: _counted(with_clients.dynamodb, stack, name) for name in functions}
    with tempfile.TemporaryDirectory(prefix="edgewise-lake-") as folder:
        objects = fetch(with_clients.s3, bucket, Path(folder), prefix=PREFIX)
        lake = Lake.open(Path(folder), columns=COLUMNS, partitions=PARTITIONS)
        success = [row for row in lake.ask("success") if row["function"] in functions]
        comparisons = [each for each in compare(lake, ledger) if each.function in functions]
    return Audit(bucket=bucket, objects=objects, success=success, comparisons=comparisons)


def clients(stack: str) -> Clients:
    """Return the local edge's clients, or those of the caller's own credentials."""
    import boto3  # type: ignore[import-untyped]  # it ships no types

    given: dict[str, str] = {"region_name": REGION}
    if stack == LOCAL_STACK:
        given |= {
            "endpoint_url": running_edge().cloud_url,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
    return Clients(s3=boto3.client("s3", **given), dynamodb=boto3.client("dynamodb", **given))


def _counted(dynamodb: Any, stack: str, function: str) -> Any:
    from edgewise.cost.audit import counted_from_item

    key = {"pk": {"S": f"counter#{function}#{EDGE}"}}
    found = dynamodb.get_item(TableName=f"edgewise-{stack}-ledger", Key=key, ConsistentRead=True)
    return counted_from_item(found.get("Item", {}))


def _show(audited: Audit) -> None:
    columns = ["day (UTC)", "function", "model", "requests", "answered", "success"]
    show_table(columns, [_row(row) for row in audited.success], title=f"lake: {audited.objects:,} objects")
    show_table(
        ["", *(each.function for each in audited.comparisons)], _compared(audited.comparisons), title="lake and ledger"
    )
    for each in audited.comparisons:
        say(f"{each.function}: {each.verdict}")


def _row(row: Mapping[str, Any]) -> list[str]:
    digest = str(row["digest"]).removeprefix("sha256:")[:_DIGEST_LETTERS]
    success = "-" if row["success"] is None else f"{row['success']:.2%}"
    return [row["dt"], row["function"], digest, f"{row['requests']:,}", f"{row['answered']:,}", success]


def _compared(comparisons: Sequence[Comparison]) -> list[list[str]]:
    rows = [
        [f"{name}: ledger, lake", *(f"{getattr(c.ledger, name):,}, {getattr(c.lake, name):,}" for c in comparisons)]
        for name in ("receipts", "used", "unspent")
    ]
    return [
        ["granted", *(f"{each.ledger.granted or 0:,}" for each in comparisons)],
        *rows,
        ["missing or under way", *(f"{each.missing:,}" for each in comparisons)],
        ["doubles left out", *(f"{each.doubles:,}" for each in comparisons)],
    ]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(audit)
