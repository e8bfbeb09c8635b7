"""The ledger's stream as a reader sees it: records behind a place, in order, out of the journal of writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewise.local.cloud.journal import Journal
from edgewise.local.cloud.streams import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in a stream: behind record `number`, in the journal's line that begins at byte `line`.

    The first place of all is behind number -1.
    """

    line: int = 0
    number: int = -1

    def to_json(self) -> dict[str, int]:
        """Return it as a JSON object."""
        return {"line": self.line, "number": self.number}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Place:
        """Read what `to_json` wrote."""
        return cls(line=int(value["line"]), number=int(value["number"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record: AWS's JSON, when it was written by this machine's clock, and the place behind it."""

    content: Mapping[str, Any]
    written_s: float
    place: Place

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.content["eventSourceARN"])

    @property
    def sequence_number(self) -> str:
        """The number by which a function names it."""
        return str(self.content["dynamodb"]["SequenceNumber"])

    def handed_on(self, stream_arn: str) -> dict[str, Any]:
        """Return it as a function gets it."""
        return {**self.content, "eventSourceARN": stream_arn}


@dataclass(frozen=True, slots=True)
class Stream:
    """All records of one table in a journal."""

    journal: Path
    table: str

    def behind(self, place: Place) -> Iterator[Record]:
        """Yield the records behind a place."""
        line = place.line
        for written in Journal.stream(self.journal, line):
            for content in written.records:
                number = number_of(content["dynamodb"]["SequenceNumber"])
                here = Place(line=line, number=number)
                if number > place.number and content["eventSourceARN"] == self.table:
                    yield Record(content=content, written_s=written.written_s, place=here)
            line = written.end

    def since(self, written_s: float) -> Place:
        """Return the place before the first record that was written at a time or later."""
        place = Place()
        for record in self.behind(place):
            if record.written_s >= written_s:
                break
            place = record.place
        return place

    def end(self) -> Place:
        """Return the place behind the last record."""
        place = Place()
        for record in self.behind(place):
            place = record.place
        return place


def table_of(stream_arn: str) -> str:
    """Return the name of the table that a stream's ARN belongs to."""
    return stream_arn.partition(":table/")[2].partition("/")[0]
