"""What a preview says beside its resources: each function's worst month against its budget."""

from __future__ import annotations

import pulumi

from infra.bound import StackBound
from infra.settings import Settings


def announce(settings: Settings, worst: StackBound) -> None:
    """Print a line a function, and one for what they share."""
    for name, function in settings.functions.items():
        figure = worst.functions[name].total_usd
        pulumi.log.info(f"{name}: the worst month costs {figure} USD, budget {function.monthly_budget_usd} USD")
    pulumi.log.info(f"shared by all functions: {worst.shared.total_usd} USD; the stack: {worst.total_usd} USD at most")
