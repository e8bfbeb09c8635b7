"""The requests that a firewall is tried out with."""

from __future__ import annotations

import pytest

from policies.core.probes import GREATEST_BODY, GREATEST_URL, doubts, probes, reaches, spellings
from tests.unit.policies.core.test_web_acl import acl, byte_match, made


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("/v1/face-match/*", "/v1/face-match/a", True),
        ("v1/face-match/*", "/v1/face-match/a", True),
        ("/v1/face-match/*", "/v1/%66ace-match/a", True),
        ("/v1/face-match/*", "/%761/face%2Dmatch/a", True),
        ("/v1/face-match/*", "/x/../v1/face-match/a", True),
        ("/v1/face-match/*", "/./v1/face-match/a", True),
        ("/v1/face-match/*", "/v1/face-match/", True),
        ("/v1/face-match/*", "/v1%2Fface-match/a", False),
        ("/v1/face-match/*", "/v1/Face-match/a", False),
        ("/v1/face-match/*", "/v1/%2566ace-match/a", False),
        ("/v?/a", "/v1/a", True),
        ("*", "/anything", True),
    ],
)
def test_which_behaviour_a_path_goes_to(pattern: str, path: str, found: bool) -> None:
    assert reaches(pattern, path) is found


def test_every_spelling_goes_to_the_same_behaviour() -> None:
    found = list(spellings("/v1/face-match/d1"))
    assert "/v1/%66ace-match/d1" in found
    assert len(set(found)) >= 8
    assert all(reaches("/v1/face-match/*", path) for path in found)


def test_paths_are_as_long_as_the_rules_ask_and_as_cloudfront_takes() -> None:
    size = {
        "sizeConstraintStatement": {
            "fieldToMatch": {"uriPath": {}},
            "comparisonOperator": "LE",
            "size": 40.0,
            "textTransformations": [{"priority": 0.0, "type": "NONE"}],
        }
    }
    lengths = {len(probe.path) for probe in probes(acl(made(0.0, "allow", size)), ["/v1/face-match/*"])}
    assert {39, 40, 41, GREATEST_URL} <= lengths


def test_lengths_are_tried_around_what_the_rules_ask() -> None:
    statement = byte_match("675", "STARTS_WITH", part={"singleHeader": {"name": "content-length"}})
    lengths = {
        int(probe.headers["content-length"])
        for probe in probes(acl(made(0.0, "allow", statement)), ["/a"])
        if "content-length" in probe.headers
    }
    assert {0, 675, 6_750_000_000, GREATEST_BODY} <= lengths


def test_headers_are_tried_with_what_the_rules_want_and_without() -> None:
    statement = byte_match("yes", part={"singleHeader": {"name": "X-Open"}})
    found = {probe.headers.get("x-open") for probe in probes(acl(made(0.0, "allow", statement)), ["/a"])}
    assert found == {None, "yes"}


def test_doubts_are_tried_both_ways_and_not_without_end() -> None:
    countries = [{"geoMatchStatement": {"countryCodes": [code]}} for code in ("DE", "FR", "IT", "ES", "PT", "GR", "PL")]
    few, many = (acl(*(made(float(n), "allow", each) for n, each in enumerate(countries[:k]))) for k in (2, 7))
    assert len(list(doubts(few) or ())) == 4
    assert doubts(many) is None
