"""The worst calendar month: 31 days, in UTC."""

from __future__ import annotations

from typing import Final

DAYS: Final = 31
SHORTEST_MONTH_DAYS: Final = 28
SECONDS: Final = DAYS * 24 * 3600
