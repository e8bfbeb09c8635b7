"""Write `closed_until` into a gate's key-value store. Settle and the guard close with it, nothing opens with it.

It stands here, and not in a room of its own, because settle closes each day and the guard once in a bad month.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.settle.aws import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: Final = "closed_until"
ATTEMPTS: Final = 6
# Describe, get, put: what one attempt costs at most.
CALLS_PER_ATTEMPT: Final = 3
# Seconds before the second attempt, doubling; each is drawn from half of it to the whole.
_PAUSE_S: Final = 0.05
# "ConflictException" is the store's only answer to a stale ETag in its model; the 412 is CloudFront's own.
_CONFLICTS: Final = frozenset({"ConflictException", "PreconditionFailed", "409", "412"})
_MISSING: Final = "ResourceNotFoundException"


class StoreConflictError(Exception):
    """Others wrote the store each time in between."""


def close(client: Any, arn: str, until_s: int, *, pause: Callable[[float], None] = time.sleep) -> bool:
    """Close a gate until some time, and never for less long than it is.

    Parameters
    ----------
    client : Any
        A client of ``cloudfront-keyvaluestore``.
    arn : str
        The store's.
    until_s : int
        Unix time in seconds.
    pause : callable
        Waits some seconds.

    Returns
    -------
    bool
        Whether it wrote. False when it is closed for as long already: by a later time, or because the store holds
        no readable value, which the gate takes for closed.

    Raises
    ------
    StoreConflictError
        After `ATTEMPTS` attempts that others were faster than.
    ClientError
        When the store refuses for another reason.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))
        try:
            return _attempt(client, arn, until_s)
        except ClientError as error:
            if error_code(error) not in _CONFLICTS:
                raise
    raise StoreConflictError(f"closed_until: {ATTEMPTS} attempts met other writers; the next run tries again")


def _attempt(client: Any, arn: str, until_s: int) -> bool:
    # The ETag first: whoever writes after it makes the put fail, so the value read below is still the one replaced.
    etag = client.describe_key_value_store(KvsARN=arn)["ETag"]
    found = _value(client, arn)
    if found is None or found >= until_s:
        return False
    client.put_key(KvsARN=arn, Key=KEY, Value=str(until_s), IfMatch=etag)
    return True


def _value(client: Any, arn: str) -> int | None:
    try:
        found = str(client.get_key(KvsARN=arn, Key=KEY)["Value"])
    except ClientError as error:
        if error_code(error) == _MISSING:
            return None
        raise
    return int(found) if found.isascii() and found.isdecimal() else None
