"""The command `edgewise`: one verb a file."""

from __future__ import annotations

import typer

from edgewise.cli import (
    audit,
    bound,
    breakeven,
    compress,
    device_key,
    down,
    env,
    fleet,
    history,
    infer,
    ledger,
    models,
    policies,
    preview,
    prices,
    rollback,
    rollout,
    simulate,
    start,
    status,
    stop,
    up,
)

app = typer.Typer(
    help="Edgewise: edge inference that cannot outspend its budget.",
    epilog="Exit codes: 0 ok, 1 failed, 2 bad input, 3 not deployed or not running, 4 refused by the edge, "
    "5 edge not available.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    *(up, down, status, preview, env, infer, ledger, audit, fleet, device_key),
    *(stop, start, rollout, rollback, history),
    *(bound, prices, breakeven, simulate),
    *(models, compress),
    policies,
):
    module.register(app)


if __name__ == "__main__":
    app()
