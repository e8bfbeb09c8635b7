"""A simulated edge over whole calendar months, attacked from all sides and metered by other code than the bound's.

One month is `simulate(endpoint, sheet, ADVERSARIES["cold-storm"], seed, Month(2027, 2))`; many are compared with a
bound by `rows`, and shown by `table` or `to_json`.
"""

from __future__ import annotations

from edgewise.cost.simulate.adversaries import ADVERSARIES
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.meter import SYMBOLS
from edgewise.cost.simulate.month import Month
from edgewise.cost.simulate.report import Row, exceeded, rows, table, tightness, to_json
from edgewise.cost.simulate.run import Adversary, Spent, simulate

__all__ = [
    "ADVERSARIES",
    "SYMBOLS",
    "Adversary",
    "Control",
    "Month",
    "Row",
    "Spent",
    "exceeded",
    "rows",
    "simulate",
    "table",
    "tightness",
    "to_json",
]
