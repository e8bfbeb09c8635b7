"""Read a stack's tables, items, buckets and objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgewise.local.stack import bucketpolicy
from edgewise.local.stack.assets import asset_path
from edgewise.local.stack.model import Bucket, BucketObject, LocalEdgeError, Table, TableItem

if TYPE_CHECKING:
    from edgewise.local.stack.resource import Resource

_OBJECT_HEADERS: Final = {
    "contentType": "Content-Type",
    "cacheControl": "Cache-Control",
    "contentEncoding": "Content-Encoding",
    "contentDisposition": "Content-Disposition",
    "contentLanguage": "Content-Language",
}


def table(resource: Resource) -> Table:
    """Read a table; its definition is in the form of ``CreateTable``."""
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
    return Table(
        name=name,
        definition=definition,
        arn=resource.text("arn", ""),
        stream_arn=resource.text("streamArn", "") or None,
    )


def item(resource: Resource) -> TableItem:
    """Read an item that Pulumi owns.

    Raises
    ------
    LocalEdgeError
        When it is not in DynamoDB JSON.
    """
    content = json.loads(resource.text("item"))
    if not isinstance(content, dict):
        raise LocalEdgeError(f"{resource.where}: item is not an object in DynamoDB JSON")
    return TableItem(
        table=resource.text("tableName"),
        hash_key=resource.text("hashKey"),
        range_key=resource.text("rangeKey", "") or None,
        item=content,
    )


def buckets(declared: Sequence[Resource], policies: Sequence[Resource]) -> dict[str, Bucket]:
    """Read buckets and their policies, by regional domain name."""
    documents: dict[str, list[object]] = {}
    for resource in policies:
        policy = resource.inputs.get("policy")
        document = json.loads(policy) if isinstance(policy, str) else policy
        documents.setdefault(resource.text("bucket"), []).append(document)
    found = {}
    for resource in declared:
        name = resource.text("bucket")
        domain_name = resource.text("bucketRegionalDomainName")
        grants = bucketpolicy.grants(documents.get(name, []), bucket=name, where=resource.where)
        found[domain_name] = Bucket(name=name, domain_name=domain_name, grants=grants)
    return found


def bucket_object(resource: Resource, project: Path) -> BucketObject:
    """Read an object; relative paths start at the project's folder."""
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
