"""The written list for web ACLs: the resource, and the blocks inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgewise.local.stack.imitation import COMMON, Imitation

WEB_ACL: Final[Mapping[str, Imitation]] = {
    "aws:wafv2/webAcl:WebAcl": Imitation(
        reads=frozenset({"name", "defaultAction", "customResponseBodies", "rules", "visibilityConfig"}),
        no_effect=COMMON,
        only={"scope": ("CLOUDFRONT",)},
    )
}

_NESTED: Final = frozenset(
    {"byteMatchStatement", "sizeConstraintStatement", "andStatement", "orStatement", "notStatement"}
)

ACL_BLOCKS: Final[Mapping[str, Imitation]] = {
    "default action": Imitation(reads=frozenset({"allow", "block"})),
    "rule": Imitation(reads=frozenset({"name", "priority", "action", "statement", "visibilityConfig"})),
    "action": Imitation(reads=frozenset({"allow", "block", "count"})),
    "block": Imitation(reads=frozenset({"customResponse"})),
    "pass": Imitation(),
    "statement": Imitation(reads=_NESTED | {"rateBasedStatement"}),
    "nested statement": Imitation(reads=_NESTED),
    "byte match": Imitation(
        reads=frozenset({"fieldToMatch", "positionalConstraint", "searchString", "textTransformations"})
    ),
    "size constraint": Imitation(
        reads=frozenset({"fieldToMatch", "comparisonOperator", "size", "textTransformations"})
    ),
    "field to match": Imitation(reads=frozenset({"method", "uriPath", "queryString", "singleHeader", "body"})),
    "rate": Imitation(reads=frozenset({"aggregateKeyType", "evaluationWindowSec", "limit", "scopeDownStatement"})),
}
