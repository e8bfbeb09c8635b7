"""The model that an edge process answers with: the one its lease names, or none.

Two models stay on the shelf, the pinned one and a canary, or the new one and the one before it: leases take turns, and
a rollback works at once and costs no download. A third is loaded before the least recently used one is dropped. If a
model can't be had, the answer is "no model" and not another model's: an owner changes the digest because the old
answers are no longer wanted, and that has to reach every edge within one lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inference.artefact import DEADLINE_S, ArtefactError, fetch
from inference.machine import KEPT_MODELS
from inference.session import ModelError, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.limits import Limits

# A failed load is remembered, doubling up to a minute: each try may cost a download, and a flood must not buy many.
FIRST_PAUSE_S: Final = 5.0
MAX_PAUSE_S: Final = 60.0


class ModelUnavailableError(Exception):
    """The lease's model can't be had now.

    Attributes
    ----------
    retry_after_s : float
        Seconds until the next try.
    first_told : bool
        False when the failure is only remembered.
    """

    def __init__(self, reason: str, *, retry_after_s: float, first_told: bool) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.first_told = first_told


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    digest: str
    reason: str
    pause_s: float
    until_s: float


class Shelf:
    """Keeps verified, loaded models, `KEPT_MODELS` at most.

    Parameters
    ----------
    monotonic : callable
        Seconds that never run back.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._sessions: dict[str, Session] = {}
        self._failure: _Failure | None = None

    def session(self, limits: Limits, *, timeout_s: float = DEADLINE_S) -> Session:
        """Return the session of the model that the lease names, loading it first where needed.

        Parameters
        ----------
        limits : Limits
            The lease's limits: model URL, digest and fetch token.
        timeout_s : float
            Seconds that the download may take.

        Raises
        ------
        ModelUnavailableError
            When the model can't be had; the request still counts against the lease.
        """
        session = self._sessions.pop(limits.model_digest, None) or self._load(limits, timeout_s)
        self._sessions[limits.model_digest] = session  # what is used last stands last
        if len(self._sessions) > KEPT_MODELS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def _load(self, limits: Limits, timeout_s: float) -> Session:
        self._raise_remembered(limits.model_digest)
        try:
            model = fetch(limits.model_url, digest=limits.model_digest, token=limits.fetch_token, deadline_s=timeout_s)
            session = Session(model)
        except (ArtefactError, ModelError) as error:
            raise self._remember(limits.model_digest, str(error)) from error
        self._failure = None
        return session

    def _raise_remembered(self, digest: str) -> None:
        failure = self._failure
        if failure and failure.digest == digest and self._monotonic() < failure.until_s:
            left_s = failure.until_s - self._monotonic()
            raise ModelUnavailableError(failure.reason, retry_after_s=left_s, first_told=False)

    def _remember(self, digest: str, reason: str) -> ModelUnavailableError:
        last = self._failure
        pause_s = min(last.pause_s * 2, MAX_PAUSE_S) if last and last.digest == digest else FIRST_PAUSE_S
        self._failure = _Failure(digest=digest, reason=reason, pause_s=pause_s, until_s=self._monotonic() + pause_s)
        return ModelUnavailableError(reason, retry_after_s=pause_s, first_told=True)
