"""Read the state of a stack (`pulumi stack export --show-secrets`) into what the local edge imitates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from edgewise.local.stack import distribution, home, lambdas, storage, webacl
from edgewise.local.stack.imitated import IMITATED, SET_ASIDE, refuse_type
from edgewise.local.stack.model import (
    Distribution,
    GateFunction,
    KeyValueStore,
    LocalEdgeError,
    LocalStack,
    ResponseHeadersPolicy,
)
from edgewise.local.stack.resource import Resource, resources, stack_name


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
    found = list(resources(state))
    for resource in found:
        if resource.type in IMITATED and resource.type != lambdas.FUNCTION:
            IMITATED[resource.type].check(resource.where, resource.inputs)
        elif resource.type not in (*SET_ASIDE, lambdas.FUNCTION):
            refuse_type(resource.type, resource.name)
    by_type: dict[str, list[Resource]] = {}
    for resource in found:
        by_type.setdefault(resource.type, []).append(resource)
    policies = {
        resource.id: distribution.response_headers_policy(resource.inputs, where=resource.where)
        for resource in by_type.get("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", [])
    }
    distributions = tuple(
        _distribution(resource, policies) for resource in by_type.get("aws:cloudfront/distribution:Distribution", [])
    )
    edge_functions, home_functions = lambdas.read(by_type, distributions=distributions, project=project)
    stack = LocalStack(
        stack=stack_name(state),
        distributions=distributions,
        functions=edge_functions,
        gates=_gates(by_type),
        stores=_stores(by_type),
        tables=tuple(storage.table(resource) for resource in by_type.get("aws:dynamodb/table:Table", [])),
        items=tuple(storage.item(resource) for resource in by_type.get("aws:dynamodb/tableItem:TableItem", [])),
        buckets=storage.buckets(
            by_type.get("aws:s3/bucket:Bucket", []), by_type.get("aws:s3/bucketPolicy:BucketPolicy", [])
        ),
        objects=tuple(
            storage.bucket_object(resource, project)
            for resource in by_type.get("aws:s3/bucketObjectv2:BucketObjectv2", [])
        ),
        set_aside=Counter(resource.type for resource in found if resource.type in SET_ASIDE),
        home_functions=home_functions,
        home=home.read(by_type),
        web_acls=webacl.read(by_type.get("aws:wafv2/webAcl:WebAcl", [])),
    )
    check_links(stack)
    return stack


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


def check_links(stack: LocalStack) -> None:
    """Refuse a stack whose parts name parts that it does not have.

    Raises
    ------
    LocalEdgeError
        Naming the distribution and the missing part.
    """
    for edge in stack.distributions:
        if edge.web_acl_arn and edge.web_acl_arn not in stack.web_acls:
            raise LocalEdgeError(f"distribution {edge.name!r}: web ACL {edge.web_acl_arn} is not in the stack")
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
    home.check_links(stack.home, functions=stack.home_functions, tables=stack.tables)
    for gate in stack.gates.values():
        if gate.store_arn and gate.store_arn not in stack.stores:
            raise LocalEdgeError(f"function {gate.name!r}: key-value store {gate.store_arn} is not in the stack")
