"""What pruning refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.models.inspect import ModelError

if TYPE_CHECKING:
    import onnx


class PruneError(ModelError):
    """A model or setting that can't be pruned; the text names node or key, what is wrong and what to do."""


def name_of(node: onnx.NodeProto) -> str:
    """Return what a node is called in errors: its name, or its first output's when it has none."""
    return f"{node.op_type} {node.name or node.output[0]!r}"
