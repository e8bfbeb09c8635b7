"""The edge cache of a distribution: responses by key, as long as policy and origin say."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.local.cdn.pages import Reply
    from edgewise.local.stack.model import CachePolicy

# CloudFront Developer Guide, "HTTP 4xx and 5xx status codes that CloudFront caches".
CACHED_ERRORS: Final = frozenset({404, 414, 500, 501, 502, 503, 504})
ERRORS_CACHED_IF_TOLD: Final = frozenset({400, 403, 405, 412, 415})
ERROR_TTL_S: Final = 10.0  # error caching minimum TTL, the default
CACHED_SUCCESSES: Final = frozenset({200, 203, 300, 301, 302, 307, 308, 410})
MAX_BYTES: Final = 256 * 1024 * 1024  # ours: models are tens of kilobytes to a few megabytes
_DIRECTIVE: Final = re.compile(r'([a-z-]+)(?:="?(\d+)"?)?')

Key = tuple[str, str, str]


@dataclass(kw_only=True, slots=True)
class Entry:
    """A stored response and when it stops being fresh (monotonic seconds)."""

    reply: Reply
    stored: float
    fresh_until: float

    def age_s(self, now: float) -> int:
        """Return its age in whole seconds."""
        return int(now - self.stored)


@dataclass(kw_only=True, slots=True)
class Cache:
    """Least recently used entries go first when it is full."""

    now: Callable[[], float] = time.monotonic
    max_bytes: int = MAX_BYTES
    hits: int = 0
    misses: int = 0
    _entries: OrderedDict[Key, Entry] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def fresh(self, key: Key) -> Entry | None:
        """Return a response that may be served without asking the origin."""
        entry = self._entries.get(key)
        if entry is None or entry.fresh_until <= self.now():
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return entry

    def stale(self, key: Key) -> Entry | None:
        """Return a response that is over its time; one that was a success may be served when the origin fails."""
        entry = self._entries.get(key)
        return entry if entry is not None and entry.reply.status in CACHED_SUCCESSES else None

    def store(self, key: Key, reply: Reply, policy: CachePolicy) -> None:
        """Keep a response for as long as it may be."""
        ttl_s = time_to_live_s(reply, policy)
        self._remove(key)
        if ttl_s <= 0 or len(reply.body) > self.max_bytes:
            return
        now = self.now()
        self._entries[key] = Entry(reply=reply, stored=now, fresh_until=now + ttl_s)
        self._bytes += len(reply.body)
        while self._bytes > self.max_bytes:
            self._remove(next(iter(self._entries)))

    def keep(self, key: Key, entry: Entry) -> None:
        """Serve a stale response for the error time, so that a failing origin is not asked at each request."""
        entry.fresh_until = self.now() + ERROR_TTL_S
        self._entries[key] = entry

    def clear(self) -> None:
        """Forget everything, as an invalidation of ``/*`` does."""
        self._entries.clear()
        self._bytes = 0

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.reply.body)


def time_to_live_s(reply: Reply, policy: CachePolicy) -> float:
    """Return how long CloudFront keeps a response.

    CloudFront Developer Guide, "Specify the amount of time that CloudFront caches objects", and, for
    errors, "How CloudFront processes HTTP 4xx and 5xx status codes from your origin".
    """
    if not policy.caches:
        return 0
    directives = _directives(reply)
    told = directives.get("s-maxage", directives.get("max-age"))
    if reply.status in CACHED_ERRORS or (reply.status in ERRORS_CACHED_IF_TOLD and told is not None):
        return max(ERROR_TTL_S, told or 0)
    if reply.status not in CACHED_SUCCESSES:
        return 0
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return policy.min_ttl_s
    if told is None:
        told = _expires_in_s(reply)
    if told is None:
        return max(policy.min_ttl_s, policy.default_ttl_s)
    return min(max(told, policy.min_ttl_s), policy.max_ttl_s)


def _directives(reply: Reply) -> dict[str, float | None]:
    text = ",".join(reply.headers.getall("Cache-Control", [])).lower()
    return {name: float(number) if number else None for name, number in _DIRECTIVE.findall(text)}


def _expires_in_s(reply: Reply) -> float | None:
    if "Expires" not in reply.headers:
        return None
    try:
        return max(0.0, parsedate_to_datetime(reply.headers["Expires"]).timestamp() - time.time())
    except ValueError:
        return 0.0
