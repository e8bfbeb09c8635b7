"""What the demonstration asks voice-activity: test windows with speech, and with music or noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.device.demo import HTTP_PROBES, Exam, Question, choose
from edgewise.models.catalogue.voice_activity import data

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.models.catalogue import Artefact


def exam(artefact: Artefact, *, count: int = HTTP_PROBES, say: Callable[[str], None]) -> Exam:  # noqa: ARG001  # as the others
    """Take some test windows, half of them speech; parameters as for `edgewise.device.demo_faces.exam`."""
    windows = data.windows("test", say=say)
    chosen = [windows[index] for index in choose([window.is_speech for window in windows], count)]
    return Exam(
        about="half seconds of sound",
        questions=[
            Question(
                name=f"{window.group} ({number})",
                group=window.group,
                tensor=window.samples,
                wanted={"speech": window.is_speech},
                is_positive=window.is_speech,
            )
            for number, window in enumerate(chosen)
        ],
    )
