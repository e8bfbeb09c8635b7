"""The ledger's limits are in the program, where a policy can read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edgewise.cost.month import SECONDS
from edgewise.cost.quotas import limit
from policies.bounded_spend._describe import LIMITS, missing_limits
from policies.core.endpoint import InferenceEndpoint, endpoints, limits_of
from policies.core.rule import Config, Rule, Violation


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    item = endpoint.limits
    if item is None:
        yield Violation(endpoint.distribution, f"{_instead(endpoint)}; so only the platform's quotas count: {_quota()}")
    elif missing := missing_limits(item):
        yield Violation(item, f"no whole number of 1 or more under {', '.join(missing)}; so {_quota()}")


def _instead(endpoint: InferenceEndpoint) -> str:
    items = endpoint.items
    keys = sorted(str(limits_of(each).get("pk")) for each in items if each.known("item") is not None)
    wanted = f"limits#{endpoint.name}" if endpoint.name else "limits#<function>"
    if not endpoint.tables:
        return f"its role may write no table of this program, so no item {wanted} is its own"
    hidden = len(items) - len(keys)
    there = ", ".join(keys) or "no item that can be read"
    return f"no item {wanted} in its table: there is {there}" + (f" and {hidden} not known yet" if hidden else "")


def _quota() -> str:
    rate, regions = limit("lambda_edge.requests_per_s"), limit("lambda_edge.regions")
    return f"{rate} requests/s x {regions} Regions x {SECONDS} s = {rate * regions * SECONDS} a month"


RULE: Final = Rule(
    id="limits-item",
    what="The ledger's table holds the limits item of this very function, with its numbers in the program.",
    why="Without it nothing in the program limits how often the function runs: Lambda's own quotas do, at a price in "
    "the millions of dollars a month.",
    source="docs/adr/0012-policies-see-resources.md; docs/ledger.md",
    fix="declare dynamodb.TableItem(table_name=table.name, hash_key='pk', item=json.dumps({'pk': {'S': "
    f"'limits#<function>'}}, … {', '.join(LIMITS)} as {{'N': '…'}} …}})) without outputs of other resources in it",
    subjects=endpoints,
    check=_check,
)
