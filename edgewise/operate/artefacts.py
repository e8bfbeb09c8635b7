"""Model artefacts as a rollout needs them: from this machine's cache or the stack's bucket, their digest verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate.steps import OperateError, RefusedError, asking
from edgewise.paths import cache_dir
from inference.contract import model_path

if TYPE_CHECKING:
    from edgewise.operate.cloud import Cloud, Target

# As the deployment uploads it: infra/components/model_store.py.
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
CONTENT_TYPE: Final = "application/octet-stream"
_MISSING: Final = ("NoSuchKey", "404")


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """What a device sends and gets.

    Attributes
    ----------
    dtype : str
        The input's element type, numpy's name.
    shape : tuple of int
        The input's sizes.
    answer : str
        Names of the answered outputs, by comma.
    """

    dtype: str
    shape: tuple[int, ...]
    answer: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.dtype} {'x'.join(map(str, self.shape))} answering {self.answer}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An artefact, verified.

    Attributes
    ----------
    model : bytes
    in_bucket : bool
        Whether the bucket has it, unspoilt.
    """

    model: bytes
    in_bucket: bool


def find(cloud: Cloud, target: Target, digest: str) -> Found:
    """Return an artefact, from the bucket or else from the cache.

    Raises
    ------
    RefusedError
        When neither has the very bytes.
    OperateError
        When the bucket can't be asked.
    """
    with asking(f"model {digest[:19]} in bucket {target.bucket}"):
        held = _in_bucket(cloud, target, digest)
    if held is not None and _digest(held) == digest:
        return Found(model=held, in_bucket=True)
    path = cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx"
    if path.is_file() and _digest(model := path.read_bytes()) == digest:
        return Found(model=model, in_bucket=False)
    raise RefusedError(
        f"model {digest}: neither bucket {target.bucket} nor {path} has these very bytes; build it "
        "(`make up` builds what a stack pins) or put it there"
    )


def upload(cloud: Cloud, target: Target, digest: str, model: bytes) -> None:
    """Put an artefact where the deployment would."""
    cloud.s3.put_object(
        Bucket=target.bucket,
        Key=model_path(digest).lstrip("/"),
        Body=model,
        ContentType=CONTENT_TYPE,
        CacheControl=CACHE_CONTROL,
    )


def interface(model: bytes) -> Interface:
    """Read what a device sends and gets out of the graph itself.

    Raises
    ------
    OperateError
        When it is no model of this platform.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types

    from edgewise.models.enrol import ANSWER_KEY

    try:
        loaded = onnx.load_from_string(model)
        tensor = loaded.graph.input[0].type.tensor_type
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except (DecodeError, IndexError, KeyError, ValueError) as error:
        raise OperateError(f"an artefact is no ONNX model with an input: {type(error).__name__}") from error
    metadata = {entry.key: entry.value for entry in loaded.metadata_props}
    return Interface(
        dtype=dtype,
        shape=tuple(size.dim_value for size in tensor.shape.dim),
        answer=metadata.get(ANSWER_KEY, ""),
    )


def _in_bucket(cloud: Cloud, target: Target, digest: str) -> bytes | None:
    try:
        answer: Any = cloud.s3.get_object(Bucket=target.bucket, Key=model_path(digest).lstrip("/"))
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            return None
        raise
    body: bytes = answer["Body"].read()
    return body


def _digest(model: bytes) -> str:
    return "sha256:" + hashlib.sha256(model).hexdigest()
