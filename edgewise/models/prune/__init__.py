"""Structured pruning of ONNX graphs: whole channels, neurons and blocks go, and the rest is repaired.

Needs numpy, onnx and onnxruntime only. See `edgewise.models.prune.surgeon` for the criterion and its papers.
"""

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.operate import Criterion, Prepared, Ranked, prune, ranking

__all__ = ["Criterion", "Prepared", "PruneError", "Ranked", "prune", "ranking"]
