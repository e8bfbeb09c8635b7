"""One gate for the tests of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.gate.gate_runner import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(tmp_path_factory.mktemp("gate")) as running:
        yield running
