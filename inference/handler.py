"""The Lambda@Edge function, on CloudFront's origin-request event with ``include_body``."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.contract import FUNCTION_NAME
from inference.dynamodb import DynamoDb
from inference.holder import LeaseHolder
from inference.ledger import DynamoLedger
from inference.machine import LeaseMachine

if TYPE_CHECKING:
    from inference.edge import Edge
    from inference.problem import Response

# Lambda@Edge has no environment variables: the names are baked into the zip.
CONFIG_FILE: Final = Path(__file__).with_name("config.json")
_CONFIG_KEYS: Final = frozenset({"function", "table", "region", "edge"})


def log(line: str) -> None:
    """Write one line to stderr, where the platform takes its log from."""
    print(f"edgewise {line}", file=sys.stderr, flush=True)


def read_config(path: Path) -> dict[str, str]:
    """Read the names that the build baked in.

    Raises
    ------
    ValueError
        When the file is not exactly that; the function then fails at start-up, not at a request.
    """
    config = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(config, dict) or config.keys() != _CONFIG_KEYS:
        raise ValueError(f"{path.name}: expected exactly the keys {sorted(_CONFIG_KEYS)}; the build writes them")
    if not all(isinstance(value, str) and value for value in config.values()):
        raise ValueError(f"{path.name}: expected texts that are not empty")
    if not FUNCTION_NAME.fullmatch(config["function"]):
        raise ValueError(f"{path.name}: function is {config['function']!r}; expected lower-case letters, digits, '-'")
    return config


def build(config: dict[str, str]) -> Edge:
    """Put the function's parts together; the first lease is asked for while numpy and ONNX Runtime are imported."""
    client = DynamoDb(region=config["region"])
    ledger = DynamoLedger(table=config["table"], function=config["function"], edge=config["edge"], client=client)
    machine = LeaseMachine(process=os.urandom(6).hex(), draw=int.from_bytes(os.urandom(4)) / 2**32)
    leases = LeaseHolder(ledger=ledger, machine=machine)
    leases.begin()

    from inference.edge import Edge
    from inference.shelf import Shelf

    return Edge(function=config["function"], leases=leases, shelf=Shelf(monotonic=time.monotonic), log=log)


_EDGE: Final = build(read_config(CONFIG_FILE))


def handler(event: dict[str, Any], context: Any) -> Response:
    """Answer one request; never raise.

    Parameters
    ----------
    event : dict
        CloudFront's origin-request event.
    context : object
        Lambda's context; its remaining time bounds the waiting for ledger and model.
    """
    return _EDGE.handle(event, context)
