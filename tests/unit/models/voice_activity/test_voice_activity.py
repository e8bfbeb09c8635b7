"""The entry voice-activity: its sounds, its graph against the published one, what the gate refuses, what is shipped."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgewise.models import catalogue, gate
from edgewise.models.catalogue.recipe import RecipeError, read_recipe
from edgewise.models.catalogue.voice_activity import ENTRY, audio, data, graph, network
from edgewise.models.catalogue.voice_activity.data import VoiceRecipe, Window
from edgewise.models.runtime import Model
from inference.session import Session
from tests.unit.models.voice_activity.published import finished, naively_quantised, published

RECIPE = Path(data.__file__).with_name("recipe.yaml")


@pytest.fixture(scope="module")
def body() -> onnx.ModelProto:
    return ENTRY.body(say=print)


@pytest.fixture(scope="module")
def some() -> list[Window]:
    """Test windows of every kind: speech with and without noise, music, noises."""
    return data.windows("test", say=print)[::40]


def write_wav(path: Path, samples: bytes, *, channels: int = 1, rate_hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return path


def test_no_voice_track_or_noise_serves_twice() -> None:
    splits = ENTRY.splits(say=print)
    gate.check_splits("voice-activity", splits)
    assert {"allison", "carlo", "macroform-cold_day"} < splits["test"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("speakers: [june]", "speakers: [maxim]", r"splits: .*'maxim', 'maxim'.*split by speaker"),
        ("tracks: [reno_project-system]", "tracks: [macroform-cold_day]", "something stands in two splits"),
        ("seed: 2", "seed: 1", "something stands in two splits"),
        ("noises: 50", "noises: 0", "splits.choice.noises: .*greater than or equal to 1, got 0"),
    ],
)
def test_a_bad_recipe_names_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "voice_activity" / "recipe.yaml"
    path.parent.mkdir()
    text = RECIPE.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RecipeError, match=message):
        read_recipe(path, VoiceRecipe)


def test_a_recording_is_brought_to_16_khz(tmp_path: Path) -> None:
    # GIVEN a tone of 440 Hz at 8 kHz
    tone = np.rint(10_000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype("<i2")
    # WHEN it is read
    samples = audio.read(write_wav(tmp_path / "tone.wav", tone.tobytes()))
    # THEN it is the same tone, twice as densely
    expected = 10_000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert samples.dtype == np.int16
    assert np.abs(samples - expected)[64:-64].max() < 20


@pytest.mark.parametrize("kind", [{"channels": 2}, {"rate_hz": 44_100}])
def test_another_recording_is_refused(tmp_path: Path, kind: dict[str, int]) -> None:
    path = write_wav(tmp_path / "other.wav", bytes(400), **kind)
    with pytest.raises(ValueError, match=r"other.wav: rate, channels and bytes .*; expected \(8000, 1, 2\)"):
        audio.read(path)


def test_an_empty_recording_has_no_windows(tmp_path: Path) -> None:
    assert audio.cut(audio.read(write_wav(tmp_path / "empty.wav", b""))) == []


@pytest.mark.parametrize("ratio_db", [0, 10])
def test_noise_is_as_loud_as_it_is_asked_for(ratio_db: int) -> None:
    draw = np.random.default_rng(0)
    speech = np.rint(draw.normal(size=audio.WINDOW) * 2000).astype(np.int16)
    added = audio.mix(speech, audio.noise("hiss", draw), ratio_db=ratio_db).astype(float) - speech
    assert 10 * np.log10((speech.astype(float) ** 2).sum() / (added**2).sum()) == pytest.approx(ratio_db, abs=0.1)


def test_the_graph_answers_as_the_published_one(body: onnx.ModelProto, some: list[Window]) -> None:
    # GIVEN the published file with its stored Fourier transform, and this graph, which computes it
    theirs = Model(finished(published()))
    ours = Model(graph.finish(body, threshold=0.5, name="voice-activity", recipe="1"))
    # THEN their scores are the same
    for window in some:
        assert ours.run(window.samples)["score"] == pytest.approx(theirs.run(window.samples)["score"], abs=1.1e-4)


def test_an_lstm_in_8_bits_scores_nearly_the_same(body: onnx.ModelProto, some: list[Window]) -> None:
    before = graph.join(graph.front(), body, threshold=0.5, name="voice-activity", recipe="1")
    after = graph.join(graph.front(), network.pack_lstm(body), threshold=0.5, name="voice-activity", recipe="1")
    assert len(after) < len(before) - 3 * 128 * 512 * 2 + 6000  # three of four bytes of two matrices; scales come
    exact, packed = Model(before), Model(after)
    for window in some:
        assert packed.run(window.samples)["score"] == pytest.approx(exact.run(window.samples)["score"], abs=0.03)


def test_another_releases_file_is_refused() -> None:
    model = ENTRY.published(say=print)
    model.graph.initializer[-1].name = "onnx::LSTM_300"
    with pytest.raises(ValueError, match=r"Silero VAD: the file has no .*LSTM_211"):
        network.read_weights(model)


def test_the_gate_refuses_what_naive_quantisation_makes() -> None:
    # GIVEN the published network, and the same with all of it quantised dynamically
    artefacts = [finished(published()), finished(naively_quantised(published()))]
    fp32, naive = (
        gate.Measured(size_bytes=len(content), judged=ENTRY.judge(content, split="test", say=print))
        for content in artefacts
    )
    assert fp32.judged.accuracy > 0.99
    # WHEN it faces the gate THEN it is refused with the numbers
    with pytest.raises(gate.GateError, match=r"voice-activity: .* it loses \d\d\.\d\d points.*allowed: 1"):
        gate.check("voice-activity", ENTRY.recipe.budgets, fp32=fp32, shipped=naive)


def test_what_is_shipped_answers_raw_bytes(some: list[Window]) -> None:
    artefact = catalogue.ensure("voice-activity", say=print)
    session = Session(artefact.path.read_bytes())
    assert session.request_bytes == 16_512
    answers = [session.run(window.samples.tobytes()) for window in some]
    wrong = [answer["speech"] != window.is_speech for answer, window in zip(answers, some, strict=True)]
    # A sample of 66; how good it is on all of them is the gate's business.
    assert 1 - sum(wrong) / len(wrong) >= ENTRY.recipe.budgets.min_accuracy
    assert all(0 <= answer["score"] <= 1 for answer in answers)  # type: ignore[operator]  # a number
