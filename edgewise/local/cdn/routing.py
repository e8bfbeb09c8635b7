"""Which cache behaviour a request gets, and what CloudFront refuses before any of our code runs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.local.stack.model import Behaviour, Distribution

# CloudFront Developer Guide, "Request and response behavior": maximum length of a request and of a URL.
MAX_URL_BYTES: Final = 8_192
MAX_HEADER_BYTES: Final = 32_768
_SLASHES: Final = re.compile("/{2,}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")


def behaviour_for(distribution: Distribution, raw_path: str) -> Behaviour:
    """Return the first behaviour whose pattern fits; the default one fits every path.

    Parameters
    ----------
    distribution : Distribution
        The distribution.
    raw_path : str
        The path as it was sent, without a query string. It is normalised for the match only.
    """
    path = normalise(raw_path)
    for behaviour in distribution.behaviours:
        if _pattern(behaviour.path_pattern).fullmatch(path):
            return behaviour
    return distribution.behaviours[-1]


def normalise(raw_path: str) -> str:
    """Normalise a path as RFC 3986, section 6.2.2 says, and collapse slashes: CloudFront does before it matches."""
    path = _ESCAPE.sub(_decode_unreserved, raw_path)
    segments: list[str] = []
    for segment in _SLASHES.sub("/", path).split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    return "/" + "/".join(segments)


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


@lru_cache(maxsize=256)
def _pattern(path_pattern: str) -> re.Pattern[str]:
    """Compile a path pattern: ``*`` is any text, ``?`` one character, the first slash may be left out."""
    anchored = path_pattern if path_pattern.startswith(("/", "*")) else "/" + path_pattern
    spelled = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in anchored)
    return re.compile(spelled, re.DOTALL)
