"""A request's way downhill: path, method, lease, model, body, inference, answer."""

from __future__ import annotations

import binascii
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference.contract import MAX_REQUEST_BYTES, RECEIPT_HEADER, parse_path
from inference.holder import LeaseHolder, Permit
from inference.lease import Refused
from inference.problem import Response, problem, response
from inference.session import WrongSizeError
from inference.shelf import ModelUnavailableError, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

# A response that an origin-request function generates may have 1 MB, headers included: AWS, Amazon CloudFront Developer
# Guide, "Quotas on Lambda@Edge". 4 KB are left for the headers.
MAX_ANSWER_BYTES: Final = 1_000_000 - 4_096
# Kept back of a call's time for the inference itself and the answer.
RESERVE_S: Final = 0.3
# For the ledger and for the model, each, at most.
STEP_S: Final = 2.0


_REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "day": ("quota", "The day's quota is used up; it starts anew at midnight UTC."),
    "month": ("quota", "The month's quota is used up; it starts anew with the month, UTC."),
    "cold": ("quota", "No more processes may start today; it starts anew at midnight UTC."),
    "renewals": ("quota", "No more leases are granted today; it starts anew at midnight UTC."),
    "device": ("quota", "This device has used its share; the others' is kept for them."),
    "closed": ("closed", "The function is closed by its owner."),
    "ledger": ("ledger", "Whether the quota allows this request can't be found out now."),
}


@dataclass(kw_only=True, slots=True)
class _Answered:
    """What became of a request, for the receipt."""

    slug: str
    bytes_up: int = 0
    bytes_down: int = 0
    score: float | None = None


class TruncatedError(ValueError):
    """The platform cut the body."""


class Edge:
    """Answers the requests of one function.

    Parameters
    ----------
    function : str
        The function's name in the path.
    leases : LeaseHolder
        Says whether a request may be answered.
    shelf : Shelf
        Holds the model.
    log : callable
        Takes one line. It never gets a payload, a header or a secret.
    clock : callable
        Seconds that measure an answer's time.
    """

    def __init__(
        self,
        *,
        function: str,
        leases: LeaseHolder,
        shelf: Shelf,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._function = function
        self._leases = leases
        self._shelf = shelf
        self._log = log
        self._clock = clock

    def handle(self, event: Any, context: Any) -> Response:
        """Answer an event of CloudFront's; never raise.

        Parameters
        ----------
        event : dict
            The origin-request event, with its body.
        context : object
            Lambda's context: its remaining time bounds the waiting for ledger and model.

        Returns
        -------
        dict
            An answer or a problem, in Lambda@Edge's form.
        """

        def left_s() -> float:
            return float(context.get_remaining_time_in_millis()) / 1000

        try:
            return self._answer(event["Records"][0]["cf"]["request"], left_s)
        except Exception as error:  # the client gets a problem, never a traceback
            self._log(f"failed: {_where(error)}")
            return problem("failed", "The request could not be answered.")

    def _answer(self, request: dict[str, Any], left_s: Callable[[], float]) -> Response:
        path = parse_path(str(request.get("uri", "")))
        if path is None or path.function != self._function:
            return problem("not-found", f"Paths are /v1/{self._function}/<device-id>.")
        if request.get("method") != "POST":
            # The gate refuses both before Lambda is paid for; no lease is spent on them.
            return problem("method", "Only POST is allowed here.", allow="POST")
        began_s = self._clock()
        permit = self._leases.take(path.device_id, timeout_s=_step_s(left_s))
        if isinstance(permit, Refused):
            return self._refusal(permit)
        answered = _Answered(slug="failed")
        try:
            told = self._infer(request, permit, left_s, answered)
        except Exception as error:  # the client gets a problem, never a traceback
            self._log(f"failed: {_where(error)}")
            told = problem("failed", "The request could not be answered.")
        receipt_id = self._leases.done(
            permit,
            answered.slug,
            elapsed_ms=(self._clock() - began_s) * 1000,
            bytes_up=answered.bytes_up,
            bytes_down=answered.bytes_down,
            score=answered.score,
        )
        # Ties an answer to what the ledger hears of it; says nothing about the device.
        told["headers"][RECEIPT_HEADER.lower()] = [{"key": RECEIPT_HEADER, "value": receipt_id}]
        return told

    def _infer(
        self, request: dict[str, Any], permit: Permit, left_s: Callable[[], float], answered: _Answered
    ) -> Response:
        limits = permit.limits
        try:
            session = self._shelf.session(limits, timeout_s=_step_s(left_s))
            body = _bytes(request.get("body") or {})
            answered.bytes_up = len(body)
            outputs = session.run(body)
        except ModelUnavailableError as error:
            answered.slug = "model"
            if error.first_told:
                self._log(f"model: {error}")
            return problem("model", "The model can't be loaded now.", retry_after_s=error.retry_after_s)
        except TruncatedError:
            answered.slug = "too-large"
            return problem("too-large", f"At most {MAX_REQUEST_BYTES} bytes are read.")
        except WrongSizeError as error:
            answered.slug = "wrong-size"
            return problem("wrong-size", str(error))
        text = json.dumps({"outputs": outputs, "model": limits.model_digest}, allow_nan=False)
        if len(text) > MAX_ANSWER_BYTES:
            raise ValueError(f"the answer has {len(text)} bytes; at most {MAX_ANSWER_BYTES} may be answered")
        score = outputs.get("score")
        answered.slug, answered.bytes_down = "ok", len(text)
        answered.score = float(score) if isinstance(score, float) else None
        return response(200, "application/json", text)

    def _refusal(self, refused: Refused) -> Response:
        if refused.reason and refused.first_told:
            self._log(f"ledger: {refused.reason}")
        slug, detail = _REFUSALS[refused.cause]
        return problem(slug, detail, retry_after_s=refused.retry_after_s)


def _step_s(left_s: Callable[[], float]) -> float:
    return min(STEP_S, left_s() - RESERVE_S)


def _bytes(carried: dict[str, Any]) -> bytes:
    """Return the body's bytes; CloudFront hands them over as base64."""
    if carried.get("inputTruncated"):
        raise TruncatedError
    try:
        return binascii.a2b_base64(carried.get("data") or "", strict_mode=True)
    except ValueError:
        raise WrongSizeError("The body did not arrive as base64.") from None


def _where(error: BaseException) -> str:
    """Return an error's kind and place. Its text stays out of the log: it may quote a payload."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "unknown"
    return f"{type(error).__name__} at {place}"
