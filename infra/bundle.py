"""What is shipped: the functions' zips and the gate's code, byte for byte the same whenever built."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edgewise.paths import PROJECT_ROOT, build_dir
from inference.contract import MAX_EXPIRY_AHEAD_S
from infra import limits
from infra.edge_python import EdgePython
from infra.imported import imported
from infra.layer import HOME, compile_tree, dependency_layer

HANDLER: Final = "inference.handler.handler"
HomeFunction = Literal["settle", "guard"]
HOME_ZIP_BYTES: Final = 50_000_000  # AWS Lambda quotas: deployment package, 50 MB zipped for direct upload.
GATE_PLACEHOLDER: Final = "__GATE_CONFIG__"
# A zip entry carries a date; 1980 is the first that the format knows (APPNOTE.TXT, 4.4.6).
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
MODE: Final = 0o100644


class BundleError(ValueError):
    """What was built can't be shipped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeConfig:
    """What is baked into the zip, since Lambda@Edge allows no environment variables: names, no secret, no domain."""

    function: str
    table: str
    region: str
    edge: str

    def to_json(self) -> str:
        """Return the text of ``inference/config.json``."""
        content = {"edge": self.edge, "function": self.function, "region": self.region, "table": self.table}
        return json.dumps(content, indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaZip:
    """A zip for Lambda.

    Attributes
    ----------
    path : Path
    sha256 : str
        64 hexadecimal digits.
    runtime : str
        Lambda's name of the Python that it is compiled for.
    handler : str
    """

    path: Path
    sha256: str
    runtime: str
    handler: str


class EdgeZip(LambdaZip):
    """A zip for Lambda@Edge, which accepts less than Lambda."""

    __slots__ = ()


class HomeZip(LambdaZip):
    """A zip for a function of the home Region."""

    __slots__ = ()


def edge_zip(config: EdgeConfig, python: EdgePython) -> EdgeZip:
    """Build a function's zip, or find it built from the same inputs.

    It holds what the handler reaches of ``inference``, imported at once or later: a change of anything else publishes
    no new version, which would go to every edge.

    Parameters
    ----------
    config : EdgeConfig
    python : EdgePython
        The interpreter that it is for.

    Raises
    ------
    BundleError
        When the zip is larger than Lambda@Edge accepts.
    """
    layer = dependency_layer(python)
    sources = _reached([_inference() / "handler.py"])
    sources["inference/config.json"] = config.to_json().encode()
    path = _zip(config.function, layer, sources, python)
    size = path.stat().st_size
    if size > limits.ZIP_BYTES:
        raise BundleError(
            f"{config.function}: the zip has {size} bytes; Lambda@Edge accepts {limits.ZIP_BYTES} "
            "(Amazon CloudFront quotas): trim infra/layer.py"
        )
    return EdgeZip(path=path, sha256=_sha256(path), runtime=_runtime(python), handler=HANDLER)


def home_zip(name: HomeFunction, python: EdgePython) -> HomeZip:
    """Build the zip of a home Region's function, or find it built from the same inputs.

    It holds ``inference/<name>/`` and what that imports of ``inference``: a change of anything else changes no byte.

    Parameters
    ----------
    name : {"settle", "guard"}
    python : EdgePython
        The interpreter that it is for.

    Raises
    ------
    BundleError
        When there is no handler, or the zip is larger than Lambda accepts.
    """
    folder = _inference() / name
    if not (folder / "handler.py").is_file():
        raise BundleError(f"inference/{name}/handler.py is missing: nothing could call the function {name}")
    layer = dependency_layer(python, HOME)
    path = _zip(name, layer, _reached(sorted(folder.rglob("*.py"))), python)
    size = path.stat().st_size
    if size > HOME_ZIP_BYTES:
        raise BundleError(
            f"{name}: the zip has {size} bytes; Lambda accepts {HOME_ZIP_BYTES} in an upload "
            "(AWS Lambda quotas): trim infra/layer.py"
        )
    return HomeZip(
        path=path, sha256=_sha256(path), runtime=_runtime(python), handler=f"inference.{name}.handler.handler"
    )


def gate_code(function: str, request_bytes: int) -> str:
    """Return the gate's JavaScript with a function's name and its model's input size baked in.

    Raises
    ------
    BundleError
        When the code is larger than CloudFront Functions accept.
    """
    config = {"function": function, "requestBytes": request_bytes, "maxExpiryAheadS": MAX_EXPIRY_AHEAD_S}
    source = (_inference() / "gate" / "gate.js").read_text()
    if source.count(GATE_PLACEHOLDER) != 1:
        raise BundleError(f"inference/gate/gate.js must have {GATE_PLACEHOLDER} once")
    code = source.replace(GATE_PLACEHOLDER, json.dumps(config, separators=(",", ":"), sort_keys=True))
    if len(code.encode()) > limits.GATE_BYTES:
        raise BundleError(
            f"{function}: the gate has {len(code.encode())} bytes; CloudFront Functions accept {limits.GATE_BYTES} "
            "(Amazon CloudFront quotas)"
        )
    return code


def _inference() -> Path:
    return PROJECT_ROOT / "inference"


def _reached(modules: list[Path]) -> dict[str, bytes]:
    """Return modules and all that they import of ``inference``, by their names in the zip."""
    root = _inference().parent
    return {str(path.relative_to(root)): path.read_bytes() for path in imported(modules, _inference())}


def _zip(name: str, layer: Path, sources: dict[str, bytes], python: EdgePython) -> Path:
    """Return the zip of a layer and some sources; its name tells all that goes into it."""
    inputs = hashlib.sha256(f"{layer.name} {python.version}".encode())
    for file, content in sorted(sources.items()):
        inputs.update(f"{file} {hashlib.sha256(content).hexdigest()}\n".encode())
    target = build_dir() / f"{name}-{inputs.hexdigest()[:32]}.zip"
    if not target.exists():
        _build(target, layer, sources, python)
    return target


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _runtime(python: EdgePython) -> str:
    return f"python{python.minor}"


def _build(target: Path, layer: Path, sources: dict[str, bytes], python: EdgePython) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        stage = Path(folder) / "task"
        for name, content in sources.items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        compile_tree(stage, python)
        unfinished = Path(folder) / "zip"
        _write_zip(unfinished, [layer, stage])
        shutil.move(unfinished, target)


def _write_zip(target: Path, trees: list[Path]) -> None:
    files = {str(path.relative_to(tree)): path for tree in trees for path in tree.rglob("*") if path.is_file()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it was built, so that the mode counts.
            entry.external_attr = MODE << 16
            archive.writestr(entry, path.read_bytes())
