"""The demonstration that ends `make up`: real photos through the running edge, and what that shows.

The same artefact judges every test photo on this machine first; then some of the photos go through HTTP, and
each answer must be the very one that this machine computed.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.table import Table

from edgewise.device.client import EdgeClient
from edgewise.models.catalogue.face_match.data import test_photos
from edgewise.models.enrol import ROWS_KEY
from edgewise.models.evaluate import Probe, evaluate, tally_answer
from edgewise.models.faces import FaceFinder
from edgewise.models.runtime import Model
from edgewise.models.tally import Judgement, Tally, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgewise.device.client import InferAnswer
    from edgewise.device.signing import Device
    from edgewise.models.catalogue import Artefact

HTTP_PROBES: Final = 60
# The mission's figure: at least 99 % balanced accuracy on pairs the model has not seen.
MIN_BALANCED_ACCURACY: Final = 0.99


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoResult:
    """What was asked and answered.

    Attributes
    ----------
    endpoint, model : str
        The address that was asked, and the digest of the artefact that had to answer.
    manifest_accuracy : mapping of str to float
        What was measured when the artefact was built, see its manifest.
    pairs : Judgement
        On this machine: every test photo against every row of the shipped gallery.
    answers : Judgement
        Through HTTP: a known face is right when it matched its own row, a stranger when it did not match.
    differing : tuple of str
        Photos whose answer through HTTP is not the one of this machine.
    first_ms, p50_ms, p99_ms : float
        From sending a request to its answer; the first one may have started an environment.
    align_p50_ms : float
        Finding and aligning the face on the device, not part of the above.
    bytes_up, bytes_down : int
        The largest request and answer, headers included.
    """

    endpoint: str
    model: str
    manifest_accuracy: Mapping[str, float]
    pairs: Judgement
    answers: Judgement
    differing: tuple[str, ...]
    first_ms: float
    p50_ms: float
    p99_ms: float
    align_p50_ms: float
    bytes_up: int
    bytes_down: int

    @property
    def passed(self) -> bool:
        """Whether all answers are the expected ones, and the pairs are decided well enough."""
        return not self.differing and self.pairs.tally.balanced_accuracy >= MIN_BALANCED_ACCURACY

    def to_json(self) -> str:
        """Return it all as a JSON object."""
        derived = {
            "passed": self.passed,
            "pairs_balanced_accuracy": self.pairs.tally.balanced_accuracy,
            "answers_balanced_accuracy": self.answers.tally.balanced_accuracy,
        }
        return json.dumps({**asdict(self), **derived}, indent=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Exchange:
    """One photo's way through HTTP, and what this machine says to it."""

    photo: str
    person: str
    expected: tuple[bool, float, int]
    answer: InferAnswer


def run(
    base_url: str,
    *,
    device: Device,
    artefact: Artefact,
    http_probes: int = HTTP_PROBES,
    say: Callable[[str], None],
) -> DemoResult:
    """Judge the artefact here, then ask the edge.

    Parameters
    ----------
    base_url : str
        The function's endpoint.
    device : Device
        Who asks, and which function.
    artefact : Artefact
        The one the stack pins.
    http_probes : int
        How many photos go through HTTP, half of them strangers'. Each costs one request of the day's quota.
    say : callable
        Takes progress lines.

    Raises
    ------
    ValueError
        When there are not that many photos.
    edgewise.device.client.EdgeError, edgewise.device.client.UnreachableError
        When the edge refuses or does not answer.
    """
    model = Model(artefact.path.read_bytes())
    rows = model.metadata[ROWS_KEY].split(",")
    photos = test_photos(say=say)
    finder = FaceFinder(say=say)
    say(f"aligning {len(photos)} photos of {len({photo.person for photo in photos})} people")
    align_ms: list[float] = []
    probes: list[Probe] = []
    for photo in photos:
        began = time.perf_counter()
        probes.append(Probe(person=photo.person, image=finder.aligned(photo.path)))
        align_ms.append((time.perf_counter() - began) * 1000)
    pairs, _ = evaluate(model, probes)
    chosen = _choose([probe.person in rows for probe in probes], http_probes)
    say(f"asking {base_url} about {len(chosen)} of them")
    with EdgeClient(base_url, device) as edge:
        exchanges = [
            _Exchange(
                photo=f"{probes[index].person}/{photos[index].path.name}",
                person=probes[index].person,
                expected=_expected(model, probes[index]),
                answer=edge.send(probes[index].image.tobytes()),
            )
            for index in chosen
        ]
    latencies = [exchange.answer.latency_ms for exchange in exchanges]
    return DemoResult(
        endpoint=f"{base_url.rstrip('/')}/v1/{device.function}/{device.device_id}",
        model=artefact.digest,
        manifest_accuracy=dict(artefact.manifest.accuracy),
        pairs=pairs,
        answers=_judge(exchanges, rows),
        differing=tuple(exchange.photo for exchange in exchanges if _differs(exchange, artefact.digest)),
        first_ms=latencies[0],
        p50_ms=float(np.quantile(latencies, 0.5)),
        p99_ms=float(np.quantile(latencies, 0.99, method="higher")),
        align_p50_ms=float(np.quantile(align_ms, 0.5)),
        bytes_up=max(exchange.answer.bytes_up for exchange in exchanges),
        bytes_down=max(exchange.answer.bytes_down for exchange in exchanges),
    )


