"""Read the state of a stack (`pulumi stack export --show-secrets`) into what the local edge imitates."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgewise.local import distribution
from edgewise.local.assets import archive_path, asset_path, reveal
from edgewise.local.imitated import IMITATED, SET_ASIDE, refuse_type
from edgewise.local.model import (
    Bucket,
    BucketObject,
    Distribution,
    GateFunction,
    KeyValueStore,
    LambdaFunction,
    LocalEdgeError,
    LocalStack,
    ResponseHeadersPolicy,
    Table,
    TableItem,
)

_PROVIDERS: Final = "pulumi:providers:"

_OBJECT_HEADERS: Final = {
    "contentType": "Content-Type",
    "cacheControl": "Cache-Control",
    "contentEncoding": "Content-Encoding",
    "contentDisposition": "Content-Disposition",
    "contentLanguage": "Content-Language",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource of the state, its secrets in plain text."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]

    @property
    def where(self) -> str:
        """The resource, for an error."""
        return f"{self.type} {self.name!r}"

    def text(self, key: str, default: str | None = None) -> str:
        """Return a property as text, what the provider answered before what the program asked for.

        Raises
        ------
        LocalEdgeError
            When there is none and no default.
        """
        value = self.outputs.get(key, self.inputs.get(key))
        if isinstance(value, str):
            return value
        if default is not None and value is None:
            return default
        raise LocalEdgeError(f"{self.where}: {key} is {value!r}, expected text")

    def number(self, key: str) -> int:
        """Return a property as a whole number.

        Raises
        ------
        LocalEdgeError
            When it is none.
        """
        value = self.outputs.get(key, self.inputs.get(key))
        if isinstance(value, int | float) and value == int(value):
            return int(value)
        raise LocalEdgeError(f"{self.where}: {key} is {value!r}, expected a whole number")


def parse_state(state: Mapping[str, object], *, project: Path) -> LocalStack:
    """Read a stack's state.

    Parameters
    ----------
    state : Mapping
        What ``pulumi stack export --show-secrets`` printed.
    project : Path
        The Pulumi project's folder: relative paths of zips and objects start there.

    Returns
    -------
    LocalStack
        All that the local edge imitates of it.

    Raises
    ------
    LocalEdgeError
        For a type or a property that is not imitated, by name; for a part that is missing.
    """
    resources = list(_resources(state))
    for resource in resources:
        if resource.type in IMITATED:
            IMITATED[resource.type].check(resource.where, resource.inputs)
        elif resource.type not in SET_ASIDE:
            refuse_type(resource.type, resource.name)
    by_type: dict[str, list[Resource]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(resource)
    policies = {
        resource.id: distribution.response_headers_policy(resource.inputs, where=resource.where)
        for resource in by_type.get("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", [])
    }
    stack = LocalStack(
        stack=_stack_name(state),
        distributions=tuple(
            _distribution(resource, policies)
            for resource in by_type.get("aws:cloudfront/distribution:Distribution", [])
        ),
        functions=_functions(by_type, project),
        gates=_gates(by_type),
        stores=_stores(by_type),
        tables=tuple(_table(resource) for resource in by_type.get("aws:dynamodb/table:Table", [])),
        items=tuple(_item(resource) for resource in by_type.get("aws:dynamodb/tableItem:TableItem", [])),
        buckets=_buckets(by_type),
        objects=tuple(
            _object(resource, project) for resource in by_type.get("aws:s3/bucketObjectv2:BucketObjectv2", [])
        ),
        set_aside=Counter(resource.type for resource in resources if resource.type in SET_ASIDE),
    )
    check_links(stack)
    return stack


def _resources(state: Mapping[str, object]) -> Iterator[Resource]:
    """Yield the custom resources of a state: no components, no providers, nothing that waits for deletion."""
    deployment = state.get("deployment")
    entries = deployment.get("resources") if isinstance(deployment, Mapping) else None
    if not isinstance(entries, list):
        raise LocalEdgeError("the state has no deployment.resources: expected what 'pulumi stack export' prints")
    for entry in entries:
        kind = str(entry.get("type", ""))
        if not entry.get("custom") or entry.get("delete") or kind.startswith(_PROVIDERS):
            continue
        inputs, outputs = reveal(entry.get("inputs") or {}), reveal(entry.get("outputs") or {})
        assert isinstance(inputs, dict)
        assert isinstance(outputs, dict)
        name = str(entry["urn"]).rsplit("::", 1)[-1]
        yield Resource(type=kind, name=name, id=str(entry.get("id", "")), inputs=inputs, outputs=outputs)


def _stack_name(state: Mapping[str, object]) -> str:
    """Return the stack's name from the first URN (``urn:pulumi:<stack>::<project>::…``)."""
    deployment = state["deployment"]
    assert isinstance(deployment, Mapping)
    for entry in deployment["resources"]:
        return str(entry["urn"]).removeprefix("urn:pulumi:").split("::", 1)[0]
    return ""


def _distribution(resource: Resource, policies: Mapping[str, ResponseHeadersPolicy]) -> Distribution:
    return distribution.read(
        resource.inputs,
        where=resource.where,
        name=resource.name,
        distribution_id=resource.id,
        arn=resource.text("arn"),
        domain_name=resource.text("domainName"),
        policies=policies,
    )


