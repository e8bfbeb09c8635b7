"""`edgewise breakeven`: at which rate an always-on machine, or plain Lambda, would be cheaper."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from edgewise.cli.console import AsJson, answer, plainly, show_table
from edgewise.cli.described import endpoint
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from edgewise.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from edgewise.cost.breakeven import MemoryPoint, SweepRow

# Written by `make bench`: milliseconds by function and memory, with the machine that they were measured on.
MEASURED: Final = PROJECT_ROOT / "benchmarks" / "measured.json"
# What a caller notices: beyond these a larger memory is worth its price.
MAX_WARM_MS: Final = Decimal(30)
MAX_COLD_MS: Final = Decimal(1500)

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Stack = Annotated[str, typer.Option("--stack", help="A stack of stacks/.")]
Milliseconds = Annotated[str | None, typer.Option("--ms", help="Billed time of a request; else what was measured.")]
Rate = Annotated[str, typer.Option("--rate", help="Average requests a second, day and night.")]


@plainly
def breakeven(
    function: Function,
    stack: Stack = LOCAL_STACK,
    ms: Milliseconds = None,
    rate: Rate = "1",
    as_json: AsJson = False,
) -> None:
    """Print the average rate above which each machine is cheaper, and what is cheapest at one rate.

    Example: edgewise breakeven face-match --rate 5
    """
    from edgewise.cost import breakeven as costs
    from edgewise.cost import render

    described = endpoint(stack, function)
    points, machine = measured(function)
    memory_mb = described.memory_mb
    time_ms = Decimal(ms) if ms else _at(points, memory_mb)
    work = costs.Work(ms=time_ms, memory_mb=memory_mb, request_bytes=described.request_bytes)
    rows, verdict = costs.table(work), costs.verdict(work, Decimal(rate))
    sweep = costs.memory_sweep(points)
    best = costs.best_memory(sweep, MAX_WARM_MS, MAX_COLD_MS)
    if as_json:
        answer(
            {
                "function": function,
                "ms": str(time_ms),
                "memory_mb": memory_mb,
                "measured_on": machine,
                "verdict": verdict,
                "break_even": [
                    {"service": row.service, "machine": row.machine, "rate_rps": str(row.rate_rps)} for row in rows
                ],
                "memory_sweep": [_sweep_json(row) for row in sweep],
                "cheapest_within_limits_mb": best.point.memory_mb,
            }
        )
        return
    Console().print(render.breakeven_table(rows, title=f"{function}: {time_ms} ms at {memory_mb} MB"))
    print(verdict)
    columns = ["memory, MB", "warm, ms", "cold start, ms", "USD per million warm", "USD per cold start"]
    show_table(columns, [_sweep_row(row) for row in sweep], title=f"memory, measured on {machine}")
    print(f"cheapest within {MAX_WARM_MS} ms warm and {MAX_COLD_MS} ms cold: {best.point.memory_mb} MB")


def measured(function: str) -> tuple[list[MemoryPoint], str]:
    """Return what `make bench` measured of a function, by memory, and on which machine.

    Raises
    ------
    CliError
        When it was not measured.
    """
    from edgewise.cost.breakeven import MemoryPoint

    content = json.loads(MEASURED.read_text())
    if function not in content["functions"]:
        raise CliError(f"function {function!r} was not measured; run `make bench`, or give --ms", ExitCode.BAD_INPUT)
    points = [
        MemoryPoint(memory_mb=int(memory), warm_ms=Decimal(row["warm_p50_ms"]), cold_ms=Decimal(row["cold_p50_ms"]))
        for memory, row in content["functions"][function].items()
    ]
    return points, f"{content['machine']}, {content['date']}"


def _at(points: list[MemoryPoint], memory_mb: int) -> Decimal:
    for point in points:
        if point.memory_mb == memory_mb:
            return point.warm_ms
    known = ", ".join(str(point.memory_mb) for point in points)
    raise CliError(
        f"{memory_mb} MB was not measured ({known} were); run `make bench`, or give --ms", ExitCode.BAD_INPUT
    )


def _sweep_row(row: SweepRow) -> list[str]:
    point = row.point
    return [
        str(point.memory_mb),
        f"{point.warm_ms}",
        f"{point.cold_ms}",
        f"{row.million_usd:.4f}",
        f"{row.cold_usd:.8f}",
    ]


def _sweep_json(row: SweepRow) -> dict[str, str | int]:
    return {
        "memory_mb": row.point.memory_mb,
        "warm_ms": str(row.point.warm_ms),
        "cold_ms": str(row.point.cold_ms),
        "million_usd": str(row.million_usd),
        "cold_usd": str(row.cold_usd),
    }


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(breakeven)
