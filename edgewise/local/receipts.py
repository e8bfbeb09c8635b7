"""The receipts that came in at a local edge, from the journal of its ledger's writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgewise.local.cloud.journal import Journal
from edgewise.local.files import RunFiles

if TYPE_CHECKING:
    from pathlib import Path


def handed_in(run_dir: Path, function: str) -> dict[str, dict[str, Any]]:
    """Return the receipts of a function by id, each once.

    Parameters
    ----------
    run_dir : Path
        The local edge's folder.
    function : str
        The function's name in the ledger.
    """
    found: dict[str, dict[str, Any]] = {}
    for operation, body in Journal.read(RunFiles(run_dir).journal):
        if operation != "UpdateItem":
            continue
        request = json.loads(body)
        told = request.get("ExpressionAttributeValues", {}).get(":receipt")
        if told and request["Key"]["pk"]["S"].startswith(f"counter#{function}#"):
            receipt = json.loads(told["S"])
            found[str(receipt["id"])] = receipt
    return found
