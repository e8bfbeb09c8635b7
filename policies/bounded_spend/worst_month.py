"""The worst month fits its budget."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from edgewise.cost.advice import options
from edgewise.cost.bound import Bound
from edgewise.cost.bound.result import to_cent
from policies.bounded_spend._bells import allowed_usd
from policies.bounded_spend._describe import bound_of, describe, lease_numbers
from policies.bounded_spend._shared import shared_of
from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Setting, Violation

_REASONS: Final = 4


def _check(endpoint: InferenceEndpoint, config: Config) -> Iterator[Violation]:
    worst = bound_of(endpoint)
    budget = Decimal(str(config["budget_usd"])) if config["budget_usd"] else allowed_usd(endpoint)
    if budget is None:
        tag = f"user:edgewise:function${endpoint.name or '<function>'}"
        yield Violation(
            endpoint.distribution,
            f"the worst month costs {figure(worst)}, and no monthly budgets.Budget in USD counts {tag}: nobody said "
            "what it may cost",
            f"declare budgets.Budget(time_unit='MONTHLY', limit_amount='…', cost_filters=[… 'TagKeyValue', '{tag}' …])",
        )
    elif not worst.fits(budget):
        yield Violation(endpoint.distribution, explain(endpoint, worst, budget), _ways_out(endpoint, worst, budget))
    shared = shared_of(endpoint.stack)
    if not shared.total.is_finite():
        yield Violation(endpoint.distribution, f"what the stack shares costs {figure(shared)}: {_because(shared)}")


def explain(endpoint: InferenceEndpoint, worst: Bound, budget: Decimal) -> str:
    """Say what the worst month costs, what makes it up, and what could not be seen."""
    largest = "; ".join(f"{term.symbol} {term.title}: {to_cent(term.amount)} USD" for term in worst.largest())
    quota = next(count.arithmetic for term in worst.terms for count in term.counts if count.symbol == "Q")
    unseen = "" if lease_numbers(endpoint) else f"; no limits item was seen, so Q is all that Lambda admits: {quota}"
    because = f"; because {_because(worst)}" if worst.reasons else ""
    return f"the worst month costs {figure(worst)}, its budget is {budget} USD{because}{unseen}; largest: {largest}"


def figure(worst: Bound) -> str:
    """Write a bound's total."""
    return f"{worst.total_usd} USD" if worst.total.is_finite() else worst.status.value


def _because(worst: Bound) -> str:
    more = len(worst.reasons) - _REASONS
    return "; ".join(worst.reasons[:_REASONS]) + (f"; and {more} more" if more > 0 else "")


def _ways_out(endpoint: InferenceEndpoint, worst: Bound, budget: Decimal) -> str:
    """Return what would make it fit; empty, for the rule's own advice, where no one setting does."""
    if missing := _missing(endpoint):
        return f"first give it {', '.join(missing)}, see this pack's other rules: until then nothing bounds the month"
    if not worst.total.is_finite():
        return f"mend what this pack's other rules report, and take away what has no price: {_because(worst)}"
    fitting = [option for option in options(describe(endpoint), budget) if option.fits]
    shown = "; ".join(str(option) for option in fitting[:3])
    return f"what the other rules report first; then any one of these settings: {shown}" if fitting else ""


def _missing(endpoint: InferenceEndpoint) -> list[str]:
    """Return the guards that the figure stands or falls with, where there are none."""
    described = describe(endpoint)
    guards = {
        "a firewall": described.firewall,
        "a rate that blocks": described.rate_cap_rps,
        "a gate": described.gate,
        "a limits item": described.daily_quota,
        "a guard": described.guard,
    }
    return [name for name, guard in guards.items() if guard is None]


RULE: Final = Rule(
    id="worst-month",
    what="The worst bill of a calendar month, computed from the resources themselves, is finite and within the budget.",
    why="Everything here scales with whoever calls it. What can't be bounded before the deployment is bounded by the "
    "bank account.",
    source="docs/adr/0012-policies-see-resources.md; edgewise/cost/bound; `edgewise bound --explain` shows each line",
    fix="lower daily_quota, timeout, memory_size or the allowances, take away what has no price, or raise limit_amount "
    "of the function's budgets.Budget",
    subjects=endpoints,
    check=_check,
    config={
        "budget_usd": Setting(
            {"type": "number", "minimum": 0},
            0,
            "What each function's worst month may cost; 0 takes the amount of the function's own budgets.Budget.",
        )
    },
)
