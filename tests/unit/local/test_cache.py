"""How long responses stay in the edge cache."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from multidict import CIMultiDict

from edgewise.local.cdn.cache import ERROR_TTL_S, Cache, time_to_live_s
from edgewise.local.cdn.pages import Reply
from edgewise.local.stack.distribution import CACHE_POLICIES
from edgewise.local.stack.model import CachePolicy

DISABLED, OPTIMIZED, _ = CACHE_POLICIES.values()
FREE = CachePolicy(name="free", min_ttl_s=0, default_ttl_s=60, max_ttl_s=600, encodings_in_key=False)
KEY = ("GET", "/models/a", "")


def reply(status: int = 200, cache_control: str = "", *, body: bytes = b"x", expires: str = "") -> Reply:
    given = {"Cache-Control": cache_control, "Expires": expires}
    headers = CIMultiDict({name: value for name, value in given.items() if value})
    return Reply(status=status, headers=headers, body=body)


@pytest.mark.parametrize(
    ("policy", "status", "cache_control", "expected_s"),
    [
        (DISABLED, 200, "max-age=31536000", 0),
        (DISABLED, 404, "", 0),
        (OPTIMIZED, 200, "public, max-age=31536000, immutable", 31_536_000),
        (OPTIMIZED, 200, "", 86_400),
        (OPTIMIZED, 200, "max-age=99999999", 31_536_000),
        (OPTIMIZED, 200, "max-age=0", 1),
        # With a minimum over zero CloudFront caches even what says no-store.
        (OPTIMIZED, 200, "no-store", 1),
        (FREE, 200, "no-store", 0),
        (FREE, 200, "private", 0),
        (FREE, 200, "max-age=10", 10),
        (FREE, 200, "max-age=10, s-maxage=20", 20),
        (FREE, 200, 's-maxage="7"', 7),
        (FREE, 200, "max-age=9999", 600),
        (FREE, 200, "", 60),
        (OPTIMIZED, 404, "", ERROR_TTL_S),
        (OPTIMIZED, 503, "max-age=30", 30),
        (OPTIMIZED, 403, "", 0),
        (OPTIMIZED, 403, "max-age=30", 30),
        (OPTIMIZED, 206, "max-age=30", 0),
    ],
)
def test_time_to_live(policy: CachePolicy, status: int, cache_control: str, expected_s: float) -> None:
    assert time_to_live_s(reply(status, cache_control), policy) == expected_s


def test_expires_counts_when_there_is_no_max_age() -> None:
    soon = formatdate(time.time() + 100, usegmt=True)

    assert 95 <= time_to_live_s(reply(expires=soon), FREE) <= 100
    assert time_to_live_s(reply(expires="0"), FREE) == 0


def test_a_response_is_fresh_until_its_time_and_stale_after() -> None:
    clock = [0.0]
    cache = Cache(now=lambda: clock[0])
    cache.store(KEY, reply(200, "max-age=10"), FREE)

    clock[0] = 9.9
    entry = cache.fresh(KEY)
    assert entry is not None
    assert entry.age_s(clock[0]) == 9
    clock[0] = 10.0
    assert cache.fresh(KEY) is None
    assert cache.stale(KEY) is not None
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_cached_error_is_never_served_as_stale() -> None:
    cache = Cache(now=lambda: 0.0)
    cache.store(KEY, reply(503), OPTIMIZED)

    assert cache.fresh(KEY) is not None
    assert cache.stale(KEY) is None


def test_the_oldest_entries_go_when_it_is_full() -> None:
    cache = Cache(now=lambda: 0.0, max_bytes=10)
    for name in ("a", "b", "c"):
        cache.store(("GET", name, ""), reply(body=b"xxxx"), OPTIMIZED)

    assert cache.fresh(("GET", "a", "")) is None
    assert cache.fresh(("GET", "c", "")) is not None


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(now=lambda: 0.0, max_bytes=3)
    cache.store(KEY, reply(body=b"xxxx"), OPTIMIZED)

    assert cache.fresh(KEY) is None


def test_an_invalidation_forgets_everything() -> None:
    cache = Cache(now=lambda: 0.0)
    cache.store(KEY, reply(), OPTIMIZED)

    cache.clear()

    assert cache.fresh(KEY) is None
    assert cache.stale(KEY) is None
