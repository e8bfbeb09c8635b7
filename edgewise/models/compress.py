"""Compress an entry from scratch: which nodes stay in float32, which int8, how far to cut; then face the gate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import onnx

from edgewise.models import emulated, gate, latency, search
from edgewise.models.kinds import KINDS
from edgewise.models.lock import Candidate, Choice, Evidence, Lock
from edgewise.models.metadata import ANSWER_KEY
from edgewise.models.pipeline import Pipeline
from edgewise.models.quantise import Calibrated
from edgewise.models.runtime import Model
from edgewise.models.sweep import TOLERANCES, Sensitivity, sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgewise.models.catalogue.entry import Entry, Judged
    from edgewise.models.gate import Loss
    from edgewise.models.kinds import Kind

# Part of the accuracy budget that int8 alone may spend; the rest is for the cut.
_QUANTISATION_SHARE = 0.25
# Kinds that lose as much to within this are told apart by their time.
_SAME_POINTS = 0.1
# Times that differ by less are the same: then the first kind is taken, which no noise can turn.
_SAME_TIME = 1.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """A variant that the gate let pass."""

    choice: Choice
    artefact: bytes
    judged: Judged
    loss: Loss
    times: dict[str, float]
    emulated: str


class Refused(gate.GateError):
    """No variant passed; `digests` are those of all that were refused."""

    def __init__(self, message: str, digests: list[str]) -> None:
        super().__init__(message)
        self.digests = digests


class Compressor:
    """The whole search for one entry.

    Parameters
    ----------
    entry : Entry
        What is to be compressed.
    folder : Path
        Its folder.
    say : callable
        Takes progress lines.
    """

    def __init__(self, entry: Entry, folder: Path, *, say: Callable[[str], None]) -> None:
        self.entry = entry
        self.name = entry.recipe.name
        self.pipeline = Pipeline(entry, folder, say=say)
        self._say = say
        self._measured: dict[Choice, Candidate] = {}

    def run(self) -> tuple[Lock, Pipeline]:
        """Search, let the gate judge, and return what a lock holds, with the stages behind it.

        Raises
        ------
        edgewise.models.gate.GateError
            When data serves twice, or no variant passes.
        edgewise.models.emulated.EmulatorError
            When there is no emulator.
        """
        gate.check_splits(self.name, self.entry.splits(say=self._say))
        fp32 = self.pipeline.variant(None).artefact
        self._fp32_choice = self.pipeline.judged(fp32, "choice").accuracy
        plain, sensitivity = self._plain()
        keeps = search.smallest_first(
            lambda keep: self._loses(plain.model_copy(update={"keep": keep})),
            budget_points=self.entry.recipe.budgets.accuracy_points,
        )
        passed = self._face_the_gate([plain.model_copy(update={"keep": keep}) for keep in keeps], plain)
        self._rivals(passed.choice)
        return self._lock(passed, plain, sensitivity), self.pipeline

    def _loses(self, choice: Choice) -> float:
        """Return what a variant loses on the choice split, in points."""
        return (self._fp32_choice - self._candidate(choice).choice_accuracy) * 100

    def _candidate(self, choice: Choice) -> Candidate:
        if choice not in self._measured:
            artefact = self.pipeline.variant(choice).artefact
            measured = Candidate(
                choice=choice,
                bytes=len(artefact),
                choice_accuracy=round(self.pipeline.judged(artefact, "choice").accuracy, 6),
                test_accuracy=round(self.pipeline.judged(artefact, "test").accuracy, 6),
            )
            self._measured[choice] = measured
            lost = (self._fp32_choice - measured.choice_accuracy) * 100
            how = f"{choice.kind}, {choice.keep:.0%} kept, {choice.criterion}{'' if choice.repair else ' alone'}"
            self._say(f"{self.name}: {how}: {measured.bytes} bytes, {lost:+.2f} points lost on the choice split")
        return self._measured[choice]

    def _plain(self) -> tuple[Choice, Sensitivity]:
        """Return the kind of int8 that measures better, with the nodes that stay in float32 with it; nothing is cut."""
        choices = {kind: self._exclude(kind) for kind in KINDS}
        lost = {kind: self._loses(choice) for kind, choice in choices.items()}
        fine = [kind for kind in KINDS if lost[kind] <= min(lost.values()) + _SAME_POINTS]
        artefacts: dict[str, bytes] = {kind: self.pipeline.variant(choices[kind]).artefact for kind in fine}
        times = latency.measure(artefacts, self.entry.samples(say=self._say))
        best = next(kind for kind in KINDS if kind in fine and times[kind] <= min(times.values()) * _SAME_TIME)
        self._say(f"{self.name}: quantised as {best}; in float32 stay: {', '.join(choices[best].exclude) or 'none'}")
        return choices[best], self._sweep(best)

    def _exclude(self, kind: Kind) -> Choice:
        """Leave as few nodes in float32 as keeps quantisation's part of the budget; if none does, what loses least."""
        allowed = self.entry.recipe.budgets.accuracy_points * _QUANTISATION_SHARE
        tried = [Choice(kind=kind)]
        if self._loses(tried[0]) <= allowed:
            return tried[0]
        sensitivity = self._sweep(kind)
        for tolerance in TOLERANCES:
            tried.append(Choice(kind=kind, exclude=sensitivity.exclusions(tolerance)))
            if self._loses(tried[-1]) <= allowed:
                return tried[-1]
        return min(tried, key=self._loses)

    def _sweep(self, kind: Kind) -> Sensitivity:
        def make() -> dict[str, Any]:
            body = onnx.load_from_string(self.pipeline.body)
            inputs = self.pipeline.calibration
            result = sweep(body, Calibrated(body, inputs), inputs, kind=kind, say=self._say)
            return {"errors": result.errors, "weights": result.weights}

        of = hashlib.sha256(self.pipeline.body).hexdigest()
        found = self.pipeline.stages.json("sweep", {"of": of, "kind": kind}, make)
        return Sensitivity(**found)

    def _face_the_gate(self, choices: list[Choice], plain: Choice) -> Passed:
        """Let the smallest variant pass that the gate accepts; each refusal is a step back to the next larger one."""
        refused: list[str] = []
        last = ""
        for choice in choices:
            artefact = self.pipeline.variant(choice).artefact
            try:
                return self._judge(choice, artefact, self.pipeline.variant(plain).artefact)
            except gate.GateError as error:
                self._say(str(error))
                refused.append(f"sha256:{hashlib.sha256(artefact).hexdigest()}")
                last = str(error)
        raise Refused(last, refused)

    def _judge(self, choice: Choice, artefact: bytes, plain: bytes) -> Passed:
        fp32 = self.pipeline.variant(None).artefact
        samples = self.entry.samples(say=self._say)
        times = latency.measure({"fp32": fp32, "int8": plain, "shipped": artefact}, samples)
        judged = self.pipeline.judged(artefact, "test")
        lost = gate.check(
            self.name,
            self.entry.recipe.budgets,
            fp32=gate.Measured(
                size_bytes=len(fp32), judged=self.pipeline.judged(fp32, "test"), latency_ms=times["fp32"]
            ),
            shipped=gate.Measured(size_bytes=len(artefact), judged=judged, latency_ms=times["shipped"]),
        )
        answer = Model(artefact).metadata[ANSWER_KEY].split(",")
        equal = emulated.check(self.name, artefact, samples, answer=answer, say=self._say)
        return Passed(choice=choice, artefact=artefact, judged=judged, loss=lost, times=times, emulated=equal)

    def _rivals(self, shipped: Choice) -> None:
        """Measure what magnitude alone, and magnitude with the same repair, make of the same cuts."""
        if shipped.keep == 1:
            return
        keeps = {choice.keep for choice in self._measured if shipped.keep <= choice.keep < 1}
        for keep in sorted(keeps, reverse=True):
            self._candidate(shipped.model_copy(update={"keep": keep, "criterion": "magnitude", "repair": False}))
        self._candidate(shipped.model_copy(update={"criterion": "magnitude"}))

    def _lock(self, passed: Passed, plain: Choice, sensitivity: Sensitivity) -> Lock:
        fp32, int8 = (self.pipeline.variant(choice).artefact for choice in (None, plain))
        intervals = {
            name: _interval(self.pipeline.judged(artefact, "test"))
            for name, artefact in (("fp32", fp32), ("int8", int8), ("shipped", passed.artefact))
        }
        evidence = Evidence(
            fp32_bytes=len(fp32),
            int8_bytes=len(int8),
            shipped_bytes=len(passed.artefact),
            **intervals,
            loss_points=round(passed.loss.points, 4),
            loss_upper_points=round(passed.loss.upper_points, 4),
            fp32_ms=passed.times["fp32"],
            int8_ms=passed.times["int8"],
            shipped_ms=passed.times["shipped"],
            machine=latency.machine(),
            emulated=passed.emulated,
            data=passed.judged.data,
            sensitivity=sensitivity.errors,
            candidates=tuple(self._measured.values()),
        )
        return Lock(
            recipe=self.entry.recipe.version,
            choice=passed.choice,
            digest=f"sha256:{hashlib.sha256(passed.artefact).hexdigest()}",
            evidence=evidence,
        )


def _interval(judged: Judged) -> tuple[float, float, float]:
    found = judged.judgement
    return round(found.low, 6), round(found.tally.balanced_accuracy, 6), round(found.high, 6)
