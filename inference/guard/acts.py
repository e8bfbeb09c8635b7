"""What the guard does: close the gate to the month's end, disable the distribution, and tell of it.

Each act can be done again without harm: a gate closed for as long and a distribution that is disabled are left alone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.settle.alerts import Alert
from inference.settle.aws import error_code
from inference.settle.closing import month_ends_s
from inference.telemetry import ALERT_CLOSED, ALERT_DISCONNECTED

if TYPE_CHECKING:
    from inference.guard.memory import Deed

# Somebody changed the distribution between reading and writing it.
_STALE: Final = frozenset({"PreconditionFailed", "InvalidIfMatchVersion"})
_WHERE: Final = {
    "firewall": "blocked by the firewall",
    "gate": "refused by the gate",
    "ledger": "called Lambda without a lease",
}


def disable(client: Any, distribution: str) -> bool:
    """Disable a distribution, once more where somebody changed it in between.

    AWS takes minutes, with Lambda@Edge up to 15, until no edge answers any more.

    Returns
    -------
    bool
        Whether it was enabled.

    Raises
    ------
    ClientError
        When CloudFront refuses, or somebody changed it twice: the next run tries again.
    """
    try:
        return _disable(client, distribution)
    except ClientError as error:
        if error_code(error) not in _STALE:
            raise
    return _disable(client, distribution)


def _disable(client: Any, distribution: str) -> bool:
    found = client.get_distribution_config(Id=distribution)
    config = found["DistributionConfig"]
    if not config["Enabled"]:
        return False
    client.update_distribution(Id=distribution, IfMatch=found["ETag"], DistributionConfig={**config, "Enabled": False})
    return True


def alert_of(deed: Deed, *, function: str, stack: str, distribution: str) -> Alert:
    """Return what people are told.

    Parameters
    ----------
    deed : Deed
    function, stack, distribution : str
    """
    ends = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(month_ends_s(deed.month)))
    does = {
        "close": f"the gate is closed until {ends}",
        "disconnect": f"the distribution {distribution} is disabled; edges answer no more within 15 minutes",
    }
    closes = deed.gate == "ledger"
    acts = "close" if closes else "disconnect"
    level, now, title = "100", f"Now: {does[acts]}.", "closed" if closes else "disconnected"
    undo = f"edgewise start {function}" + ("" if closes else " --enable-distribution")
    todo = f"To do: find out who sends them. Then {undo}; the guard acts again after another {deed.allowance:,}."
    if deed.act == "warn":
        level = "80"
        title = f"{level} % of refusals that {'close' if closes else 'disconnect'} it"
        now = f"When the allowance is used: {does[acts].replace(' is ', ' will be ').replace('answer', 'will answer')}."
        todo = f"To do: find out who sends them; allowance.{deed.gate} may be raised if the bound fits the budget."
    return Alert(
        kind=ALERT_CLOSED if closes else ALERT_DISCONNECTED,
        function=function,
        span=deed.month,
        level=level,
        tag=f"{deed.gate}-{deed.number}",
        subject=f"Edgewise {stack} {function}: {title} ({deed.gate})",
        text=(
            f"{function} (stack {stack}): {deed.refused:,} requests {_WHERE[deed.gate]} in {deed.month} (UTC) since "
            f"the guard's last act; the allowance is {deed.allowance:,}.\n{now}\n{todo}"
        ),
    )
