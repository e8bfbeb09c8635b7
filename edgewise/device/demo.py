"""The demonstration that ends `make up`: real, labelled inputs through the running edge, and what that shows.

The same artefact answers every input on this machine too; each answer through HTTP must be that very one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.device.client import EdgeClient, EdgeError
from edgewise.models.runtime import Model
from edgewise.models.tally import Judgement, Tally, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgewise.device.client import Answer
    from edgewise.device.signing import Device
    from edgewise.models.catalogue import Artefact

HTTP_PROBES: Final = 60
# An artefact's accuracy is measured when it is built, on far more data. Of 60 answers three wrong ones are chance.
MIN_BALANCED_ACCURACY: Final = 0.95
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Question:
    """One labelled input.

    Attributes
    ----------
    name : str
        For messages: a photo, a row, a piece of sound.
    group : str
        What stands or falls together: a person, a file.
    tensor : array
        The model's input; its raw bytes are the request.
    wanted : mapping of str to value
        Outputs that are right, such as ``{"match": True, "row": 3}``.
    is_positive : bool
        Which of the two classes it counts for.
    """

    name: str
    group: str
    tensor: NDArray[Any]
    wanted: Mapping[str, bool | int]
    is_positive: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """What a function is asked.

    Attributes
    ----------
    about : str
        What the questions are, such as "photos".
    questions : sequence of Question
        Both classes; none took part in training, calibration or the choice of a threshold.
    figures : mapping of str to float
        What preparing them cost, by name with its unit.
    """

    about: str
    questions: Sequence[Question]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoResult:
    """What one function was asked and answered.

    Attributes
    ----------
    function, endpoint, model : str
        What was asked, where, and the digest of the artefact that had to answer.
    about : str
        What it was asked about.
    manifest_accuracy : mapping of str to float
        What was measured when the artefact was built, see its manifest.
    answers : Judgement
        Through HTTP, right or wrong.
    differing : tuple of str
        Questions whose answer through HTTP is not the one of this machine.
    first_ms, p50_ms, p99_ms : float
        From sending a request to its answer; the first one may have started an environment.
    bytes_up, bytes_down : int
        The largest request and answer, headers included.
    model_bytes : int
        The artefact's size.
    figures : mapping of str to float
        See `Exam`.
    """

    function: str
    endpoint: str
    model: str
    about: str
    manifest_accuracy: Mapping[str, float]
    answers: Judgement
    differing: tuple[str, ...]
    first_ms: float
    p50_ms: float
    p99_ms: float
    bytes_up: int
    bytes_down: int
    model_bytes: int
    figures: Mapping[str, float]

    @property
    def right(self) -> int:
        """How many answers were right."""
        return self.answers.tally.accepted + self.answers.tally.refused

    @property
    def total(self) -> int:
        """How many there were."""
        return self.answers.tally.decisions

    @property
    def passed(self) -> bool:
        """Whether all answers are those of this machine, and enough of them right."""
        return not self.differing and self.answers.tally.balanced_accuracy >= MIN_BALANCED_ACCURACY

    def fields(self) -> dict[str, Any]:
        """Return it all as a JSON object's members."""
        derived = {
            "passed": self.passed,
            "right": self.right,
            "total": self.total,
            "answers_balanced_accuracy": self.answers.tally.balanced_accuracy,
        }
        members: dict[str, Any] = json.loads(json.dumps({**asdict(self), **derived}))
        return members


def run(base_url: str, *, device: Device, artefact: Artefact, exam: Exam, say: Callable[[str], None]) -> DemoResult:
    """Ask the edge, and compare each answer with this machine's.

    Parameters
    ----------
    base_url : str
        The function's endpoint.
    device : Device
        Who asks, and which function.
    artefact : Artefact
        The one the stack pins.
    exam : Exam
        What is asked. Each question costs one request of the day's quota.
    say : callable
        Takes progress lines.

    Raises
    ------
    edgewise.device.client.EdgeError, edgewise.device.client.UnreachableError
        When the edge refuses or does not answer.
    """
    model = Model(artefact.path.read_bytes())
    say(f"asking {device.function} about {len(exam.questions)} {exam.about}")
    with EdgeClient(base_url, device) as edge:
        bodies = [question.tensor.tobytes() for question in exam.questions]
        answers = [_first(edge, bodies[0], say), *(edge.ask(body) for body in bodies[1:])]
    asked = list(zip(exam.questions, answers, strict=True))
    latencies = [answer.latency_ms for answer in answers]
    return DemoResult(
        function=device.function,
        endpoint=f"{base_url.rstrip('/')}/v1/{device.function}/{device.device_id}",
        model=artefact.digest,
        about=exam.about,
        manifest_accuracy=dict(artefact.manifest.accuracy),
        answers=_judge(asked),
        differing=tuple(
            question.name
            for question, answer in asked
            if answer.model != artefact.digest or not _same(model, artefact, question, answer)
        ),
        first_ms=latencies[0],
        p50_ms=float(np.quantile(latencies, 0.5)),
        p99_ms=float(np.quantile(latencies, 0.99, method="higher")),
        bytes_up=max(answer.bytes_up for answer in answers),
        bytes_down=max(answer.bytes_down for answer in answers),
        model_bytes=artefact.manifest.bytes,
        figures=dict(exam.figures),
    )


def choose(is_positive: Sequence[bool], count: int) -> list[int]:
    """Choose half from each class, spread evenly over each.

    Parameters
    ----------
    is_positive : sequence of bool
        Of all that there are.
    count : int
        How many to choose.

    Returns
    -------
    list of int
        Rising places.

    Raises
    ------
    ValueError
        When a class has too few.
    """
    chosen: list[int] = []
    for kind, share in ((True, count - count // 2), (False, count // 2)):
        of_kind = [index for index, is_it in enumerate(is_positive) if is_it is kind]
        if not 1 <= share <= len(of_kind):
            raise ValueError(
                f"count {count}: needs {share} {'positive' if kind else 'negative'} inputs; there are {len(of_kind)}"
            )
        chosen += [of_kind[index * len(of_kind) // share] for index in range(share)]
    return sorted(chosen)


def _first(edge: EdgeClient, body: bytes, say: Callable[[str], None]) -> Answer:
    """Ask once more when the edge fails: on a busy machine a cold start may miss its timeout, the next one is warm."""
    try:
        return edge.ask(body)
    except EdgeError as error:
        if error.status < _SERVER_ERROR:
            raise
        say(f"{error}; asking once more")
        return edge.ask(body)


def _same(model: Model, artefact: Artefact, question: Question, answer: Answer) -> bool:
    """Compare with this machine; a float comes as text of a float32."""
    here = {name: value.item() for name, value in model.run(question.tensor).items() if value.ndim == 0}
    names = artefact.manifest.answer
    if answer.outputs.keys() != set(names):
        return False
    there = {name: np.asarray(answer.outputs[name], dtype=np.asarray(here[name]).dtype).item() for name in names}
    return all(np.float32(there[name]) == np.float32(here[name]) for name in names)


def _judge(asked: Sequence[tuple[Question, Answer]]) -> Judgement:
    groups: defaultdict[str, Tally] = defaultdict(Tally)
    for question, answer in asked:
        right = all(answer.outputs.get(name) == value for name, value in question.wanted.items())
        groups[question.group] += Tally.one(is_genuine=question.is_positive, right=right)
    return judge(list(groups.values()))
