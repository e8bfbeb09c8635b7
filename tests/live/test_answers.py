"""What a good request gets, from the command line too."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from edgewise.models.catalogue.face_match import data
from inference.contract import device_key
from tests.live.system import DEVICE, FUNCTION, System


def enrolled_photo() -> Path:
    """A photo of an enrolled person, one that the gallery was not made from."""
    return next(photo.path for photo in data.test_photos(say=print) if photo.person == "s21")


def entries(path: Path) -> list[bytes]:
    """Unpack a zip: what is compressed could not be searched."""
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_the_answer_has_its_documented_form(calm: System) -> None:
    reply = calm.good()

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert set(reply.json) == {"outputs", "model"}
    assert set(reply.json["outputs"]) == {"match", "score", "row"}
    assert reply.json["model"] == calm.project.outputs()["endpoints"][FUNCTION]["model_digest"]
    assert reply.json["outputs"]["match"] is False, "noise is nobody's face"


def test_a_post_is_never_cached(calm: System) -> None:
    before = calm.invocations()

    replies = [calm.good() for _ in range(3)]

    assert calm.invocations() == before + 3
    assert {reply.json["outputs"]["score"] for reply in replies} == {replies[0].json["outputs"]["score"]}


def test_infer_answers_a_photo_of_an_enrolled_person(calm: System) -> None:
    answer = calm.edgewise("infer", FUNCTION, "--image", str(enrolled_photo()), "--device", "cam-1", "--json")

    decision = json.loads(answer.stdout)
    assert decision["match"] is True
    assert decision["model"].startswith("sha256:")
    assert decision["score"] > 0.49
    assert decision["latency_ms"] > 0


def test_infer_refuses_a_photo_that_is_none(calm: System, tmp_path: Path) -> None:
    fake = tmp_path / "fake.pgm"
    fake.write_bytes(b"P5 this is no picture")

    answer = calm.edgewise("infer", FUNCTION, "--image", str(fake), "--device", "cam-1", "--json", check=False)

    assert answer.returncode == 2
    assert "fake.pgm: no readable PGM, JPEG or PNG file" in json.loads(answer.stdout)["error"]
    assert "Traceback" not in answer.stderr


def test_infer_without_such_a_function_names_those_there_are(calm: System, tmp_path: Path) -> None:
    answer = calm.edgewise("infer", "face-mach", "--image", str(enrolled_photo()), "--device", "cam-1", check=False)

    assert answer.returncode == 2
    assert "face-match" in answer.stderr


def test_the_very_zip_that_aws_would_get_runs(calm: System) -> None:
    python = calm.status()["python"]

    assert python["very_zip"] is True
    assert str(python["version"]).startswith("3.13")


def test_no_secret_reaches_a_log_a_zip_or_what_the_command_line_shows(calm: System) -> None:
    # GIVEN a request that was answered and one that was refused
    calm.good()
    calm.ask(b"", headers={"Authorization": calm.token(expires_in_s=-1)})
    secrets = [calm.master_key, device_key(calm.master_key, DEVICE), calm.fetch_token]

    # WHEN everything that people or tools read is read
    logs = [path.read_text(errors="replace") for path in (calm.run_dir / "logs").rglob("*") if path.is_file()]
    shown = [calm.edgewise("status", "--json").stdout, calm.edgewise("up", "--json").stdout]
    zipped = [entry for path in (calm.project.root / ".edgewise" / "build").glob("*.zip") for entry in entries(path)]

    # THEN none of them holds a secret
    assert logs
    assert len(zipped) > 100
    for secret in secrets:
        assert len(secret) == 64
        assert not [text for text in [*logs, *shown] if secret in text]
        assert not [content for content in zipped if secret.encode() in content]
