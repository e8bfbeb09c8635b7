"""Every shipped artefact, pruned and quantised, answers in WebAssembly as it does in Python."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from edgewise.models import catalogue
from edgewise.models.metadata import THRESHOLD_KEY
from edgewise.models.runtime import Model
from tests.models_web.web import ask_web, compare

# Integer layers are exact in both runtimes but for the order of rounding to the next step; float sums differ in their
# last bits. Scores are rounded to four decimals and lie from 0 to 1.
SCORE_TOLERANCE = 0.02
# How many inputs each is asked: as many as its test split has, up to what WebAssembly answers in some seconds.
# tests/models_web/thousand.py asks each 1,000.
INPUTS = {"anomaly": 1000, "voice-activity": 100, "face-match": 40, "face-match-small": 60}


@pytest.mark.parametrize("name", catalogue.names())
def test_webassembly_answers_as_python_does(name: str) -> None:
    # GIVEN the artefact that is shipped, and inputs from its test split
    artefact = catalogue.ensure(name, say=print).path.read_bytes()
    entry = catalogue.load(catalogue.folder_of(name))
    samples = entry.samples(say=print)
    count = min(INPUTS.get(name, 20), len(samples))
    inputs = [samples[index * len(samples) // count] for index in range(count)]
    onnx.checker.check_model(onnx.load_from_string(artefact), full_check=True)
    # WHEN both runtimes answer
    both = compare(artefact, inputs)
    # THEN scores are the same to within the tolerance, and a decision differs only where a score lies at the threshold
    assert both.python["score"].shape == (count, 1)
    assert both.largest_difference("score") <= SCORE_TOLERANCE
    model = Model(artefact)
    threshold = float(model.metadata[THRESHOLD_KEY])
    clear = np.abs(both.python["score"][:, 0] - threshold) > SCORE_TOLERANCE
    # ... and most do not lie there: of face-match-small's, one in eight does.
    assert clear.mean() > 0.75
    for output in set(model.metadata["edgewise.answer"].split(",")) - {"score"}:
        assert (both.python[output] == both.web[output])[clear].all(), output


def test_another_network_would_be_noticed() -> None:
    # GIVEN the artefact with one constant changed
    artefact = catalogue.ensure("anomaly", say=print).path.read_bytes()
    tampered = onnx.load_from_string(artefact)
    (half,) = (tensor for tensor in tampered.graph.initializer if tensor.name.startswith("answer.half"))
    half.raw_data = np.float32(0.3).tobytes()
    samples = catalogue.load(catalogue.folder_of("anomaly")).samples(say=print)[:100]
    # WHEN WebAssembly answers with it THEN its scores are not those of the shipped one
    shipped = compare(artefact, samples).python["score"]
    found, _ = ask_web(tampered.SerializeToString(), samples)
    assert np.abs(found["score"] - shipped).max() > SCORE_TOLERANCE
