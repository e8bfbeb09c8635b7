"""A simulated edge over whole calendar months, attacked from all sides and metered by other code than the bound's."""

from __future__ import annotations

from edgewise.cost.simulate.adversaries import ADVERSARIES
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.month import Month
from edgewise.cost.simulate.run import Adversary, Spent, simulate

__all__ = ["ADVERSARIES", "Adversary", "Control", "Month", "Spent", "simulate"]
