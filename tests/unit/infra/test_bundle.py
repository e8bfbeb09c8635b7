"""The real zip and the real gate: the same bytes whenever built, small enough, nothing in them that doesn't belong."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.paths import PROJECT_ROOT
from edgewise.python313 import find_python313
from infra import bundle, limits
from infra.bundle import BundleError, EdgeConfig, EdgeZip, edge_zip, gate_code
from infra.edge_python import EdgePython

CONFIG = EdgeConfig(function="face-match", table="edgewise-local-ledger", region="us-east-1", edge="cloudfront")


@pytest.fixture(scope="module")
def python() -> EdgePython:
    found = find_python313(build=True, say=print)
    assert found, "the zip needs a Python 3.13: install python3.13, or run as root where debootstrap can be had"
    return EdgePython(version=found.version, python313=found)


def build_in(
    folder: Path, python: EdgePython, config: EdgeConfig = CONFIG, *, inference: Path | None = None
) -> EdgeZip:
    """Build with cache and build folder of its own; only the installer's downloads are shared."""
    downloads = os.environ.get("UV_CACHE_DIR") or str(
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", downloads)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(bundle, "build_dir", lambda: folder / "build")
        if inference is not None:
            patch.setattr(bundle, "_inference", lambda: inference)
        return edge_zip(config, python)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, python: EdgePython) -> Iterator[EdgeZip]:
    yield build_in(tmp_path_factory.mktemp("first"), python)


def names(zip_file: EdgeZip) -> list[str]:
    with zipfile.ZipFile(zip_file.path) as archive:
        return archive.namelist()


def test_built_twice_in_different_folders_the_zip_is_identical(
    built: EdgeZip, python: EdgePython, tmp_path: Path
) -> None:
    again = build_in(tmp_path / "a" / "deeper" / "folder", python)

    assert again.path != built.path
    assert again.sha256 == built.sha256
    assert hashlib.sha256(again.path.read_bytes()).hexdigest() == again.sha256


def test_another_name_is_another_zip(built: EdgeZip, python: EdgePython) -> None:
    other = EdgeConfig(function="other", table=CONFIG.table, region=CONFIG.region, edge=CONFIG.edge)

    assert build_in(built.path.parent.parent, python, other).sha256 != built.sha256