def _functions(by_type: Mapping[str, list[Resource]], project: Path) -> dict[str, LambdaFunction]:
    functions = {}
    for resource in by_type.get("aws:lambda/function:Function", []):
        archive, archive_hash = archive_path(
            resource.inputs.get("code"), where=f"{resource.where} code", project=project
        )
        function = LambdaFunction(
            name=resource.text("name"),
            version=resource.text("version"),
            qualified_arn=resource.text("qualifiedArn"),
            archive=archive,
            archive_hash=archive_hash,
            handler=resource.text("handler"),
            runtime=resource.text("runtime"),
            memory_mb=resource.number("memorySize"),
            timeout_s=resource.number("timeout"),
        )
        functions[function.qualified_arn] = function
    return functions


def _gates(by_type: Mapping[str, list[Resource]]) -> dict[str, GateFunction]:
    gates = {}
    for resource in by_type.get("aws:cloudfront/function:Function", []):
        stores = resource.inputs.get("keyValueStoreAssociations") or []
        assert isinstance(stores, list)
        gate = GateFunction(
            name=resource.text("name"),
            arn=resource.text("arn"),
            code=resource.text("code"),
            store_arn=str(stores[0]) if stores else None,
        )
        gates[gate.arn] = gate
    return gates


def _stores(by_type: Mapping[str, list[Resource]]) -> dict[str, KeyValueStore]:
    values: dict[str, dict[str, str]] = {}
    for resource in by_type.get("aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey", []):
        store = values.setdefault(resource.text("keyValueStoreArn"), {})
        store[resource.text("key")] = resource.text("value")
    stores = {}
    for resource in by_type.get("aws:cloudfront/keyValueStore:KeyValueStore", []):
        arn = resource.text("arn")
        stores[arn] = KeyValueStore(name=resource.text("name"), arn=arn, values=values.get(arn, {}))
    return stores


def _table(resource: Resource) -> Table:
    attributes = resource.inputs.get("attributes") or []
    assert isinstance(attributes, list)
    keys = [{"AttributeName": resource.text("hashKey"), "KeyType": "HASH"}]
    if range_key := resource.text("rangeKey", ""):
        keys.append({"AttributeName": range_key, "KeyType": "RANGE"})
    name = resource.text("name")
    definition: dict[str, object] = {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]} for attribute in attributes
        ],
        "KeySchema": keys,
        "BillingMode": "PAY_PER_REQUEST",
    }
    if resource.inputs.get("streamEnabled"):
        definition["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": resource.text("streamViewType"),
        }
    return Table(name=name, definition=definition)


def _item(resource: Resource) -> TableItem:
    item = json.loads(resource.text("item"))
    if not isinstance(item, dict):
        raise LocalEdgeError(f"{resource.where}: item is not an object in DynamoDB JSON")
    return TableItem(
        table=resource.text("tableName"),
        hash_key=resource.text("hashKey"),
        range_key=resource.text("rangeKey", "") or None,
        item=item,
    )


def _buckets(by_type: Mapping[str, list[Resource]]) -> dict[str, Bucket]:
    documents: dict[str, list[object]] = {}
    for resource in by_type.get("aws:s3/bucketPolicy:BucketPolicy", []):
        policy = resource.inputs.get("policy")
        documents.setdefault(resource.text("bucket"), []).append(
            json.loads(policy) if isinstance(policy, str) else policy
        )
    buckets = {}
    for resource in by_type.get("aws:s3/bucket:Bucket", []):
        name = resource.text("bucket")
        domain_name = resource.text("bucketRegionalDomainName")
        readers = distribution.readers(documents.get(name, []), bucket=name, where=resource.where)
        buckets[domain_name] = Bucket(name=name, domain_name=domain_name, readers=readers)
    return buckets


def _object(resource: Resource, project: Path) -> BucketObject:
    content: Path | bytes
    if source := resource.inputs.get("source"):
        content = asset_path(source, where=f"{resource.where} source", project=project)
    elif encoded := resource.inputs.get("contentBase64"):
        content = base64.b64decode(str(encoded))
    else:
        content = resource.text("content", "").encode()
    headers = {header: resource.text(key) for key, header in _OBJECT_HEADERS.items() if resource.inputs.get(key)}
    metadata = resource.inputs.get("metadata") or {}
    assert isinstance(metadata, dict)
    headers |= {f"x-amz-meta-{key}": str(value) for key, value in metadata.items()}
    return BucketObject(
        bucket=resource.text("bucket"),
        key=resource.text("key", resource.name),
        path=content if isinstance(content, Path) else None,
        content=content if isinstance(content, bytes) else b"",
        headers=headers,
    )


def check_links(stack: LocalStack) -> None:
    """Refuse a stack whose parts name parts that it does not have.

    Raises
    ------
    LocalEdgeError
        Naming the distribution and the missing part.
    """
    for edge in stack.distributions:
        for behaviour in edge.behaviours:
            where = f"distribution {edge.name!r}, behaviour {behaviour.path_pattern!r}"
            if behaviour.gate_arn and behaviour.gate_arn not in stack.gates:
                raise LocalEdgeError(f"{where}: function {behaviour.gate_arn} is not in the stack")
            if behaviour.lambda_arn and behaviour.lambda_arn not in stack.functions:
                raise LocalEdgeError(f"{where}: Lambda version {behaviour.lambda_arn} is not in the stack")
        for origin in edge.origins.values():
            if origin.domain_name not in stack.buckets:
                raise LocalEdgeError(
                    f"distribution {edge.name!r}: origin {origin.domain_name} is no bucket of the stack; "
                    "the local edge imitates S3 origins only"
                )
    for gate in stack.gates.values():
        if gate.store_arn and gate.store_arn not in stack.stores:
            raise LocalEdgeError(f"function {gate.name!r}: key-value store {gate.store_arn} is not in the stack")
