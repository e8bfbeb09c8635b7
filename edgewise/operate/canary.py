"""`rollout` and `rollback`: another model for a share of the leases, without a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgewise.operate import artefacts, items, ledger_view
from edgewise.operate.steps import OperateError, Outcome, RefusedError, asking, run
from edgewise.operate.switches import begin
from inference.contract import DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.operate.artefacts import Found
    from edgewise.operate.cloud import Cloud, Target

WHOLE_PERCENT: Final = 100


def roll_out(
    cloud: Cloud,
    target: Target,
    *,
    digest: str,
    percent: float,
    why: str,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Let another model answer a share of the leases; edges know it with their next one.

    Parameters
    ----------
    cloud, target : Cloud, Target
    digest : str
        ``sha256:`` and 64 hexadecimal digits. It must take and give what the pinned model does.
    percent : float
        The share, 0 to 100. With 100 the pinned model answers nothing; it stays pinned until a deployment changes it.
    why : str
        For the record.
    say : callable
        Takes a sentence for each step that is done.

    Raises
    ------
    RefusedError
        When digest or share can't be used, or devices would have to send or understand something else.
    IncompleteError
        When a step fails.
    """
    if not DIGEST.fullmatch(digest):
        raise RefusedError(f"digest {digest!r}: must be 'sha256:' and 64 hexadecimal digits")
    if not 0 <= percent <= WHOLE_PERCENT:
        raise RefusedError(f"percent {percent}: must be from 0 to {WHOLE_PERCENT}")
    outcome = begin(cloud, target, "rollout", why)
    found = _checked(cloud, target, digest)

    def model() -> str:
        if not found.in_bucket:
            artefacts.upload(cloud, target, digest, found.model)
        return f"bucket {target.bucket} has the model, {len(found.model):,} bytes, verified"

    def override() -> str:
        values = {":digest": {"S": digest}, ":percent": {"N": f"{percent:g}"}}
        items.change_override(cloud, target, outcome, ", canary_digest = :digest, canary_percent = :percent", values)
        return f"{percent:g} % of the leases get {digest[:19]}; every edge knows with its next lease"

    def write_down() -> str:
        return items.record(cloud, target, outcome, digest=digest, percent=f"{percent:g}")

    run([("model", model), ("override item", override), ("record", write_down)], outcome, say=say)
    return outcome


def roll_back(cloud: Cloud, target: Target, *, why: str, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Let the pinned model alone answer again; edges know it with their next lease.

    Raises
    ------
    RefusedError
        When no reason is given.
    IncompleteError
        When a step fails.
    """
    outcome = begin(cloud, target, "rollback", why)

    def override() -> str:
        items.change_override(cloud, target, outcome, " REMOVE canary_digest, canary_percent", {})
        return "the pinned model alone answers; every edge knows with its next lease"

    def write_down() -> str:
        return items.record(cloud, target, outcome)

    run([("override item", override), ("record", write_down)], outcome, say=say)
    return outcome


def _checked(cloud: Cloud, target: Target, digest: str) -> Found:
    """Return the artefact, which takes and gives what the pinned one does."""
    with asking("the limits item"):
        limits = items.read(cloud, target, ledger_view.keys(target.function)[0])
    pinned = limits.get("model_digest", {}).get("S", "")
    if not DIGEST.fullmatch(pinned):
        raise OperateError(f"the limits item of {target.function} names no model; deploy stack {target.stack} again")
    if pinned == digest:
        raise RefusedError(f"digest {digest}: the pinned model itself; `edgewise rollback` ends a canary")
    found = artefacts.find(cloud, target, digest)
    wanted, given = (artefacts.interface(each.model) for each in (artefacts.find(cloud, target, pinned), found))
    if wanted != given:
        raise RefusedError(
            f"digest {digest}: takes {given}, the pinned model takes {wanted}: devices would be refused. Another input "
            "or answer is another function: deploy it beside this one"
        )
    return found
