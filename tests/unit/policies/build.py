"""Stacks built by hand: single resources, and a whole good endpoint from which one thing is taken away.

    stack = good_endpoint().without("acl").stack()
    stack = good_endpoint().changed("function", timeout=30.0).stack()
    stack = good_endpoint().changed("distribution", links={"webAclId": ()}, webAclId=None).stack()
    stack = Parts().put("topic", "aws:sns/topic:Topic", name="alerts").stack()

It looks as a first preview does: what AWS makes up is `UNKNOWN`, and links say where it will come from.
"""

from __future__ import annotations

from tests.unit.policies.build_edge import edge
from tests.unit.policies.build_firewall import firewall, inference_statement, model_statement, rate_rule, rule
from tests.unit.policies.build_ledger import ledger
from tests.unit.policies.build_names import FUNCTION, LOG_REGIONS
from tests.unit.policies.build_watch import watch
from tests.unit.policies.parts import Parts, resource

__all__ = [
    "FUNCTION",
    "LOG_REGIONS",
    "Parts",
    "good_endpoint",
    "inference_statement",
    "model_statement",
    "rate_rule",
    "resource",
    "rule",
]


def good_endpoint() -> Parts:
    """Return a whole endpoint; `build_complete` adds what packs other than the one in question ask for."""
    return watch(ledger(edge(firewall(Parts()))))
