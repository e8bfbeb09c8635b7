"""What the demonstration asks anomaly: test rows of the sensors, usual ones and anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.device.demo import HTTP_PROBES, Exam, Question, choose
from edgewise.models.catalogue.anomaly import data

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.models.catalogue import Artefact


def exam(artefact: Artefact, *, count: int = HTTP_PROBES, say: Callable[[str], None]) -> Exam:  # noqa: ARG001  # as the others
    """Take some test rows, half of them anomalies; parameters as for `edgewise.device.demo_faces.exam`."""
    rows = data.rows("test", say=say)
    return Exam(
        about="readings of nine sensors",
        questions=[
            Question(
                name=f"row {rows.lines[index]}",
                group=f"row {rows.lines[index]}",
                tensor=rows.readings[index : index + 1],
                wanted={"anomaly": bool(rows.is_anomaly[index])},
                is_positive=bool(rows.is_anomaly[index]),
            )
            for index in choose(rows.is_anomaly.tolist(), count)
        ],
    )
