"""The kinds of int8; apart from `quantise`, so that reading a lock doesn't import a quantiser."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["u8s8_reduced", "u8u8", "u8s8"]
"""Activations are uint8 with each. Weights: 7 bits (``reduce_range``), uint8, or int8 with all its 8 bits. The last
saturates on CPUs without VNNI: it exists to be refused, see `edgewise.models.emulated`."""

KINDS: Final[tuple[Kind, ...]] = ("u8s8_reduced", "u8u8")
"""Those that are exact on every x86-64 CPU."""
