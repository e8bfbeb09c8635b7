"""Secrets stay secret: in inputs, in what is computed from them, and in every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.local.providers.provider import RefusedError
from edgewise.local.providers.wire import (
    OUTPUT_SIGNATURE,
    SIGNATURE_KEY,
    UNKNOWN,
    UNKNOWNS,
    Hidden,
    Secret,
    decode,
    encode,
    has_secret,
    hidden,
    revealed,
)
from tests.unit.providers.desk import Desk
from tests.unit.providers.samples import SAMPLES, STORE

ENTRY = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
ITEM = "aws:dynamodb/tableItem:TableItem"
ROLE = "aws:iam/role:Role"
FUNCTION = "aws:lambda/function:Function"
TEXT = "5f4dcc3b5aa765d61d8327deb882cf99"


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


def test_secret_input_stays_secret(aws: Desk) -> None:
    inputs = aws.inputs(ENTRY, {"keyValueStoreArn": STORE, "key": "key:k1", "value": Secret(TEXT)})
    assert inputs["value"] == Secret(TEXT)
    _, outputs = aws.create(ENTRY, inputs)
    assert outputs["value"] == Secret(TEXT)


def test_what_is_computed_from_a_secret_is_secret(aws: Desk) -> None:
    _, outputs = aws.make(ENTRY, {"keyValueStoreArn": STORE, "key": "key:k1", "value": Secret(TEXT)})
    assert outputs["totalSizeInBytes"] == Secret(len("key:k1") + len(TEXT))


def test_what_is_not_computed_from_it_is_plain(aws: Desk) -> None:
    _, outputs = aws.make(FUNCTION, {**SAMPLES[FUNCTION], "environment": {"variables": {"KEY": Secret(TEXT)}}})
    assert outputs["environment"]["variables"]["KEY"] == Secret(TEXT)
    assert not has_secret({name: value for name, value in outputs.items() if name != "environment"})


def test_secret_document(aws: Desk) -> None:
    inputs = aws.inputs(ITEM, {**SAMPLES[ITEM], "item": Secret('{"pk": {"S": "limits#a"}, "fetch_token": {"S": "x"}}')})
    _, outputs = aws.create(ITEM, inputs)
    assert outputs["item"] == inputs["item"]
    assert outputs["hashKeyValue"] == Secret("limits#a")


def test_secret_document_as_an_object(aws: Desk) -> None:
    inputs = aws.inputs(ROLE, {"assumeRolePolicy": Secret({"Statement": []})})
    assert inputs["assumeRolePolicy"] == Secret('{"Statement": []}')


def test_secret_tag(aws: Desk) -> None:
    inputs = aws.inputs("aws:s3/bucket:Bucket", {"tags": {"a": Secret("b")}})
    assert inputs["tagsAll"] == {"a": Secret("b")}
    inputs = aws.inputs("aws:s3/bucket:Bucket", {"tags": Secret({"a": "b"})})
    assert inputs["tagsAll"] == Secret({"a": "b"})


def test_unknown_secret(aws: Desk) -> None:
    inputs = aws.inputs(ENTRY, {"keyValueStoreArn": UNKNOWN, "key": "key:k1", "value": Secret(UNKNOWN)})
    _, outputs = aws.create(ENTRY, inputs, preview=True)
    assert outputs["value"] == Secret(UNKNOWN)
    assert outputs["totalSizeInBytes"] == UNKNOWN


@pytest.mark.parametrize(
    ("token", "news"),
    [
        ("aws:s3/bucket:Bucket", {"bucket": Secret("Not-A-Name")}),
        ("aws:cloudwatch/logGroup:LogGroup", {"logGroupClass": Secret("Not-A-Name")}),
        (ROLE, {"assumeRolePolicy": Secret("Not-A-Name")}),
        (ITEM, {**SAMPLES[ITEM], "item": Secret("Not-A-Name")}),
    ],
)
def test_check_never_prints_a_secret(aws: Desk, token: str, news: dict[str, Any]) -> None:
    _, failures = aws.check(token, news)
    assert failures
    assert "Not-A-Name" not in str(failures)


def test_refusals_never_print_a_secret(aws: Desk) -> None:
    inputs = aws.inputs(ENTRY, {"keyValueStoreArn": Secret("not-an-arn"), "key": "k", "value": Secret(TEXT * 40)})
    with pytest.raises(RefusedError) as refusal:
        aws.create(ENTRY, inputs)
    assert "[secret] does not match" in str(refusal.value)
    assert "1280 bytes, at most 1024" in str(refusal.value)
    assert "not-an-arn" not in str(refusal.value)
    assert TEXT not in str(refusal.value)


def test_hidden_text_compares_and_never_prints() -> None:
    text = hidden({"a": Secret(["x"])})["a"][0]
    assert text == "x"
    assert isinstance(text, Hidden)
    assert f"{text} {text!r} {text!s} %s" % text == "[secret] [secret] [secret] [secret]"


@pytest.mark.parametrize(
    "value",
    [
        {"a": None, "b": 1, "c": 1.5, "d": True, "e": "text", "f": [1, "x", {"y": []}], "g": {}},
        {"a": Secret({"b": Secret("c")}), "d": UNKNOWN},
    ],
)
def test_wire_keeps_values(value: dict[str, Any]) -> None:
    assert decode(encode(value)) == {key: item for key, item in value.items() if item is not None}


@pytest.mark.parametrize("unknown", sorted(UNKNOWNS))
def test_every_kind_of_unknown(unknown: str) -> None:
    assert decode(encode({"a": unknown})) == {"a": UNKNOWN}


def test_output_values_are_understood() -> None:
    marked = {SIGNATURE_KEY: OUTPUT_SIGNATURE, "value": "x", "secret": True, "dependencies": ["urn"]}
    assert decode(encode({"a": marked, "b": {SIGNATURE_KEY: OUTPUT_SIGNATURE}})) == {"a": Secret("x"), "b": UNKNOWN}


def test_value_without_a_wire_form() -> None:
    with pytest.raises(TypeError, match="a set has no wire form"):
        encode({"a": {1, 2}})


def test_revealed_takes_every_wrapper_off() -> None:
    assert revealed({"a": [Secret({"b": Secret(1)})]}) == {"a": [{"b": 1}]}
