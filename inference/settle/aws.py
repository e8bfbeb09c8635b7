"""AWS clients of the home Region's functions: one session, few attempts, endpoints by botocore's own variables.

A client is made where start-up has the time or at its first use; making one takes 2 to 50 ms of processor time, which
is 14 times that on 128 MB.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

import botocore.session  # type: ignore[import-untyped]  # it ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types

# A run lasts at most 10 s: two attempts that hang in both phases must end before.
CONNECT_TIMEOUT_S: Final = 1.5
READ_TIMEOUT_S: Final = 2.5


@cache
def session() -> Any:
    """Return the one session: credentials and the loader's cache are shared."""
    return botocore.session.Session()


def client(service: str, *, region: str | None = None, attempts: int = 2) -> Any:
    """Return a client.

    Parameters
    ----------
    service : str
        botocore's name of it.
    region : str, optional
        Another Region than the function's own.
    attempts : int
        How often a call is sent at most. One where a repeated call does harm: a message published twice.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return session().create_client(service, region_name=region or os.environ["AWS_REGION"], config=config)


def store_client() -> Any:
    """Return a client of the key-value stores' data plane, which signs with SigV4A (awscrt).

    The service has one host an account, and botocore puts the account before a host that was set by variable too: see
    docs/gotchas.md for an address that survives it.
    """
    # Each attempt is `inference.settle.store`'s own: a conflict needs a new ETag first.
    return client("cloudfront-keyvaluestore", region="us-east-1", attempts=1)


def error_code(error: Any) -> str:
    """Return the code of a `ClientError`, such as ``PreconditionFailed``."""
    return str(error.response.get("Error", {}).get("Code", ""))
