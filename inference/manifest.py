"""The manifest of a model artefact: what stands beside ``<sha256>.onnx`` and says what it is.

Standard library only: the infrastructure program, the model tools and the edge all read it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inference.contract import DIGEST, FUNCTION_NAME, MAX_REQUEST_BYTES
from inference.tensor import ELEMENT_BYTES, TensorSpec

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

__all__ = ["ELEMENT_BYTES", "Manifest", "ManifestError", "TensorSpec"]


class ManifestError(ValueError):
    """A manifest that can't be used; the text names the key, the value and what is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What an artefact is and how good it is.

    Attributes
    ----------
    name : str
        The catalogue's name.
    digest : str
        ``sha256:`` and the hexadecimal digest of the file.
    bytes : int
        The file's size.
    input : TensorSpec
        The graph's one input: a request's body is exactly its raw bytes.
    outputs : tuple of str
        All outputs of the graph.
    answer : tuple of str
        The outputs that a device gets, in this order; the others exist for evaluation.
    accuracy : mapping of str to float
        Measured figures by variant, ``{"fp32": .., "int8": ..}``, each from 0 to 1.
    data : str
        The data that `accuracy` was measured on.
    recipe : str
        The version of the recipe that built the artefact.
    """

    name: str
    digest: str
    bytes: int
    input: TensorSpec
    outputs: tuple[str, ...]
    answer: tuple[str, ...]
    accuracy: Mapping[str, float]
    data: str
    recipe: str

    @property
    def request_bytes(self) -> int:
        """The exact size of a request's body in bytes."""
        return self.input.size_bytes

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest and check every field.

        Parameters
        ----------
        text : str
            A JSON object with exactly the keys of this class.

        Raises
        ------
        ManifestError
            Names the key, the value and what is expected.
        """
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise ManifestError(f"manifest: not JSON ({error}); expected one object") from None
        fields = _object(raw, "manifest", set(cls.__dataclass_fields__))
        outputs = _names(fields["outputs"], "outputs")
        answer = _names(fields["answer"], "answer")
        for name in answer:
            if name not in outputs:
                raise ManifestError(f"answer: {name!r} is none of the outputs {list(outputs)}")
        return cls(
            name=_matching(fields["name"], "name", FUNCTION_NAME, "lower-case letters, digits and '-'"),
            digest=_matching(fields["digest"], "digest", DIGEST, "'sha256:' and 64 hexadecimal digits"),
            bytes=_positive(fields["bytes"], "bytes"),
            input=_tensor(fields["input"]),
            outputs=outputs,
            answer=answer,
            accuracy=_accuracy(fields["accuracy"]),
            data=_text(fields["data"], "data"),
            recipe=_text(fields["recipe"], "recipe"),
        )

    def to_json(self) -> str:
        """Return the manifest as JSON text, keys sorted, so that equal manifests are equal bytes."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def _object(raw: object, key: str, expected: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ManifestError(f"{key}: {raw!r} is no object; expected the keys {sorted(expected)}")
    if missing := expected - raw.keys():
        raise ManifestError(f"{key}: missing {sorted(missing)}; add them")
    if unknown := raw.keys() - expected:
        raise ManifestError(f"{key}: unknown {sorted(unknown)}; expected only {sorted(expected)}")
    return raw


def _text(raw: object, key: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ManifestError(f"{key}: {raw!r} is no text; expected a string that is not empty")
    return raw


def _matching(raw: object, key: str, pattern: re.Pattern[str], meaning: str) -> str:
    text = _text(raw, key)
    if not pattern.fullmatch(text):
        raise ManifestError(f"{key}: {text!r} does not fit; expected {meaning}")
    return text


def _positive(raw: object, key: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 1:
        raise ManifestError(f"{key}: {raw!r} is no whole number of at least 1")
    return raw


def _names(raw: object, key: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise ManifestError(f"{key}: {raw!r} is no list of names; expected at least one")
    names = tuple(_text(item, f"{key}[{index}]") for index, item in enumerate(raw))
    if len(set(names)) != len(names):
        raise ManifestError(f"{key}: {list(names)} names an output twice")
    return names


def _tensor(raw: object) -> TensorSpec:
    fields = _object(raw, "input", {"dtype", "shape"})
    dtype = _text(fields["dtype"], "input.dtype")
    if dtype not in ELEMENT_BYTES:
        raise ManifestError(f"input.dtype: {dtype!r} is not supported; expected one of {sorted(ELEMENT_BYTES)}")
    if not isinstance(fields["shape"], list):
        raise ManifestError(f"input.shape: {fields['shape']!r} is no list of sizes")
    shape = tuple(_positive(size, f"input.shape[{index}]") for index, size in enumerate(fields["shape"]))
    tensor = TensorSpec(dtype=dtype, shape=shape)
    if tensor.size_bytes > MAX_REQUEST_BYTES:
        raise ManifestError(
            f"input: {tensor.size_bytes} bytes; Lambda@Edge exposes {MAX_REQUEST_BYTES}: use a smaller input"
        )
    return tensor


def _accuracy(raw: object) -> dict[str, float]:
    if not isinstance(raw, dict) or not raw:
        raise ManifestError(f"accuracy: {raw!r} is no object of figures, such as {{'int8': 0.98}}")
    figures = {}
    for name, figure in raw.items():
        if not isinstance(figure, int | float) or isinstance(figure, bool) or not 0 <= figure <= 1:
            raise ManifestError(f"accuracy.{name}: {figure!r} is no number from 0 to 1")
        figures[name] = float(figure)
    return figures
