"""The zips of settle and the guard: what their handlers reach and the AWS client, the same bytes whenever built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from edgewise.paths import PROJECT_ROOT
from edgewise.python313 import find_python313
from infra import bundle
from infra.bundle import BundleError, HomeZip, home_zip
from infra.edge_python import EdgePython
from infra.imported import ImportedError, imported

HANDLER = "from inference.settle import alerts\nfrom inference import lake\n\ndef handler(event, context): ...\n"
FILES = {
    "__init__.py": "",
    "lake.py": "import json\nfrom inference.names import PREFIX\n",
    "names.py": "PREFIX = 'receipts'\n",
    "session.py": "import onnxruntime\n",
    "settle/__init__.py": "",
    "settle/handler.py": HANDLER,
    "settle/alerts.py": "import botocore.session\n",
    "guard/__init__.py": "",
    "guard/handler.py": "from inference.common.aws import client\n",
    "common/__init__.py": "",
    "common/aws.py": "from botocore.session import Session as client\n",
}
# What a real settle or guard does first: a client of each service, and SigV4A, which only awscrt can sign.
CLIENTS = """
import sys
sys.path.insert(0, sys.argv[1])
from botocore.session import Session

class Signed(Exception):
    pass

def stop(request, **_):
    raise Signed(request.headers["Authorization"].decode())

session = Session()
session.set_credentials("id", "secret")
for name in ("s3", "sns", "cloudfront", "cloudfront-keyvaluestore"):
    client = session.create_client(name, region_name="us-east-1")
client.meta.events.register("before-send", stop)
arn = "arn:aws:cloudfront::000000000000:key-value-store/00000000-0000-0000-0000-000000000000"
try:
    client.describe_key_value_store(KvsARN=arn)
except Signed as signed:
    print(signed)
