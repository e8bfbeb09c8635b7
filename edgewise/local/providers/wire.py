"""The engine's wire form of values: secrets, unknowns, assets and archives.

A value is plain JSON, except that an unknown is the constant `UNKNOWN`, a secret is wrapped in `Secret`, and an asset
or archive stays the object with its signature. Signatures: Pulumi's `sdk/go/common/resource/sig`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import (  # type: ignore[import-untyped]  # protobuf ships no types
    NULL_VALUE,
    ListValue,
    Struct,
    Value,
)

Json = Any
"""A JSON value that may hold `UNKNOWN` and `Secret` at any depth."""

Object = dict[str, Json]

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS = frozenset(
    {
        UNKNOWN,  # a string; the others are a bool, number, array, asset, archive and object
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in the state."""

    value: Json


class Hidden(str):
    """The text of a secret as rules see it: it compares like the text and prints as `[secret]`."""

    __slots__ = ()

    def __str__(self) -> str:
        """Hide the text."""
        return "[secret]"

    def __repr__(self) -> str:
        """Hide the text."""
        return "[secret]"

    def __format__(self, spec: str) -> str:
        """Hide the text."""
        return format("[secret]", spec)


def decode(message: Struct) -> Object:
    """Read an object that the engine sent."""
    return {key: _decode_value(value) for key, value in message.fields.items()}


def _decode_value(value: Value) -> Json:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _decode_object(decode(value.struct_value))
        case "list_value":
            return [_decode_value(item) for item in value.list_value.values]
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _decode_object(found: Object) -> Json:
    match found.get(SIGNATURE_KEY):
        case signature if signature == SECRET_SIGNATURE:
            return Secret(found.get("value"))
        case signature if signature == OUTPUT_SIGNATURE:
            value = found.get("value", UNKNOWN)
            return Secret(value) if found.get("secret") else value
        case _:
            return found


def encode(found: Mapping[str, Json]) -> Struct:
    """Write an object for the engine; keys with the value None are left out."""
    message = Struct()
    for key, value in found.items():
        if value is not None:
            message.fields[key].CopyFrom(_encode_value(value))
    return message


def _encode_value(value: Json) -> Value:
    if isinstance(value, Secret):
        return Value(struct_value=encode({SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value}))
    if isinstance(value, Mapping):
        return Value(struct_value=encode(value))
    if isinstance(value, list):
        return Value(list_value=ListValue(values=[_encode_value(item) for item in value]))
    return Value(**_scalar(value))


def _scalar(value: Json) -> dict[str, Json]:
    match value:
        case None:
            return {"null_value": NULL_VALUE}
        case bool():
            return {"bool_value": value}
        case int() | float():
            return {"number_value": value}
        case str():
            return {"string_value": value}
        case _:
            raise TypeError(f"wire: a {type(value).__name__} has no wire form")


def is_blob(value: Json) -> bool:
    """Tell whether the value is an asset or an archive."""
    return isinstance(value, Mapping) and value.get(SIGNATURE_KEY) in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE)


def is_hidden_key(key: str) -> bool:
    """Tell whether a key is the provider's own note (`__defaults`), which no comparison and no output sees."""
    return key.startswith("__")


def has_secret(value: Json) -> bool:
    """Tell whether a value is or holds a secret."""
    return any(isinstance(item, Secret) for item in _walk(value))


def has_unknown(value: Json) -> bool:
    """Tell whether a value is or holds an unknown."""
    return any(item == UNKNOWN for item in _walk(value) if isinstance(item, str))


def _walk(value: Json) -> Iterable[Json]:
    yield value
    children: Iterable[Json] = ()
    if isinstance(value, Secret):
        children = [value.value]
    elif isinstance(value, Mapping):
        children = value.values()
    elif isinstance(value, list):
        children = value
    for child in children:
        yield from _walk(child)


def revealed(value: Json) -> Json:
    """Take the secret wrappers off, for comparisons and computed values. Never print the result."""
    return _without_wrappers(value, lambda text: text, secret=False)


def hidden(value: Json) -> Json:
    """Take the secret wrappers off for rules, whose messages may print a value: text in a secret becomes `Hidden`."""
    return _without_wrappers(value, Hidden, secret=False)


def _without_wrappers(value: Json, hide: Callable[[str], str], *, secret: bool) -> Json:
    if isinstance(value, Secret):
        return _without_wrappers(value.value, hide, secret=True)
    if isinstance(value, Mapping):
        return {key: _without_wrappers(item, hide, secret=secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_wrappers(item, hide, secret=secret) for item in value]
    return hide(value) if secret and isinstance(value, str) and value != UNKNOWN else value


def same(old: Json, new: Json, *, unordered: frozenset[str] = frozenset(), document: bool = False) -> bool:
    """Compare two values as a provider does: no secret wrappers, blobs by hash, notes left out, None equal to absent.

    Parameters
    ----------
    old, new
        The values, secrets taken off or not. An unknown differs from everything that is known.
    unordered
        Names of lists that AWS keeps as sets.
    document
        The values are JSON texts, compared by content.
    """
    return bool(_canonical(old, unordered, document=document) == _canonical(new, unordered, document=document))


def _canonical(value: Json, unordered: frozenset[str], *, document: bool = False, as_set: bool = False) -> Json:
    if isinstance(value, Secret):
        return _canonical(value.value, unordered, document=document, as_set=as_set)
    if is_blob(value) and value.get("hash"):
        return value["hash"]
    if isinstance(value, Mapping):
        return {
            key: _canonical(item, unordered, document=document, as_set=key in unordered)
            for key, item in value.items()
            if item is not None and not is_hidden_key(key)
        }
    if isinstance(value, list):
        items = [_canonical(item, unordered) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if as_set else items
    return _document(value) if document else value


def _document(text: Json) -> Json:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
