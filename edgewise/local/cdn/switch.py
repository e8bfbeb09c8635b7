"""Whether a distribution is enabled, at run time: a change takes its time until it answers so."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.local.gate.changes import Changes
    from edgewise.local.stack.model import Distribution

# In the cloud "a few minutes", with Lambda@Edge up to 15 (CloudFront Developer Guide); here seconds.
DEFAULT_DEPLOY_S: Final = 3.0
ENABLED: Final = "Enabled"


@dataclass(kw_only=True, eq=False, slots=True)
class Switch:
    """The `Enabled` of one distribution.

    Attributes
    ----------
    distribution : Distribution
        As the stack wrote it.
    changes : Changes
        Keeps what was changed, loaded; what an earlier run changed answers at once.
    clock : callable
        Monotonic seconds.
    deploy_s : float
        How long the old setting still answers after a change.
    """

    distribution: Distribution
    changes: Changes
    clock: Callable[[], float] = time.monotonic
    deploy_s: float = DEFAULT_DEPLOY_S
    wanted: bool = True
    modified_s: float = 0.0
    etag: str = ""
    _answers: bool = True
    _deployed_at: float = 0.0

    def __post_init__(self) -> None:
        """Take up what an earlier run left."""
        changed = self.changes.of(self.distribution.arn).get(ENABLED)
        self.wanted = self._answers = (changed == "true") if changed is not None else self.distribution.enabled
        self._touch()

    @property
    def enabled(self) -> bool:
        """Whether the distribution answers viewers just now."""
        if not self.in_progress:
            self._answers = self.wanted
        return self._answers

    @property
    def in_progress(self) -> bool:
        """Whether a change is still on its way to the edge locations."""
        return self.clock() < self._deployed_at

    @property
    def status(self) -> str:
        """The status in CloudFront's words."""
        return "InProgress" if self.in_progress else "Deployed"

    def set(self, *, enabled: bool) -> None:
        """Enable or disable; a change on top of one that is on its way waits for its own full time."""
        current = self.enabled
        deployed = deployed_values(self.distribution)
        self.changes.note(self.distribution.arn, {ENABLED: _text(enabled)}, deployed=deployed)
        self.wanted, self._answers = enabled, current
        self._deployed_at = self.clock() + self.deploy_s
        self._touch()

    def _touch(self) -> None:
        self.etag, self.modified_s = f"E{secrets.token_hex(7).upper()}", time.time()


def deployed_values(distribution: Distribution) -> dict[str, str]:
    """Return what the stack says of a distribution, of all that may change at run time."""
    return {ENABLED: _text(distribution.enabled)}


def _text(enabled: bool) -> str:
    return "true" if enabled else "false"
