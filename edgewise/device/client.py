"""Ask the edge: a tensor up, a decision down."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from edgewise.device.signing import Device, Signer
from edgewise.models.faces import ARCFACE_CHIP, DLIB_CHIP, Chip, FaceFinder
from inference.contract import DIGEST, PROBLEM_CONTENT_TYPE, REQUEST_CONTENT_TYPE, inference_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

# A cold start with a model download may use all of the function's 3 s, and CloudFront waits for it.
TIMEOUT_S: Final = 10.0
_PROBLEM_PREFIX: Final = "urn:edgewise:problem:"
# The firewall can't name the type of a problem: AWS WAF knows three types, and JSON is the nearest.
_PROBLEM_TYPES: Final = (PROBLEM_CONTENT_TYPE, "application/json")
_NOT_OURS: Final = "unknown"
# Enough of a foreign answer (a proxy's error page) to recognise it by.
_EXCERPT: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the edge decided, and what asking cost.

    Attributes
    ----------
    outputs : mapping of str to value
        The model's answer by output: truth values and numbers.
    model : str
        The digest of the artefact that answered.
    latency_ms : float
        From sending the request to the answer's last byte.
    bytes_up, bytes_down : int
        The HTTP/1.1 messages, headers included; TLS and TCP come on top.
    """

    outputs: Mapping[str, bool | int | float]
    model: str
    latency_ms: float
    bytes_up: int
    bytes_down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class InferAnswer:
    """An `Answer` about a face.

    Attributes
    ----------
    match : bool
        Whether the face is one of the enrolled ones.
    score : float
        Similarity to the nearest row, from 0 to 1.
    row : int
        That row, also when there is no match.
    model, latency_ms, bytes_up, bytes_down
        As in `Answer`, without finding the face.
    """

    match: bool
    score: float
    row: int
    model: str
    latency_ms: float
    bytes_up: int
    bytes_down: int


class EdgeError(Exception):
    """The edge refused, or something in front of it did.

    Attributes
    ----------
    status : int
        The HTTP status.
    slug : str
        The problem's kind, such as "quota"; "unknown" when the answer is none of this platform's.
    detail : str
        What happened, in the server's words.
    retry_after_s : int or None
        When to ask again, if the server said so.
    """

    def __init__(self, *, status: int, slug: str, detail: str, retry_after_s: int | None = None) -> None:
        again = "" if retry_after_s is None else f" Ask again in {retry_after_s} s."
        super().__init__(f"{status} {slug}: {detail}{again}")
        self.status = status
        self.slug = slug
        self.detail = detail
        self.retry_after_s = retry_after_s


class UnreachableError(Exception):
    """No answer came: the address is wrong, nothing listens there, or it took too long."""


class EdgeClient:
    """Keeps a connection to the edge, and the server's time once it was told.

    Parameters
    ----------
    base_url : str
        ``https://<domain>``, or the local edge's ``http://127.0.0.1:<port>``.
    device : Device
        Who asks.
    signer : Signer, optional
        For another clock or lifetime.

    Examples
    --------
    >>> with EdgeClient(base_url, device) as edge:
    ...     edge.ask(finder.aligned(Path("me.jpg")).tobytes()).outputs["match"]
    True
    """

    def __init__(self, base_url: str, device: Device, *, signer: Signer | None = None) -> None:
        self._signer = signer or Signer(device)
        self._url = base_url.rstrip("/") + inference_path(device.function, device.device_id)
        self._http = httpx.Client(timeout=TIMEOUT_S)

    def __enter__(self) -> EdgeClient:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._http.close()

    def send(self, body: bytes) -> InferAnswer:
        """Ask about a face; parameters and errors as for `ask`.

        Raises
        ------
        EdgeError
            Also when the answer is none about a face.
        """
        return _about_a_face(self.ask(body))

    def ask(self, body: bytes) -> Answer:
        """Ask once; when the server names another time than this device's, sign by it and ask once more.

        Parameters
        ----------
        body : bytes
            The raw bytes of the model's input tensor.

        Raises
        ------
        EdgeError
            When the edge refuses.
        UnreachableError
            When no answer comes.
        """
        response, latency_ms = self._post(body)
        server_time_s = _server_time_s(response)
        if server_time_s is not None:
            self._signer.set_time(server_time_s)
            response, latency_ms = self._post(body)
        if response.status_code != httpx.codes.OK:
            raise _error(response)
        return _answer(response, latency_ms)

    def _post(self, body: bytes) -> tuple[httpx.Response, float]:
        headers = {"Authorization": self._signer.authorization(), "Content-Type": REQUEST_CONTENT_TYPE}
        began = time.perf_counter()
        try:
            response = self._http.post(self._url, content=body, headers=headers)
        except httpx.InvalidURL as error:
            raise UnreachableError(f"{self._url}: no usable address ({error})") from None
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"{self._url}: no answer ({type(error).__name__}); is it the right address?"
            ) from None
        return response, (time.perf_counter() - began) * 1000


