"""No store is paid by the hour behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import TABLE
from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_SERVERS: Final = {
    "aws:elasticache/cluster:Cluster": ("nodeType", "elasticache"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType", "elasticache"),
    "aws:rds/instance:Instance": ("instanceClass", "rds"),
    "aws:rds/clusterInstance:ClusterInstance": ("instanceClass", "rds"),
    "aws:memorydb/cluster:Cluster": ("nodeType", "memorydb"),
    "aws:redshift/cluster:Cluster": ("nodeType", "redshift"),
    "aws:kinesis/stream:Stream": ("streamModeDetails", "kinesis"),
    "aws:opensearch/domain:Domain": ("clusterConfig", "opensearch"),
    "aws:msk/cluster:Cluster": ("brokerNodeGroupInfo", "msk"),
}


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(TABLE):
        # AWS and the provider take PROVISIONED where nothing is said.
        mode = each.get("billingMode", default="PROVISIONED")
        count = 0 if mode == "PAY_PER_REQUEST" else 1
        yield AlwaysOn(resource=each, what=f"capacity ({mode})", price_id="dynamodb.capacity.hour", count=count)
    for kind, (key, service) in _SERVERS.items():
        for each in stack.of(kind):
            size = each.known(key)
            size = size if isinstance(size, str) else "server"
            yield AlwaysOn(resource=each, what=f"{service} ({size})", price_id=f"{service}.{size}")


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="always-on-store",
    what="No table has provisioned capacity, and no cache, database, search or stream server runs, in a stack with an "
    "inference endpoint, unless a dated reason and the break-even justify it.",
    why="Each is billed by the hour, asked or not, and none of it is in the bound.",
    source=f"Amazon DynamoDB Developer Guide, read/write capacity mode; {SOURCE}",
    fix=f"set billing_mode='PAY_PER_REQUEST'; keep state in the ledger's table and files in S3; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
