"""A request's body, read no more than once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.local.cdn.event import ViewerRequest

# At most what Lambda@Edge is given, and whether there was more.
Body = tuple[bytes, bool]


@dataclass(kw_only=True, slots=True)
class BodyReader:
    """Reads a body when it is first asked for: by the web ACL or on the way to the origin."""

    read: Callable[[], Awaitable[Body]]
    _body: Body | None = None

    async def read_once(self) -> Body:
        """Return the body's beginning, and whether there was more."""
        if self._body is None:
            self._body = await self.read()
        return self._body

    def size(self, request: ViewerRequest) -> int:
        """Return the body's bytes as the viewer declared them; of one without a length, those that were read."""
        declared = request.headers.get("Content-Length", "")
        if declared.isdecimal():
            return int(declared)
        return len(self._body[0]) if self._body is not None else 0
