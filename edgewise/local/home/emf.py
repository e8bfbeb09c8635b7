"""Metrics out of what functions print: CloudWatch's embedded metric format.

AWS, CloudWatch User Guide, "Specification: Embedded metric format". CloudWatch finds them in the function's log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgewise.local.home.metrics import Datum


def read_line(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line holds if it is in the embedded metric format, else None."""
    if not line.startswith(b"{") or b'"_aws"' not in line:
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("_aws"), dict) else None


def data_of(emf: Mapping[str, Any]) -> list[Datum]:
    """Return the data of an object: one for each metric and set of dimensions.

    Raises
    ------
    ValueError
        When a dimension or value is missing or of another form than the format's.
    """
    told = emf["_aws"]
    found = []
    try:
        for directive in told["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(emf[name]) for name in names}
                for metric in directive["Metrics"]:
                    if metric["Name"] not in emf:
                        continue
                    values = _values(emf[metric["Name"]])
                    if values:
                        found.append(
                            Datum(
                                namespace=directive["Namespace"],
                                name=metric["Name"],
                                dimensions=dimensions,
                                time_s=float(told["Timestamp"]) / 1000,
                                values=values,
                                unit=metric.get("Unit", "None"),
                            )
                        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the embedded metric format: {error!r}") from error
    return found


def _values(told: Any) -> Sequence[tuple[float, int]]:
    if isinstance(told, Mapping):
        pairs = zip(told["Values"], told["Counts"], strict=True)
        return [(float(value), int(count)) for value, count in pairs if count]
    return [(float(value), 1) for value in (told if isinstance(told, list) else [told])]
