"""How a stack's resources are called in the account (docs/adr/0007-names-are-fixed.md)."""

from __future__ import annotations


def physical_name(stack: str, part: str) -> str:
    """Return the name under which a stack's resource stands in the account: ``edgewise-<stack>-<part>``."""
    return f"edgewise-{stack}-{part}"
