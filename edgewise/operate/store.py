"""`closed_until` in the gate's key-value store: read with the ETag, written on the condition of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate.steps import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.operate.cloud import Cloud, Target

KEY: Final = "closed_until"
ATTEMPTS: Final = 8
# Seconds before the second attempt, doubling; each is drawn from half of it to the whole.
_PAUSE_S: Final = 0.1
_CONFLICTS: Final = (409, 412)
_NOT_FOUND: Final = 404


def closed_until(cloud: Cloud, target: Target) -> int | None:
    """Return the gate's value, Unix seconds; None when there is none that can be read: then the gate is closed."""
    try:
        text = str(cloud.store.get_key(KvsARN=target.store_arn, Key=KEY)["Value"])
    except ClientError as error:
        if _status(error) == _NOT_FOUND:
            return None
        raise
    return int(text) if text.isascii() and text.isdecimal() else None


def change(cloud: Cloud, target: Target, wanted: Callable[[int | None], int]) -> tuple[int | None, int]:
    """Write `closed_until`, again from the start where somebody else wrote meanwhile.

    Parameters
    ----------
    wanted : callable
        Gets what stands there (None: nothing that can be read) and returns what shall. It is asked anew in each
        attempt, behind the ETag: whatever it looks up is as fresh as the write's condition.

    Returns
    -------
    int or None, int
        What stood there, and what stands there now.

    Raises
    ------
    OperateError
        When others were faster in each attempt.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            cloud.pause(_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))
        try:
            etag = cloud.store.describe_key_value_store(KvsARN=target.store_arn)["ETag"]
            found = closed_until(cloud, target)
            new = wanted(found)
            if new != found:
                cloud.store.put_key(KvsARN=target.store_arn, Key=KEY, Value=str(new), IfMatch=etag)
        except ClientError as error:
            if _status(error) not in _CONFLICTS:
                raise
        else:
            return found, new
    raise OperateError(f"others wrote the gate's store in each of {ATTEMPTS} attempts")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
