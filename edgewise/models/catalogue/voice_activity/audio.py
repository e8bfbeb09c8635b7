"""Sound in whole numbers: read, brought to 16 kHz, and made. Whole numbers are the same on every machine."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Samples: TypeAlias = NDArray[np.int16]
"""Sound, [n], as PCM."""

RATE_HZ: Final = 16_000
FRAME: Final = 512
"""Samples that the network takes at a time: 32 ms."""
CONTEXT: Final = 64
"""Samples before each frame that the network sees with it."""
FRAMES: Final = 16
WINDOW: Final = FRAMES * FRAME + CONTEXT
"""Samples of a request: 0.516 s, 16,512 bytes."""
NOISES: Final = ("hiss", "rumble", "hum", "quiet")

_FILE_RATE_HZ: Final = 8_000
_SAMPLE_BYTES: Final = 2
_TAP_BITS: Final = 14
_LOUDEST: Final = 2**15 - 1
# A frame counts as loud from 45 dB over one step of 16 bits on; the recordings' pauses lie below 30 dB, their speech
# above 60 dB.
_LOUD_POWER: Final = 10**4.5
_RUMBLE_SAMPLES: Final = 64
_MAINS_HZ: Final = 50


def _taps() -> NDArray[np.float64]:
    """Return a low pass for doubling the rate: a sinc under Kaiser's window (beta 8), in whole numbers."""
    place = np.arange(-32, 33)
    taps: NDArray[np.float64] = np.rint(np.sinc(place / 2) * np.kaiser(len(place), 8) * 2**_TAP_BITS)
    return taps


def read(path: Path) -> Samples:
    """Read a telephone's recording, one channel of 16 bits at 8 kHz, and bring it to 16 kHz.

    Raises
    ------
    ValueError
        When it is another kind of file.
    """
    with wave.open(str(path)) as file:
        kind = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if kind != (_FILE_RATE_HZ, 1, _SAMPLE_BYTES):
            raise ValueError(f"{path.name}: rate, channels and bytes a sample {kind}; expected (8000, 1, 2)")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    if not len(samples):
        return samples.astype(np.int16)
    doubled = np.zeros(2 * len(samples))
    doubled[::2] = samples
    # Whole numbers of 35 bits at most: float64 holds each sum exactly, and is far faster than integers.
    smooth = np.convolve(doubled, _taps(), mode="same")
    return _pcm(np.floor(smooth / 2**_TAP_BITS + 0.5))


def cut(samples: Samples) -> list[Samples]:
    """Cut into windows that don't overlap; what is left at the end goes."""
    return [samples[start : start + WINDOW] for start in range(0, len(samples) - WINDOW + 1, WINDOW)]


def is_speech(window: Samples) -> bool:
    """Whether at least half of the frames of a recording without noise are loud."""
    frames = window[CONTEXT:].reshape(-1, FRAME // 2).astype(np.int64)
    return bool(((frames**2).mean(axis=1) > _LOUD_POWER).mean() >= 0.5)


def noise(kind: str, draw: np.random.Generator) -> Samples:
    """Make a window of noise, of a loudness drawn between hardly to be heard and loud.

    Parameters
    ----------
    kind : str
        One of `NOISES`: white noise, the same without its high tones, a mains hum with its overtones, or next to
        nothing.
    draw : numpy.random.Generator
    """
    loudness = int(draw.integers(20, 4000))
    white = draw.integers(-_LOUDEST, _LOUDEST + 1, size=WINDOW + _RUMBLE_SAMPLES)
    if kind == "quiet":
        return np.asarray(white[:WINDOW] // (_LOUDEST // 2), dtype=np.int16)
    if kind == "hiss":
        return _pcm(white[:WINDOW] * loudness // _LOUDEST)
    if kind == "rumble":
        sums = np.cumsum(white)
        return _pcm((sums[_RUMBLE_SAMPLES:] - sums[:-_RUMBLE_SAMPLES]) * loudness // (_LOUDEST * 8))
    turn = 2 * np.pi * _MAINS_HZ * np.arange(WINDOW) / RATE_HZ
    waves = sum(np.sin(over * turn + draw.integers(0, 6)) / over for over in (1, 2, 3, 5, 7))
    return _pcm(np.rint(np.asarray(waves) * loudness))


def mix(speech: Samples, disturbance: Samples, *, ratio_db: int) -> Samples:
    """Add noise whose power lies ``ratio_db`` decibels below that of the speech."""
    powers = [int((each.astype(np.int64) ** 2).sum()) for each in (speech, disturbance)]
    factor = np.sqrt(powers[0] / max(powers[1], 1)) / 10 ** (ratio_db / 20)
    return _pcm(speech + np.rint(disturbance * factor))


def _pcm(samples: NDArray[np.int64] | NDArray[np.float64]) -> Samples:
    return np.clip(samples, -_LOUDEST - 1, _LOUDEST).astype(np.int16)
