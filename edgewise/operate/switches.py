"""`stop` and `start`: the override item for the edges, the gate's store for CloudFront, then the record.

A start may enable the distribution besides; a stop never disables it, for that takes minutes to undo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate import distribution, items, ledger_view, store
from edgewise.operate.quota import in_this_month, used_up_until_s
from edgewise.operate.steps import OperateError, Outcome, RefusedError, asking, reason, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from edgewise.operate.cloud import Cloud, Target

# The last second of the year 9999: a stop with no end.
FOREVER_S: Final = 253_402_300_799


def stop(
    cloud: Cloud, target: Target, *, until_s: int | None, why: str, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Close a function: edges grant themselves nothing after their lease, the gate lets nothing pass once it knows.

    Parameters
    ----------
    cloud, target : Cloud, Target
    until_s : int or None
        Unix time; None for no end. A later one that stands there already stays.
    why : str
        For the record.
    say : callable
        Takes a sentence for each step that is done.

    Raises
    ------
    RefusedError
        When the time has passed already or no reason is given.
    IncompleteError
        When a step fails.
    """
    until = FOREVER_S if until_s is None else until_s
    if until <= cloud.now_s():
        raise RefusedError(f"until {items.stamp(until)}: that has passed; give a time ahead, or none for no end")
    outcome = begin(cloud, target, "stop", why)

    def override() -> str:
        # What is there and no number closes too, but nobody knows until when: it is replaced.
        condition = "attribute_not_exists(closed_until) OR NOT attribute_type(closed_until, :number)"
        written = items.change_override(
            cloud,
            target,
            outcome,
            ", closed_until = :until",
            {":until": {"N": str(until)}, ":number": {"S": "N"}},
            condition=f"{condition} OR closed_until < :until",
        )
        return (
            f"no lease is granted until {shown(until)}" if written else "no lease is granted: as long or longer already"
        )

    def gate() -> str:
        _, now = store.change(cloud, target, lambda found: max(found or 0, until))
        return f"the gate is closed until {shown(now)}; every edge knows within about two minutes"

    def write_down() -> str:
        return items.record(cloud, target, outcome, until=str(until))

    run([("override item", override), ("gate's store", gate), ("record", write_down)], outcome, say=say)
    return outcome


def start(
    cloud: Cloud,
    target: Target,
    *,
    why: str,
    enable_distribution: bool = False,
    another_flood_usd: Callable[[], Decimal | None] = lambda: None,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Open a function, whoever closed it; the gate stays closed while a quota is used up.

    A distribution that is disabled stays so unless it is asked for, and the outcome warns of it: enabling buys another
    allowance of refused requests.

    Parameters
    ----------
    cloud, target : Cloud, Target
    why : str
        For the record.
    enable_distribution : bool
        Enable the distribution too, which the guard or somebody by hand disabled.
    another_flood_usd : callable
        What the worst bill counts for refused traffic, or None: once more that much may come when the guard's closing
        is undone. Asked only then.
    say : callable
        Takes a sentence for each step that is done.

    Raises
    ------
    RefusedError
        When no reason is given.
    IncompleteError
        When a step fails.
    """
    outcome = begin(cloud, target, "start", why)
    with asking("the guard's memory"):
        guard = items.read(cloud, target, items.guard_key(target.function))
    outcome.warnings += _guards_warnings(guard, cloud.now_s(), another_flood_usd)

    def override() -> str:
        items.change_override(cloud, target, outcome, " REMOVE closed_until", {})
        return "leases are granted again"

    def gate() -> str:
        name = ""

        def wanted(_: int | None) -> int:
            """Look it up behind the ETag: where settle closes in between, the write fails and this is asked again."""
            nonlocal name
            until_s, name = _quota_until(cloud, target)
            return until_s

        _, now = store.change(cloud, target, wanted)
        if not now:
            return "the gate is open; every edge knows within about two minutes"
        outcome.warnings.append(
            f"the {name}'s quota is used up: the gate opens by itself at {shown(now)}. A raised quota opens it: "
            "deploy it, then start again"
        )
        return f"the gate stays closed until {shown(now)}: the {name}'s quota is used up"

    def connect() -> str:
        if not distribution.enable(cloud, target):
            return f"the distribution {target.distribution} is enabled already"
        return f"the distribution {target.distribution} is enabled; every edge answers within {distribution.ARRIVES}"

    def write_down() -> str:
        enabled = {"distribution": f"{target.distribution} enabled"} if enable_distribution else {}
        return items.record(cloud, target, outcome, **enabled)

    steps = [("override item", override), ("gate's store", gate)]
    steps += [("distribution", connect)] if enable_distribution else []
    run([*steps, ("record", write_down)], outcome, say=say)
    if not enable_distribution:
        outcome.warnings += _disabled_warnings(cloud, target)
    return outcome


def begin(cloud: Cloud, target: Target, action: str, why: str) -> Outcome:
    """Return the outcome of an action that begins now.

    Raises
    ------
    RefusedError
        When no reason is given.
    OperateError
        When nobody can say who the caller is.
    """
    if not why.strip():
        raise RefusedError("--why is empty: say why in a few words; it goes into the record")
    with asking("who you are"):
        who = cloud.who()
    return Outcome(action=action, function=target.function, who=who, when=items.precise(cloud.now_s()), why=why.strip())


def shown(until_s: int) -> str:
    """Return an end for people."""
    return "further notice" if until_s >= FOREVER_S else items.stamp(until_s)


def _quota_until(cloud: Cloud, target: Target) -> tuple[int, str]:
    limits_key, counter_key = ledger_view.keys(target.function)
    limits, counter = items.read(cloud, target, limits_key), items.read(cloud, target, counter_key)
    try:
        view = ledger_view.view(target.function, limits, counter)
    except (KeyError, TypeError, ValueError) as error:
        raise OperateError(
            f"the counter item can't be read ({error!r}), so nothing says that a quota is left"
        ) from error
    return used_up_until_s(view, ms_per_request=items.whole(limits, "ms_per_request") or 1, now_s=cloud.now_s())


def _guards_warnings(guard: dict[str, Any], now_s: float, another: Callable[[], Decimal | None]) -> list[str]:
    why = guard.get("reason", {}).get("S", "")
    told = []
    closed_s, disconnected_s = items.whole(guard, "closed_at"), items.whole(guard, "disconnected_at")
    for acted_s, did in ((closed_s, "closed it"), (disconnected_s, "disabled its distribution")):
        if acted_s and in_this_month(acted_s, now_s):
            usd = another()
            cost = "what the worst bill counts for it" if usd is None else f"up to {usd:.2f} USD"
            told.append(
                f"the guard {did} at {items.stamp(acted_s)}{f' ({why})' if why else ''}. It acts again only when "
                f"another allowance of refused requests is used: that may cost {cost} once more this month"
            )
    return told


def _disabled_warnings(cloud: Cloud, target: Target) -> list[str]:
    """Say that a distribution answers nobody, and how it would; what was started stays so if CloudFront is silent."""
    try:
        enabled = distribution.is_enabled(cloud, target)
    except (BotoCoreError, ClientError) as error:
        return [f"whether the distribution {target.distribution} is enabled can't be said: {reason(error)}"]
    if enabled:
        return []
    return [
        f"the distribution {target.distribution} is disabled, it answers nobody: the same command with "
        f"--enable-distribution enables it, within {distribution.ARRIVES}"
    ]
