"""Finding and aligning faces in real photos, and what is said of files that can't be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgewise.models import faces
from edgewise.models.faces import FaceError, FaceFinder, align, read_photo
from edgewise.models.runtime import Image as Pixels


def difference(one: Pixels, other: Pixels) -> float:
    """Mean difference of the pixels in the middle, of 255."""
    inner = slice(25, 125)
    return float(np.abs(one[inner, inner].astype(float) - other[inner, inner]).mean())


@pytest.fixture(scope="module")
def aligned(finder: FaceFinder, photo: Path) -> Pixels:
    return finder.aligned(photo)


def test_an_aligned_face_is_a_requests_body(aligned: Pixels) -> None:
    assert aligned.shape == (150, 150, 3)
    assert aligned.dtype == np.uint8
    assert len(aligned.tobytes()) == 67_500


def test_landmarks_land_on_the_template(finder: FaceFinder, photo: Path, aligned: Pixels) -> None:
    # GIVEN where dlib's face chip has eyes, nose and mouth
    template = np.asarray([[47.55, 46.60], [100.48, 46.60], [74.01, 76.56], [50.41, 103.02], [97.61, 103.02]])
    # WHEN the face is found again, in the aligned picture
    face = finder.find(Image.fromarray(aligned))
    # THEN its landmarks are within a few pixels of them: people differ, and so do poses
    assert face is not None
    assert np.abs(face.landmarks - template).max() < 10


def tilt_degrees(finder: FaceFinder, picture: Image.Image) -> float:
    """Angle of the line between the eyes; clockwise is positive."""
    face = finder.find(picture)
    assert face is not None
    right, down = face.landmarks[1] - face.landmarks[0]
    return float(np.degrees(np.arctan2(down, right)))


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_turned_face_is_turned_back(finder: FaceFinder, photo: Path, tmp_path: Path, degrees: int) -> None:
    # GIVEN a photo of a turned head
    turned = Image.open(photo).convert("RGB").rotate(-degrees, resample=Image.Resampling.BICUBIC, expand=True)
    turned.save(tmp_path / "turned.png")
    assert tilt_degrees(finder, turned) == pytest.approx(degrees, abs=8)
    # WHEN it is aligned THEN the eyes are level
    aligned = finder.aligned(tmp_path / "turned.png")
    assert tilt_degrees(finder, Image.fromarray(aligned)) == pytest.approx(0, abs=9)


def test_a_small_face_in_a_large_photo_is_found(finder: FaceFinder, photo: Path, tmp_path: Path) -> None:
    # GIVEN the photo, 112 pixels high, in the corner of one of 1600x1200
    scene = Image.new("RGB", (1600, 1200), (90, 120, 90))
    scene.paste(Image.open(photo).convert("RGB"), (1400, 1000))
    # WHEN it is looked for THEN the face lies in that corner
    face = finder.find(scene)
    assert face is not None
    assert (face.landmarks >= (1400, 1000)).all()
    assert (face.landmarks <= (1492, 1112)).all()


@pytest.mark.parametrize("name", ["photo.pgm", "photo.jpg", "photo.png"])
def test_formats(finder: FaceFinder, photo: Path, aligned: Pixels, tmp_path: Path, name: str) -> None:
    Image.open(photo).save(tmp_path / name, quality=95)
    assert difference(finder.aligned(tmp_path / name), aligned) < 6


def test_a_large_photo_is_shrunk_by_means(finder: FaceFinder, photo: Path, aligned: Pixels, tmp_path: Path) -> None:
    # GIVEN the photo ten times as large, with noise in each pixel, as of a sensor
    large = Image.open(photo).convert("RGB").resize((920, 1120), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(6).normal(0, 40, (1120, 920, 3))
    Image.fromarray(np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)).save(tmp_path / "large.png")
    # WHEN it is aligned THEN the noise has gone: a mean over about 36 pixels, not one of them
    assert difference(finder.aligned(tmp_path / "large.png"), aligned) < 10


def test_a_photo_on_its_side_is_turned_upright(photo: Path, tmp_path: Path) -> None:
    # GIVEN a JPEG whose EXIF data say that the camera was held on its side
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(photo).convert("RGB").rotate(90, expand=True).save(tmp_path / "side.jpg", exif=exif, quality=95)
    # WHEN it is read THEN it is upright
    upright = np.asarray(read_photo(tmp_path / "side.jpg"), dtype=float)
    original = np.asarray(Image.open(photo).convert("RGB"), dtype=float)
    assert np.abs(upright - original).mean() < 4


def test_alignment_by_known_landmarks() -> None:
    # GIVEN a picture whose landmarks are the template's, shifted by (10, 20) at twice the size
    photo = Image.new("RGB", (400, 400))
    photo.putpixel((10 + 2 * 60, 20 + 2 * 80), (255, 255, 255))
    photo.putpixel((11 + 2 * 60, 21 + 2 * 80), (255, 255, 255))
    template = np.asarray([[47.55, 46.60], [100.48, 46.60], [74.01, 76.56], [50.41, 103.02], [97.61, 103.02]])
    # WHEN it is aligned THEN the bright spot is where the template has it
    chip = align(photo, template * 2 + (10, 20))
    y, x = np.unravel_index(chip[:, :, 0].argmax(), (150, 150))
    assert (int(x), int(y)) == (60, 80)


def test_no_face(finder: FaceFinder, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), (200, 30, 30)).save(tmp_path / "wall.png")
    with pytest.raises(FaceError, match=r"wall\.png: no face found; take a photo of one face"):
        finder.aligned(tmp_path / "wall.png")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FaceError, match=r"none\.jpg: No such file or directory; check the path"):
        read_photo(tmp_path / "none.jpg")


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"P5\n92 112\n255\nshort", b"P5 no number"],
)
def test_an_unreadable_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(FaceError, match=r"odd\.png: no readable PGM, JPEG or PNG file"):
        read_photo(tmp_path / "odd.png")


@pytest.mark.parametrize("side", [7_072, 10_000, 100_000])
def test_too_many_pixels(tmp_path: Path, side: int) -> None:
    # GIVEN a file of a few bytes that says it has 50, 100 or 10,000 megapixels
    (tmp_path / "bomb.pgm").write_bytes(f"P5\n{side} {side}\n255\n".encode())
    with pytest.raises(FaceError, match=r"bomb\.pgm: .*pixels; at most 50000000"):
        read_photo(tmp_path / "bomb.pgm")


def test_too_many_bytes(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(faces.MAX_FILE_BYTES + 1)
    with pytest.raises(FaceError, match=r"huge\.jpg: 20000001 bytes; at most 20000000"):
        read_photo(tmp_path / "huge.jpg")


def test_too_few_pixels(tmp_path: Path) -> None:
    Image.new("L", (15, 300)).save(tmp_path / "tiny.png")
    with pytest.raises(FaceError, match=r"tiny\.png: 15x300 pixels; at least 16 on each side"):
        read_photo(tmp_path / "tiny.png")
