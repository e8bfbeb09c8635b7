"""What the local edge's unit tests share: a stack by hand with a tiny zip and a tiny gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.edge.handmade import HandmadeStack, zip_of

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = """
def handler(event, context):
    return {"status": "200", "body": "hello"}
"""
GATE = "function handler(event) { return event.request; }"


@pytest.fixture
def handmade(tmp_path: Path) -> HandmadeStack:
    """Give a stack that a test may change."""
    return HandmadeStack(archive=zip_of(tmp_path / "edge.zip", {"handler.py": HANDLER}), gate_code=GATE)
