"""The ONNX operator set that every graph here is written in."""

from __future__ import annotations

from typing import Final

OPSET: Final = 17
IR_VERSION: Final = 8
"""The ONNX file version that belongs to opset 17; newer ones are refused by older runtimes."""
