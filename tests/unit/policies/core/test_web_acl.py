"""How a web ACL's rules work on a request."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN, Resource, UnknownValueError
from policies.core.statements import Request, matches
from policies.core.web_acl import Acl, read_acl

NONE = [{"priority": 0.0, "type": "NONE"}]
URI: dict[str, Any] = {"uriPath": {}}


def byte_match(text: str, how: str = "EXACTLY", part: Any = URI, change: Any = NONE) -> dict[str, Any]:
    return {
        "byteMatchStatement": {
            "fieldToMatch": part,
            "positionalConstraint": how,
            "searchString": text,
            "textTransformations": change,
        }
    }


def transformed(*kinds: str) -> list[dict[str, Any]]:
    return [{"priority": float(index), "type": kind} for index, kind in enumerate(kinds)]


def made(priority: float, action: str, statement: Any, name: str = "") -> dict[str, Any]:
    return {"name": name or action, "priority": priority, "action": {action: {}}, "statement": statement}


def acl(*rules: dict[str, Any], default: str = "block", **props: Any) -> Acl:
    given = {"defaultAction": {default: {}}, "rules": list(rules), **props}
    return read_acl(Resource(urn="u", type="aws:wafv2/webAcl:WebAcl", name="acl", props=given))


def get(path: str, **headers: str) -> Request:
    return Request(method="GET", path=path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("how", "text", "path", "found"),
    [
        ("EXACTLY", "/a", "/a", True),
        ("EXACTLY", "/a", "/ab", False),
        ("STARTS_WITH", "/a", "/ab", True),
        ("STARTS_WITH", "/a", "/%61b", False),
        ("ENDS_WITH", "b", "/ab", True),
        ("CONTAINS", "a", "/xay", True),
        ("CONTAINS_WORD", "a", "/x-a-y", True),
        ("CONTAINS_WORD", "a", "/xay", False),
    ],
)
def test_where_a_text_may_stand(how: str, text: str, path: str, found: bool) -> None:
    assert matches(byte_match(text, how), get(path), {}) is found


@pytest.mark.parametrize(
    ("kinds", "path", "text"),
    [
        (["NONE"], "/%66", "/%66"),
        (["URL_DECODE"], "/%66", "/f"),
        (["LOWERCASE"], "/F", "/f"),
        (["URL_DECODE", "LOWERCASE"], "/%46", "/f"),
        (["NORMALIZE_PATH"], "/a/../f/", "/f/"),
        (["COMPRESS_WHITE_SPACE"], "/a  b", "/a b"),
    ],
)
def test_what_is_done_to_a_text_before(kinds: list[str], path: str, text: str) -> None:
    assert matches(byte_match(text, change=transformed(*kinds)), get(path), {})


def test_a_header_that_is_absent_matches_nothing() -> None:
    statement = byte_match("5", part={"singleHeader": {"name": "Content-Length"}})
    assert matches(statement, get("/", content_length="5"), {})
    assert not matches(statement, get("/"), {})


@pytest.mark.parametrize(
    ("operator", "size", "found"), [("LE", 2.0, True), ("LT", 2.0, False), ("EQ", 2.0, True), ("GT", 1.0, True)]
)
def test_sizes(operator: str, size: float, found: bool) -> None:
    content = {"fieldToMatch": URI, "comparisonOperator": operator, "size": size, "textTransformations": NONE}
    assert matches({"sizeConstraintStatement": content}, get("/a"), {}) is found


def test_regular_expressions_and_words_together() -> None:
    regex = {"regexMatchStatement": {"fieldToMatch": URI, "regexString": "^/a[0-9]$", "textTransformations": NONE}}
    neither = {"notStatement": {"statements": [{"orStatement": {"statements": [regex, byte_match("/b")]}}]}}
    assert matches({"andStatement": {"statements": [regex, byte_match("/a1")]}}, get("/a1"), {})
    assert [path for path in ("/a1", "/b", "/c") if matches(neither, get(path), {})] == ["/c"]


def test_what_no_request_shows_is_as_it_is_said_to_be() -> None:
    germany = {"geoMatchStatement": {"countryCodes": ["DE"]}}
    (key,) = acl(made(0.0, "allow", germany)).unseen
    assert matches(germany, get("/"), {key: True})
    assert not matches(germany, get("/"), {key: False})


@pytest.mark.parametrize(
    "statement",
    [
        byte_match("x", part={"body": {}}),
        byte_match("x", part={"cookies": {}}),
        byte_match("x", change=transformed("CMD_LINE")),
        byte_match("x", part={"singleHeader": {"name": "a"}}, change=transformed("MD5")),
        {"labelMatchStatement": {"scope": "LABEL", "key": "a"}},
        {"regexMatchStatement": {"fieldToMatch": URI, "regexString": "(", "textTransformations": NONE}},
    ],
)
def test_what_is_not_seen(statement: Any) -> None:
    assert len(acl(made(0.0, "allow", statement)).unseen) == 1


def test_rules_are_tried_by_priority_and_the_first_ends_it() -> None:
    found = acl(made(5.0, "allow", byte_match("/a")), made(1.0, "block", byte_match("/", "STARTS_WITH")))
    assert not found.passes(get("/a"), {})
    assert acl(made(5.0, "allow", byte_match("/a"))).passes(get("/a"), {})


def test_counting_ends_nothing_and_the_default_decides() -> None:
    count = made(0.0, "count", byte_match("/", "STARTS_WITH"))
    assert not acl(count).passes(get("/a"), {})
    assert acl(count, default="allow").passes(get("/a"), {})


def test_a_rate_rule_counts_what_reaches_it_and_lies_in_its_scope() -> None:
    scope = {"rateBasedStatement": {"limit": 600.0, "scopeDownStatement": byte_match("/a")}}
    found = acl(made(0.0, "block", byte_match("/b")), made(1.0, "block", scope, "rate"))
    rate = found.rules[1]
    assert [path for path in ("/a", "/b", "/c") if found.counts(rate, get(path), {})] == ["/a"]
    everything = acl(made(0.0, "block", {"rateBasedStatement": {"limit": 600.0}}, "rate"))
    assert everything.counts(everything.rules[0], get("/c"), {})


@pytest.mark.parametrize("props", [{"rules": UNKNOWN}, {"rules": [UNKNOWN]}, {"ruleJson": "[]"}])
def test_rules_that_are_not_known(props: dict[str, Any]) -> None:
    with pytest.raises(UnknownValueError):
        acl(**props)


def test_a_part_of_a_rule_that_is_not_known() -> None:
    rate = {"rateBasedStatement": {"limit": UNKNOWN, "aggregateKeyType": "CONSTANT"}}
    with pytest.raises(UnknownValueError, match=r"rules\.0\.statement"):
        acl(made(0.0, "block", rate))


def test_the_arn_of_a_set_of_addresses_need_not_be_known() -> None:
    assert len(acl(made(0.0, "allow", {"ipSetReferenceStatement": {"arn": UNKNOWN}})).unseen) == 1