def chip_of(request_bytes: int) -> Chip | None:
    """Return how a function of this request size wants a face to lie; None when it takes no face.

    Parameters
    ----------
    request_bytes : int
        Bytes of the model's input: side times side times three colours.
    """
    return next((chip for chip in (DLIB_CHIP, ARCFACE_CHIP) if chip.side_px**2 * 3 == request_bytes), None)


def infer(
    *, base_url: str, function: str, device_id: str, key: str, kid: str, image_path: Path, chip: Chip = DLIB_CHIP
) -> InferAnswer:
    """Find the face in a photo, ask the edge about it, and return its decision.

    Parameters
    ----------
    base_url : str
        The function's endpoint.
    function, device_id, key, kid : str
        See `edgewise.device.signing.Device`.
    image_path : Path
        A PGM, JPEG or PNG file.
    chip : Chip
        How the function's model wants a face to lie, see `chip_of`.

    Raises
    ------
    edgewise.models.faces.FaceError
        When the photo can't be used.
    EdgeError, UnreachableError
        See `EdgeClient.send`.
    """
    device = Device(function=function, device_id=device_id, kid=kid, key=key)
    face = FaceFinder(say=lambda _: None).aligned(image_path, chip)
    with EdgeClient(base_url, device) as edge:
        return edge.send(face.tobytes())


def _server_time_s(response: httpx.Response) -> float | None:
    if response.status_code != httpx.codes.UNAUTHORIZED:
        return None
    told = _members(response).get("time")
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _members(response: httpx.Response) -> dict[str, Any]:
    """Return a JSON object's members, or none when the body is no JSON object."""
    try:
        members = response.json()
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _error(response: httpx.Response) -> EdgeError:
    retry_after = response.headers.get("Retry-After", "")
    retry_after_s = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    members = _members(response)
    kind = str(members.get("type", ""))
    if response.headers.get("Content-Type", "").startswith(_PROBLEM_TYPES) and kind.startswith(_PROBLEM_PREFIX):
        slug, detail = kind.removeprefix(_PROBLEM_PREFIX), str(members.get("detail", ""))
    else:
        slug, detail = _NOT_OURS, f"not this platform's answer: {response.text[:_EXCERPT]!r}"
    return EdgeError(status=response.status_code, slug=slug, detail=detail, retry_after_s=retry_after_s)


def _answer(response: httpx.Response, latency_ms: float) -> Answer:
    members = _members(response)
    outputs, model = members.get("outputs"), members.get("model")
    if (
        not isinstance(outputs, dict)
        or not all(isinstance(value, bool | int | float) for value in outputs.values())
        or not isinstance(model, str)
        or not DIGEST.fullmatch(model)
    ):
        raise EdgeError(
            status=response.status_code,
            slug=_NOT_OURS,
            detail=f"expected outputs and a model, got {response.text[:_EXCERPT]!r}",
        )
    request = response.request
    return Answer(
        outputs=outputs,
        model=model,
        latency_ms=latency_ms,
        bytes_up=_message_bytes(
            f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", request.headers, len(request.content)
        ),
        bytes_down=_message_bytes(
            f"HTTP/1.1 {response.status_code} {response.reason_phrase}",
            response.headers,
            response.num_bytes_downloaded,
        ),
    )


def _about_a_face(answer: Answer) -> InferAnswer:
    match, score, row = (answer.outputs.get(name) for name in ("match", "score", "row"))
    if not isinstance(match, bool) or score is None or isinstance(row, float) or row is None:
        raise EdgeError(
            status=httpx.codes.OK,
            slug=_NOT_OURS,
            detail=f"expected the outputs match, score and row, got {dict(answer.outputs)}; is it a face's function?",
        )
    return InferAnswer(
        match=match,
        score=float(score),
        row=row,
        model=answer.model,
        latency_ms=answer.latency_ms,
        bytes_up=answer.bytes_up,
        bytes_down=answer.bytes_down,
    )


def _message_bytes(first_line: str, headers: httpx.Headers, body_bytes: int) -> int:
    """Size of an HTTP/1.1 message: each line ends in two bytes, ": " parts a header, one empty line."""
    lines = sum(len(name) + len(value) + 4 for name, value in headers.raw)
    return len(first_line) + 2 + lines + 2 + body_bytes
