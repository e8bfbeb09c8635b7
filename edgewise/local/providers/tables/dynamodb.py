"""DynamoDB: tables and items (facts/resources.md, 5)."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from edgewise.local.providers.behaviour import AutoName, Behaviour, Facts, Limit, Output, Refusal, at, known
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json, has_unknown

STREAM_VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
ITEM_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
ITEM_MAX_BYTES = 400 * 1024  # AWS: item size
STREAM = frozenset({"streamEnabled"})


def _keys(inputs: Mapping[str, Json]) -> Iterator[str]:
    for name in ("hashKey", "rangeKey"):
        yield from (value for _, value in at(inputs, name))
        for index in ("globalSecondaryIndexes", "localSecondaryIndexes"):
            yield from (value for _, value in at(inputs, f"{index}[].{name}"))
    for part in ("hashKeys[]", "rangeKeys[]", "keySchemas[].attributeName"):
        yield from (value for _, value in at(inputs, f"globalSecondaryIndexes[].{part}"))


def _attributes_are_keys(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse an attribute that is no key, and a key without attribute (T: validateTableAttributes)."""
    if has_unknown(inputs.get("attributes")) or UNKNOWN in inputs.values():
        return
    declared = [name for _, name in at(inputs, "attributes[].name")]
    keys = set(_keys(inputs))
    for name in declared:
        if name not in keys:
            reason = f"all attributes must be indexed. Unused attributes: {name!r}; declare key attributes only"
            yield Failure(path="attributes", reason=reason)
    for name in sorted(keys - set(declared)):
        reason = f"all indexes must match a defined attribute. Unmatched: {name!r}; declare it in attributes"
        yield Failure(path="attributes", reason=reason)


def _hash_key(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    restored = any(inputs.get(name) for name in ("restoreSourceName", "restoreSourceTableArn", "restoreBackupArn"))
    if inputs.get("hashKey") is None and not restored:
        yield Failure(path="hashKey", reason="missing; a table needs a hash key")


def _stream_needs_view(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("streamEnabled") is True and not inputs.get("streamViewType"):
        reason = f"streamViewType is required when streamEnabled is true: {', '.join(STREAM_VIEWS)}"
        yield Failure(path="streamViewType", reason=reason)


def _capacity(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for name in ("readCapacity", "writeCapacity"):
        given = inputs.get(name)
        if inputs.get("billingMode") == "PAY_PER_REQUEST" and given not in (None, 0, UNKNOWN):
            yield Failure(path=name, reason=f"{given} with billingMode PAY_PER_REQUEST; leave it out")
        if inputs.get("billingMode") == "PROVISIONED" and given is None:
            reason = "missing; billingMode is PROVISIONED (the default). Set it, or billingMode PAY_PER_REQUEST"
            yield Failure(path=name, reason=reason)


def _protected(outputs: Mapping[str, Json]) -> Iterator[Failure]:
    if outputs.get("deletionProtectionEnabled") is True:
        reason = (
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
            "first, in a deploy of its own"
        )
        yield Failure(path="deletionProtectionEnabled", reason=reason)


def _item_is_typed(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse what is not DynamoDB JSON: every attribute is `{"S": …}` and so on."""
    if not known(inputs, "item"):
        return
    try:
        item = json.loads(str.__str__(inputs["item"]))
    except ValueError:
        yield Failure(path="item", reason="not valid JSON; write DynamoDB JSON")
        return
    for name, value in item.items():
        if not isinstance(value, dict) or len(value) != 1 or not ITEM_TYPES & value.keys():
            reason = f'attribute {name!r} is not DynamoDB JSON; write {{"S": …}}, {{"N": "…"}} …'
            yield Failure(path="item", reason=reason)
    for key in ("hashKey", "rangeKey"):
        if known(inputs, key) and inputs[key] not in item:
            yield Failure(path="item", reason=f"the item lacks the {key} attribute {inputs[key]!r}")


def _stream_label(facts: Facts) -> str:
    """Return a new one whenever the stream is switched on, and none without a stream."""
    if not facts.get("streamEnabled"):
        return ""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _stream_arn(facts: Facts) -> str:
    return f"{facts['arn']}/stream/{facts['streamLabel']}" if facts["streamLabel"] else ""


def _key_value(key: str, facts: Facts) -> Json:
    if facts.get(key) is None:
        return None
    typed = json.loads(facts["item"])[facts[key]]
    return next(iter(typed.values()))


TABLE: Mapping[str, Behaviour] = {
    "aws:dynamodb/table:Table": Behaviour(
        id="{name}",
        auto_name=AutoName(),
        defaults={"billingMode": "PROVISIONED"},
        outputs={
            "arn": Output(make="arn:aws:dynamodb:{region}:{account}:table/{name}"),
            # T: the plan knows that a stream switched on or off has another arn.
            "streamLabel": Output(make=_stream_label, renew_on=STREAM, planned=True),
            "streamArn": Output(make=_stream_arn, renew_on=STREAM, planned=True),
            "deletionProtectionEnabled": Output(make=False),
            "tableClass": Output(make="STANDARD"),
            "readCapacity": Output(make=0),
            "writeCapacity": Output(make=0),
            "streamViewType": Output(make=""),
            "pointInTimeRecovery": Output(make={"enabled": False}),
            "ttl": Output(make={"enabled": False, "attributeName": ""}),
        },
        replaces=frozenset({"name", "hashKey", "rangeKey", "localSecondaryIndexes", "importTable", "region"}),
        limits=(
            Limit(path="name", pattern=r"[a-zA-Z0-9_.-]{3,255}", source="B: dynamodb TableName"),
            Limit(path="billingMode", one_of=("PROVISIONED", "PAY_PER_REQUEST"), source="B: BillingMode"),
            Limit(path="streamViewType", one_of=(*STREAM_VIEWS, ""), source="B: StreamViewType"),
            Limit(path="tableClass", one_of=("STANDARD", "STANDARD_INFREQUENT_ACCESS"), source="B: TableClass"),
            Limit(path="attributes[].type", one_of=("S", "N", "B"), source="B: ScalarAttributeType"),
            Limit(path="pointInTimeRecovery.recoveryPeriodInDays", minimum=1, maximum=35, source="B"),
        ),
        rules=(_hash_key, _attributes_are_keys, _stream_needs_view, _capacity),
        delete_refusals=(Refusal(error="ValidationException", rule=_protected),),
        unordered=frozenset({"attributes", "globalSecondaryIndexes", "localSecondaryIndexes", "replicas"}),
    ),
    "aws:dynamodb/tableItem:TableItem": Behaviour(
        id="{tableName}|{hashKey}|{hashKeyValue}",  # T: dynamodb/table_item.go; opaque
        outputs={
            "hashKeyValue": Output(
                make=lambda facts: _key_value("hashKey", facts), renew_on=frozenset({"item"}), planned=True
            ),
            "rangeKeyValue": Output(
                make=lambda facts: _key_value("rangeKey", facts), renew_on=frozenset({"item"}), planned=True
            ),
        },
        replaces=frozenset({"tableName", "hashKey", "rangeKey", "region"}),
        documents=frozenset({"item"}),
        limits=(Limit(path="item", max_bytes=ITEM_MAX_BYTES, source="AWS: item size", error="ValidationException"),),
        rules=(_item_is_typed,),
    ),
}