def render(result: DemoResult) -> Table:
    """Return the result as a table for a terminal."""
    table = Table(title=f"face-match, {result.model[:19]}…", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # an address that is cut off can't be used
    pairs, answers = result.pairs.tally, result.answers.tally
    known = f"{answers.accepted}/{answers.genuine} enrolled, {answers.refused}/{answers.impostors} strangers right"
    same = answers.decisions - len(result.differing)
    table.add_row("endpoint", result.endpoint)
    table.add_row(f"balanced accuracy, {pairs.decisions} pairs", f"{result.pairs}")
    middle, low, high = (result.manifest_accuracy[name] * 100 for name in ("int8", "int8_low", "int8_high"))
    table.add_row("… over every enrolment, when built", f"{middle:.2f} % ({low:.2f}-{high:.2f})")
    table.add_row(f"balanced accuracy, {answers.decisions} answers", f"{result.answers}; {known}")
    table.add_row("answers equal to this machine's", f"{same}/{answers.decisions}")
    table.add_row(
        "device → answer", f"p50 {result.p50_ms:.1f} ms, p99 {result.p99_ms:.1f} ms, first {result.first_ms:.1f} ms"
    )
    table.add_row("finding and aligning the face", f"p50 {result.align_p50_ms:.1f} ms, on the device")
    table.add_row("bytes a request", f"{result.bytes_up:,} up, {result.bytes_down:,} down")
    return table


def _choose(known: Sequence[bool], count: int) -> list[int]:
    """Choose half of the photos from known faces and half from strangers', spread evenly over each."""
    chosen: list[int] = []
    for kind, share in ((True, count - count // 2), (False, count // 2)):
        of_kind = [index for index, is_known in enumerate(known) if is_known is kind]
        if not 1 <= share <= len(of_kind):
            kinds = "enrolled people's" if kind else "strangers'"
            raise ValueError(f"http_probes {count}: needs {share} photos of {kinds}; there are {len(of_kind)}")
        chosen += [of_kind[index * len(of_kind) // share] for index in range(share)]
    return sorted(chosen)


def _expected(model: Model, probe: Probe) -> tuple[bool, float, int]:
    found = model.run(probe.image)
    return bool(found["match"]), float(found["score"]), int(found["row"])


def _differs(exchange: _Exchange, digest: str) -> bool:
    answer = exchange.answer
    got = (answer.match, float(np.float32(answer.score)), answer.row)
    return answer.model != digest or got != exchange.expected


def _judge(exchanges: Sequence[_Exchange], rows: Sequence[str]) -> Judgement:
    by_person: defaultdict[str, Tally] = defaultdict(Tally)
    for exchange in exchanges:
        answer = exchange.answer
        row = rows[answer.row] if 0 <= answer.row < len(rows) else ""
        by_person[exchange.person] += tally_answer(match=answer.match, row=row, person=exchange.person, rows=rows)
    return judge(list(by_person.values()))