@pytest.mark.parametrize(
    ("modules", "changes"),
    [
        (["shelf.py"], True),  # imported while the first lease is on its way
        (["tensor.py"], True),  # imported by what is imported then
        (["lake.py", "telemetry.py", "manifest.py", "settle/handler.py", "guard/handler.py"], False),
    ],
    ids=["late", "later", "not-reached"],
)
def test_only_what_the_handler_reaches_changes_the_zip(
    modules: list[str], changes: bool, built: EdgeZip, python: EdgePython, tmp_path: Path
) -> None:
    package = tmp_path / "inference"
    shutil.copytree(PROJECT_ROOT / "inference", package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in modules:
        with (package / module).open("a") as file:
            file.write("\n")

    again = build_in(built.path.parent.parent, python, inference=package)

    assert (again.sha256 != built.sha256) is changes


# Lambda's Python without this checkout: the handler, what it imports while its lease is on its way, and an answer that
# needs none. Nobody listens where the ledger should be.
IMPORTS = """
import os, sys
os.environ |= {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
os.environ |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
sys.path.insert(0, sys.argv[1])
from inference import handler
answer = handler.handler({"Records": [{"cf": {"request": {"method": "GET", "uri": "/v1/face-match/cam"}}}]}, None)
print(answer["status"])
print(*sorted(name for name in sys.modules if name.startswith("inference.")))
"""


def test_the_zip_alone_imports_and_answers(built: EdgeZip, python: EdgePython, tmp_path: Path) -> None:
    task = tmp_path / "task"
    shutil.unpack_archive(built.path, task)

    ran = subprocess.run(
        [*python.command(tmp_path), "-I", "-c", IMPORTS, str(task)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    status, modules = ran.stdout.splitlines()
    assert status == "405"
    shipped = {name for name in names(built) if name.startswith("inference/") and name.endswith(".py")}
    loaded = {f"{name.replace('.', '/')}.py" for name in modules.split()}
    assert loaded < shipped
    assert {"inference/edge.py", "inference/shelf.py", "inference/session.py"} <= loaded


def test_the_zip_is_under_the_platforms_limit(built: EdgeZip) -> None:
    assert built.path.stat().st_size < limits.ZIP_BYTES == 50_000_000


def test_every_module_has_its_byte_code(built: EdgeZip) -> None:
    modules = [name for name in names(built) if name.endswith(".py")]
    compiled = set(names(built))

    assert len(modules) > 100
    for module in modules:
        folder, _, file = module.rpartition("/")
        assert f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-313.pyc" in compiled


def test_byte_code_is_used_without_looking_at_file_times(built: EdgeZip) -> None:
    with zipfile.ZipFile(built.path) as archive:
        code = archive.read("inference/__pycache__/handler.cpython-313.pyc")

    # PEP 552: bit 0 of the flags means hash-based, bit 1 that the source is checked.
    assert int.from_bytes(code[4:8], "little") == 0b01


def test_no_test_no_stub_and_no_second_runtime_library_is_shipped(built: EdgeZip) -> None:
    for name in names(built):
        parts = name.split("/")
        assert not {"tests", "test", "testing", "transformers", "quantization"} & set(parts), name
        assert not name.endswith((".pyi", ".h", ".pxd")), name
        assert "libonnxruntime.so" not in name, name
    assert "onnxruntime/capi/libonnxruntime_providers_shared.so" in names(built)


def test_the_licences_of_what_is_shipped_are_shipped(built: EdgeZip) -> None:
    assert any(name.startswith("numpy-") and "/licenses/" in name for name in names(built))
    assert "onnxruntime/LICENSE" in names(built)


def test_the_zip_holds_no_secret_and_no_path_of_the_machine(built: EdgeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a secret would look like: a long hexadecimal text, a private key, an access key id, this machine's paths."""
    here = [str(PROJECT_ROOT).encode(), str(built.path.parent.parent).encode()]
    with zipfile.ZipFile(built.path) as archive:
        own = {name: archive.read(name) for name in archive.namelist() if name.startswith("inference/")}
        compiled = [archive.read(name) for name in archive.namelist() if name.endswith(".pyc")]

    assert own["inference/config.json"].decode() == CONFIG.to_json()
    for name, content in own.items():
        for sign in (b"BEGIN PRIVATE KEY", b"BEGIN RSA PRIVATE KEY", b"AKIA", b"aws_secret_access_key"):
            assert sign not in content, name
        assert not _has_long_hex(content), name
    for content in [*own.values(), *compiled]:
        for path in here:
            assert path not in content


def _has_long_hex(content: bytes) -> bool:
    run = 0
    for byte in content:
        run = run + 1 if byte in b"0123456789abcdef" else 0
        if run >= 64:
            return True
    return False


def test_a_planted_secret_would_be_seen() -> None:
    assert _has_long_hex(b"token = '" + hashlib.sha256(b"secret").hexdigest().encode() + b"'")


def test_a_zip_over_the_limit_is_refused_with_both_figures(
    built: EdgeZip, python: EdgePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ZIP_BYTES", 1_000_000)

    with pytest.raises(BundleError, match=rf"face-match: the zip has {built.path.stat().st_size} bytes.*1000000"):
        build_in(built.path.parent.parent, python)


def test_the_gate_has_its_function_and_size_baked_in_and_fits() -> None:
    code = gate_code("face-match", 67_500)

    assert '{"function":"face-match","maxExpiryAheadS":300,"requestBytes":67500}' in code
    assert "__GATE_CONFIG__" not in code
    assert len(code.encode()) <= limits.GATE_BYTES


def test_a_gate_over_the_limit_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GATE_BYTES", 1_000)

    with pytest.raises(BundleError, match=r"face-match: the gate has \d+ bytes; CloudFront Functions accept 1000"):
        gate_code("face-match", 67_500)