"""


@pytest.fixture(scope="module")
def python() -> EdgePython:
    found = find_python313(build=True, say=print)
    assert found, "the zip needs a Python 3.13: install python3.13, or run as root where debootstrap can be had"
    return EdgePython(version=found.version, python313=found)


def write(folder: Path, **changed: str) -> Path:
    """Write a small `inference`; keywords name files with ``__`` for ``/``."""
    package = folder / "inference"
    for name, text in (FILES | {key.replace("__", "/") + ".py": text for key, text in changed.items()}).items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def build(
    folder: Path, python: EdgePython, name: bundle.HomeFunction = "settle", *, cache: Path | None = None
) -> HomeZip:
    """Build from ``folder/inference`` with a build folder of its own, and a cache of its own if one is given."""
    downloads = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    with pytest.MonkeyPatch.context() as patch:
        if cache is not None:
            patch.setenv("UV_CACHE_DIR", os.environ.get("UV_CACHE_DIR") or str(downloads))
            patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setattr(bundle, "_inference", lambda: folder / "inference")
        patch.setattr(bundle, "build_dir", lambda: folder / "build")
        return home_zip(name, python)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, python: EdgePython) -> HomeZip:
    folder = tmp_path_factory.mktemp("home")
    write(folder)
    return build(folder, python)


def names(zip_file: HomeZip) -> set[str]:
    with zipfile.ZipFile(zip_file.path) as archive:
        return set(archive.namelist())


def own(zip_file: HomeZip) -> set[str]:
    return {name for name in names(zip_file) if name.startswith("inference/") and name.endswith(".py")}


def test_built_twice_from_nothing_the_zip_is_identical(built: HomeZip, python: EdgePython, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere")

    again = build(tmp_path / "elsewhere", python, cache=tmp_path / "cache")

    assert again.path != built.path
    assert again.path.read_bytes() == built.path.read_bytes()
    assert again.sha256 == built.sha256


def test_the_zip_holds_what_the_handler_reaches_and_nothing_else_of_ours(built: HomeZip, python: EdgePython) -> None:
    guard = build(built.path.parent.parent, python, "guard")

    assert own(built) == {
        f"inference/{name}.py"
        for name in ("__init__", "lake", "names", "settle/__init__", "settle/alerts", "settle/handler")
    }
    assert own(guard) == {
        f"inference/{name}.py"
        for name in ("__init__", "common/__init__", "common/aws", "guard/__init__", "guard/handler")
    }
    assert (built.handler, guard.handler) == ("inference.settle.handler.handler", "inference.guard.handler.handler")
    assert built.runtime == guard.runtime == "python3.13"


@pytest.mark.parametrize(
    ("changed", "changes"),
    [("settle__alerts", True), ("names", True), ("session", False), ("guard__handler", False)],
)
def test_only_what_it_reaches_changes_the_zip(
    changed: str, changes: bool, built: HomeZip, python: EdgePython, tmp_path: Path
) -> None:
    write(tmp_path, **{changed: FILES[changed.replace("__", "/") + ".py"] + "\n"})

    assert (build(tmp_path, python).sha256 != built.sha256) is changes


def test_the_zip_is_small_and_knows_the_services_that_are_called_and_no_other(built: HomeZip) -> None:
    code = "".join(
        path.read_text() for name in ("settle", "guard") for path in (PROJECT_ROOT / "inference" / name).glob("*.py")
    )
    called = set(re.findall(r'client\(\s*"([a-z0-9-]+)"', code))
    services = {
        name.split("/")[2] for name in names(built) if name.startswith("botocore/data/") and name.count("/") > 2
    }

    assert services == called == {"s3", "sns", "cloudfront", "cloudfront-keyvaluestore"}
    assert len({name.split("/")[3] for name in names(built) if name.startswith("botocore/data/cloudfront/")}) == 1
    # Measured: 7.0 MB. A start-up unpacks it, so a new dependency must not come in unseen.
    assert built.path.stat().st_size < 8_000_000


def test_every_module_has_its_byte_code_and_every_licence_is_shipped(built: HomeZip) -> None:
    found = names(built)
    modules = [name for name in found if name.endswith(".py")]

    assert len(modules) > 100
    for module in modules:
        folder, _, file = module.rpartition("/")
        assert f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-313.pyc".lstrip("/") in found
    for package in ("awscrt", "botocore", "jmespath", "python_dateutil", "six", "urllib3"):
        assert any(name.startswith(f"{package}-") and "licen" in name.lower() for name in found), package


def test_nothing_that_no_client_reads_is_shipped(built: HomeZip) -> None:
    for name in names(built):
        assert not {"tests", "bin", "onnxruntime", "numpy"} & set(name.split("/")), name
        assert not name.startswith("."), name
        assert "examples-" not in name, name


def test_under_3_13_every_client_starts_and_signs_for_the_key_value_store(
    built: HomeZip, python: EdgePython, tmp_path: Path
) -> None:
    task = tmp_path / "task"
    shutil.unpack_archive(built.path, task)

    answer = subprocess.run(
        [*python.command(tmp_path), "-I", "-c", CLIENTS, str(task)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("AWS4-ECDSA-P256-SHA256 ")


@pytest.mark.parametrize("name", ["settle", "guard"])
def test_under_3_13_the_real_handler_starts_from_its_zip_alone(
    name: bundle.HomeFunction, python: EdgePython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "build_dir", lambda: tmp_path / "build")
    built = home_zip(name, python)
    shutil.unpack_archive(built.path, tmp_path / "task")

    module, _, function = built.handler.rpartition(".")
    start = f"import sys; sys.path.insert(0, {str(tmp_path / 'task')!r}); from {module} import {function} as handler; "
    answer = subprocess.run(
        [*python.command(tmp_path), "-I", "-c", start + "print(callable(handler))"],
        cwd=tmp_path,
        env={"AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout == "True\n", answer.stderr
    assert built.path.stat().st_size < 9_000_000
    assert "inference/handler.py" not in own(built), "the edge's handler brings onnxruntime"


def test_without_a_handler_there_is_no_zip(python: EdgePython, tmp_path: Path) -> None:
    (write(tmp_path) / "guard" / "handler.py").unlink()

    with pytest.raises(BundleError, match=r"inference/guard/handler.py is missing"):
        build(tmp_path, python, "guard")


def test_a_zip_over_the_limit_is_refused_with_both_figures(
    built: HomeZip, python: EdgePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "HOME_ZIP_BYTES", 1_000_000)

    with pytest.raises(BundleError, match=rf"settle: the zip has {built.path.stat().st_size} bytes.*1000000"):
        build(built.path.parent.parent, python)


def test_imports_in_a_circle_end_and_a_relative_one_is_refused(tmp_path: Path) -> None:
    package = write(tmp_path, names="import inference.lake\n", settle__alerts="from . import handler\n")

    assert [path.name for path in imported([package / "lake.py"], package)] == ["__init__.py", "lake.py", "names.py"]
    with pytest.raises(ImportedError, match=r"alerts.py, line 1: a relative import"):
        imported([package / "settle" / "alerts.py"], package)
