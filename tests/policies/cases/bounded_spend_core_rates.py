"""One rate for all requests together, that blocks and leaves nothing out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making


def _edge(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare what stands at the edge, and nothing behind it."""
    making = Making(name, ("log_group", "bucket", "access", *without), changes)
    edge(making)
    making.finish()


def _decoded(statement: Any) -> Any:
    """Return a statement that looks at what percent-encoded text means."""
    return json.loads(json.dumps(statement).replace('"NONE"', '"URL_DECODE"'))


def _rules(name: str, action: str = "block", kind: str = "CONSTANT", encoded: Collection[str] = ()) -> dict[str, Any]:
    """Return a web ACL's change: its rate rule, and what looks at encoded text, of `scope` and `allow`."""
    inference = raw.inference(name)
    passed = _decoded(inference) if "allow" in encoded else inference
    counted = _decoded(inference) if "scope" in encoded else inference
    return {
        "rules": [
            raw.rate_rule("rate-of-all", 1, kind, 1200, raw.some(counted, raw.models()), action=action),
            raw.rule("inference", 2, {"allow": {}}, passed),
            raw.rule("model", 3, {"allow": {}}, raw.models()),
        ]
    }


def bad_rate_rule_blocks_1(name: str) -> None:
    """It only counts."""
    _edge(name, acl=_rules(name, action="count"))


def bad_rate_rule_blocks_2(name: str) -> None:
    """An encoded form of the path passes and is not counted."""
    _edge(name, acl=_rules(name, encoded=["allow"]))


def bad_rate_rule_blocks_3(name: str) -> None:
    """One counter an address is no bound."""
    _edge(name, acl=_rules(name, kind="IP"))


def bad_rate_rule_blocks_4(name: str) -> None:
    """Nobody associated the ACL."""
    _edge(name, distribution={"web_acl_id": None})


def bad_rate_rule_blocks_5(name: str) -> None:
    """The scope is about models only."""
    rules = _rules(name)["rules"]
    _edge(name, acl={"rules": [raw.rate_rule("rate-of-all", 1, "CONSTANT", 1200, raw.models()), *rules[1:]]})


def good_rate_rule_blocks_1(name: str) -> None:
    _edge(name)


def good_rate_rule_blocks_2(name: str) -> None:
    """Encoded forms pass and are counted."""
    _edge(name, acl=_rules(name, encoded=["allow", "scope"]))
