"""A whole good inference endpoint as raw `pulumi_aws` resources: no component of ours. Cases weaken one thing of it.

    endpoint(name)                                             # good
    endpoint(name, without=("acl",))                           # nothing that would use it has it any more
    endpoint(name, acl={"default_action": {"allow": {}}})      # other arguments of one resource; None takes one away

The short names are those of the `make` calls in this folder (`log_group` stands for thirteen, `alarm` for eight). The
endpoint's function is called like the prefix, so that several of them stand in one program. `endpoint` returns what it
made, by short name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tests.policies.raw.edge import behaviour, behaviours, edge
from tests.policies.raw.firewall import (
    acl_rules,
    every,
    inference,
    matches,
    models,
    path_at_most,
    rate_rule,
    rule,
    seen,
    some,
)
from tests.policies.raw.ledger import ledger, limits_item
from tests.policies.raw.making import Making, allow, code, tags, trust
from tests.policies.raw.names import (
    BODY_BYTES,
    BUDGET_USD,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    DIGEST,
    EDGE_REGIONS,
    EVERY_METHOD,
    GATE_CODE,
    LIMITS,
    MODEL_BYTES,
    READ,
)
from tests.policies.raw.watch import watch

__all__ = [
    "BODY_BYTES",
    "BUDGET_USD",
    "CACHING_DISABLED",
    "CACHING_OPTIMIZED",
    "DIGEST",
    "EDGE_REGIONS",
    "EVERY_METHOD",
    "GATE_CODE",
    "LIMITS",
    "MODEL_BYTES",
    "READ",
    "acl_rules",
    "allow",
    "behaviour",
    "behaviours",
    "code",
    "endpoint",
    "every",
    "inference",
    "limits_item",
    "matches",
    "models",
    "path_at_most",
    "rate_rule",
    "rule",
    "seen",
    "some",
    "tags",
    "trust",
]


def endpoint(name: str, *, without: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare an endpoint."""
    making = Making(name, without, changes)
    edge(making)
    ledger(making)
    watch(making)
    return making.finish()
