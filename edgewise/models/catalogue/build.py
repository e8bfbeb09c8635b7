"""What a catalogue entry's module hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A fresh artefact and how it was judged.

    Attributes
    ----------
    model : bytes
        The ONNX file.
    accuracy : mapping of str to float
        Measured figures from 0 to 1, see `inference.manifest.Manifest`.
    data : str
        What they were measured on.
    """

    model: bytes
    accuracy: Mapping[str, float]
    data: str
