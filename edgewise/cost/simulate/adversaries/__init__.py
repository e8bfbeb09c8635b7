"""All adversaries, by name: who sends what in which world."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgewise.cost.simulate.adversaries.devices import DEVICES
from edgewise.cost.simulate.adversaries.floods import FLOODS
from edgewise.cost.simulate.adversaries.insiders import INSIDERS
from edgewise.cost.simulate.run import Adversary

ADVERSARIES: Final[Mapping[str, Adversary]] = MappingProxyType(
    {adversary.name: adversary for adversary in (*DEVICES, *INSIDERS, *FLOODS)}
)
