"""What a function's answer to a batch of stream records means.

AWS, Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgewise.local.functions.environments import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewise.local.functions.environments import Result
    from edgewise.local.home.stream import Record


def first_failed(result: Result, records: Sequence[Record], *, report_item_failures: bool) -> int | None:
    """Return the index of the first record that has to come again, None when all are done.

    Parameters
    ----------
    result : Result
        How the call ended.
    records : sequence of Record
        The batch.
    report_item_failures : bool
        Whether the mapping reads the function's answer (``ReportBatchItemFailures``).
    """
    if result.outcome is not Outcome.OK:
        return 0
    if not report_item_failures:
        return None
    try:
        failures = _failures(json.loads(result.body or b"null"))
    except ValueError:
        return 0
    if not failures:
        return None
    numbers = [record.sequence_number for record in records]
    # A name that is not of this batch fails the whole of it.
    return min(numbers.index(name) if name in numbers else 0 for name in failures)


def _failures(answer: Any) -> list[str]:
    """Return the sequence numbers that an answer names.

    Raises
    ------
    ValueError
        For an answer that AWS takes as a failure of the whole batch: an item without a name.
    """
    listed = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if listed is None:
        return []
    entries = listed if isinstance(listed, list) else [None]
    names = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in entries]
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("an item has no itemIdentifier")
    return [str(name) for name in names]
