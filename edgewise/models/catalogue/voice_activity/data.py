"""The voice-activity recipe and its windows: which voices, music and noises calibrate, set the threshold, test."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field, model_validator

from edgewise.models.catalogue.recipe import Recipe, Strict, Text, read_recipe
from edgewise.models.catalogue.voice_activity import audio
from edgewise.models.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgewise.models.catalogue.voice_activity.audio import Samples

# Windows of a track in a row are one piece of music; the bootstrap draws such pieces.
PIECE_WINDOWS: Final = 60
# Files that hold no speech.
_NO_SPEECH: Final = ("silence/", "beep", "tt-monkeys.", "ascending-2tone", "descending-2tone")
# Every second window of speech gets noise, this much weaker.
_RATIO_DB: Final = (5, 21)

Names = Annotated[tuple[Text, ...], Field(min_length=1, strict=False)]
Count = Annotated[int, Field(ge=1)]


class SplitSpec(Strict):
    """What one split is made of.

    Attributes
    ----------
    speakers : tuple of str
        Names of sources; each is one person.
    tracks : tuple of str
        Files of the source ``music``, without their ending.
    windows_a_file, windows_a_track : int
        The most windows that a prompt and a track give.
    noises : int
        Windows of each kind of noise.
    seed : int
        What the noises are drawn with.
    """

    speakers: Names
    tracks: Names
    windows_a_file: Count
    windows_a_track: Count
    noises: Count
    seed: Count


class Splits(Strict):
    """All splits."""

    calibration: SplitSpec
    choice: SplitSpec
    test: SplitSpec

    @model_validator(mode="after")
    def _nothing_twice(self) -> Splits:
        each = [self.calibration, self.choice, self.test]
        for names in ([s.speakers for s in each], [s.tracks for s in each], [(s.seed,) for s in each]):
            flat = [name for group in names for name in group]
            if len(set(flat)) != len(flat):
                raise ValueError(f"{flat}: something stands in two splits; split by speaker, track and seed")
        return self


class VoiceRecipe(Recipe):
    """The voice-activity recipe; see recipe.yaml for why it is as it is."""

    splits: Splits


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Window:
    """Half a second of sound.

    Attributes
    ----------
    samples : array
        int16 [8256].
    is_speech : bool
        What it is.
    group : str
        The file, the piece of a track, or the noise that it comes from.
    """

    samples: Samples
    is_speech: bool
    group: str


def recipe() -> VoiceRecipe:
    """Return the checked recipe."""
    return read_recipe(Path(__file__).with_name("recipe.yaml"), VoiceRecipe)


def windows(split: str, *, say: Callable[[str], None]) -> list[Window]:
    """Return all windows of a split, in a fixed order.

    Parameters
    ----------
    split : {"calibration", "choice", "test"}

    Raises
    ------
    edgewise.models.fetch.FetchError
        When a package can't be had.
    """
    entry = recipe()
    spec: SplitSpec = getattr(entry.splits, split)
    folders = {name: fetch(entry.sources[name].source(), say=say) for name in (*spec.speakers, "music")}
    return list(_all(spec, tuple(folders[name] for name in spec.speakers), folders["music"]))


@functools.cache
def _all(spec: SplitSpec, speakers: tuple[Path, ...], music: Path) -> tuple[Window, ...]:
    draw = np.random.Generator(np.random.PCG64(spec.seed))
    speech = [window for folder in speakers for window in _speech(folder, spec.windows_a_file)]
    tracks = [window for track in spec.tracks for window in _music(music / f"{track}.wav", spec.windows_a_track)]
    return (*_disturbed(speech, draw), *tracks, *_noises(spec, draw))


def _speech(folder: Path, count: int) -> Iterator[Window]:
    files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*.wav"))
    for name, file in files:
        if name.startswith(_NO_SPEECH):
            continue
        loud = [samples for samples in audio.cut(audio.read(file)) if audio.is_speech(samples)]
        for samples in loud[:count]:
            yield Window(samples=samples, is_speech=True, group=f"{folder.name}/{name}")


def _disturbed(speech: list[Window], draw: np.random.Generator) -> Iterator[Window]:
    for number, window in enumerate(speech):
        if number % 2 == 0:
            yield window
            continue
        disturbance = audio.noise(audio.NOISES[number // 2 % 3], draw)
        mixed = audio.mix(window.samples, disturbance, ratio_db=int(draw.integers(*_RATIO_DB)))
        yield Window(samples=mixed, is_speech=True, group=window.group)


def _music(file: Path, count: int) -> Iterator[Window]:
    cut = audio.cut(audio.read(file))
    for index in np.unique(np.arange(count) * len(cut) // count).tolist():
        yield Window(samples=cut[index], is_speech=False, group=f"{file.stem}/{index // PIECE_WINDOWS}")


def _noises(spec: SplitSpec, draw: np.random.Generator) -> Iterator[Window]:
    for kind in audio.NOISES:
        for number in range(spec.noises):
            yield Window(samples=audio.noise(kind, draw), is_speech=False, group=f"{kind} {spec.seed}/{number}")
