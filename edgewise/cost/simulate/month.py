"""A calendar month in UTC: what a bill is made out for."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import Final, Self

DAY_S: Final = 86_400
_TEXT: Final = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of 28 to 31 days.

    Attributes
    ----------
    year, number : int
        Such as 2027 and 2 for February 2027.
    """

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse what no calendar has."""
        if not (1 <= self.number <= 12 and self.year >= 1970):
            raise ValueError(f"month {self.year}-{self.number}: the year is 1970 or later, the number 1 to 12")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a month such as ``2027-02``.

        Raises
        ------
        ValueError
            When the text is not of that form.
        """
        match = _TEXT.fullmatch(text)
        if not match:
            raise ValueError(f"month {text!r}: write it as YYYY-MM, such as 2027-02")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        """Write the month as it is parsed."""
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def days(self) -> int:
        """28 to 31."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def seconds(self) -> int:
        """UTC has no summer time, and leap seconds are smeared."""
        return self.days * DAY_S
