"""Requests that try a firewall out: every spelling of a path that CloudFront takes for the same, and every length."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Final

from policies.core.statements import Request
from policies.core.web_acl import Acl

# PUT stands for the methods that no rule names.
METHODS: Final = ("POST", "GET", "HEAD", "PUT")
CONTENT_LENGTH: Final = "content-length"
# Amazon CloudFront Developer Guide, Quotas: a body is 64 GB at most, a URL 8,192 bytes.
GREATEST_BODY: Final = 68_719_476_736
GREATEST_URL: Final = 8_192
_LENGTHS: Final = (None, 0, GREATEST_BODY)
# More would take longer than anybody waits; a rule that needs them is refused as one that nobody can see through.
MOST_UNSEEN: Final = 6
MOST_HEADERS: Final = 3


def probes(acl: Acl, patterns: Iterable[str]) -> Iterator[Request]:
    """Yield the requests to try on a web ACL.

    Parameters
    ----------
    patterns : iterable of str
        Path patterns of the distribution's behaviours.
    """
    constants = acl.leaves
    lengths = [*_LENGTHS, *_numbers(constants, CONTENT_LENGTH)]
    headers = list(_headers(constants))
    methods = dict.fromkeys((*METHODS, *_texts(constants, "method")))
    for path in dict.fromkeys(_paths(constants, patterns)):
        for method, length, others in product(methods, lengths, headers):
            length_header = {} if length is None else {CONTENT_LENGTH: str(length)}
            yield Request(method=method, path=path, headers={**length_header, **others})


def doubts(acl: Acl) -> Iterator[dict[str, bool]] | None:
    """Yield every way in which the statements that no request shows can turn out; None when they are too many."""
    names = sorted(acl.unseen)
    if len(names) > MOST_UNSEEN:
        return None
    return (dict(zip(names, values, strict=True)) for values in product((False, True), repeat=len(names)))


def spellings(path: str) -> Iterator[str]:
    """Yield what CloudFront takes for the same path: it undoes percent-encoding of letters and dot segments.

    Source: RFC 3986, 6.2.2; Amazon CloudFront Developer Guide, "Path pattern".
    """
    yield path
    letters = [index for index, letter in enumerate(path) if letter.isalnum() or letter in "-._~"]
    for index in (letters[0], letters[-1], *_after_slashes(path)) if letters else ():
        yield f"{path[:index]}%{ord(path[index]):02x}{path[index + 1 :]}"
        yield f"{path[:index]}%{ord(path[index]):02X}{path[index + 1 :]}"
    yield "".join(f"%{ord(letter):02X}" if index in letters else letter for index, letter in enumerate(path))
    yield f"/.{path}"
    yield f"/x/..{path}"


def _after_slashes(path: str) -> list[int]:
    return [index for index in range(1, len(path)) if path[index - 1] == "/" and path[index].isalnum()]


def _paths(constants: list[Mapping[str, Any]], patterns: Iterable[str]) -> Iterator[str]:
    sizes = [n + more for n in _sizes(constants, "uriPath") for more in (-1, 0, 1)]
    for pattern in patterns:
        stem = pattern if pattern.startswith("/") else f"/{pattern}"
        plain = stem.replace("?", "a")
        yield from spellings(plain.replace("*", "d1"))
        # A pattern that ends in "*" takes a path of any length.
        if plain.endswith("*"):
            start = plain[:-1].replace("*", "d1")
            yield from (start + "d" * (size - len(start)) for size in (*sizes, GREATEST_URL) if size > len(start))
    for text in _texts(constants, "uriPath"):
        start = text if text.startswith("/") else f"/x{text}"
        yield from (start, f"{start}x", f"/x{text}", f"/x{text}x")
        yield from spellings(start)
    yield from ("/", "/x", "/x/x")


def _headers(constants: list[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield combinations of the headers that the rules ask for, absent or with the text that they want."""
    wanted: dict[str, list[str | None]] = {}
    for content in _contents(constants):
        header = _named(content)
        text = content.get("searchString")
        if header and header != CONTENT_LENGTH and isinstance(text, str):
            wanted.setdefault(header, [None]).append(text)
    names = sorted(wanted)[:MOST_HEADERS]
    for values in product(*(wanted[name] for name in names)):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _texts(constants: list[Mapping[str, Any]], field: str) -> list[str]:
    return [
        str(content["searchString"])
        for content in _contents(constants)
        if field in (content.get("fieldToMatch") or {}) and isinstance(content.get("searchString"), str)
    ]


def _sizes(constants: list[Mapping[str, Any]], field: str) -> list[int]:
    return [
        int(content["size"])
        for content in _contents(constants)
        if field in (content.get("fieldToMatch") or {}) and isinstance(content.get("size"), int | float)
    ]


def _numbers(constants: list[Mapping[str, Any]], header: str) -> list[int]:
    """Return the lengths to try around what the rules ask of one header: itself, and longer ones that look like it."""
    found: set[int] = set()
    for leaf in constants:
        ((_, content),) = leaf.items()
        if _named(content) != header:
            continue
        text = str(content.get("searchString"))
        if text.isdecimal():
            digits = len(str(GREATEST_BODY)) - 1
            found |= {int(text), int(text.ljust(digits, "0")), int(text.rjust(digits, "9"))}
        else:
            found |= {10**digits - 1 for digits in range(1, len(str(GREATEST_BODY)))}
    return sorted(n for n in found if 0 <= n <= GREATEST_BODY)


def _named(content: Mapping[str, Any]) -> str:
    header = (content.get("fieldToMatch") or {}).get("singleHeader")
    return str(header.get("name")).lower() if isinstance(header, Mapping) else ""


def _contents(constants: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for leaf in constants:
        yield from (content for content in leaf.values() if isinstance(content, Mapping))


def reaches(pattern: str, path: str) -> bool:
    """Tell whether CloudFront sends a path to the behaviour with this path pattern."""
    plain = posixpath.normpath(_plain(path).replace("//", "/\0")).replace("\0", "/")
    ended = f"{plain}/" if path.endswith("/") and not plain.endswith("/") else plain
    stem = pattern if pattern.startswith("/") else f"/{pattern}"
    expression = re.escape(stem).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, ended, re.DOTALL) is not None


def _plain(path: str) -> str:
    """Undo percent-encoding of unreserved characters, and of no others."""
    return re.sub(r"%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])", lambda one: chr(int(one[1], 16)), path)
