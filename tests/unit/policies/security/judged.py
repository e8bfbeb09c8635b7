"""What a rule found, short."""

from __future__ import annotations

from typing import Any

from policies.core.resource import Stack
from policies.core.rule import Answer, Config, Rule


def figures(rule: Rule[Any], stack: Stack, config: Config | None = None) -> list[str]:
    """Return the figures of a verdict's violations; it must have some."""
    return [each.figure for each in _violations(rule, stack, config)]


def names(rule: Rule[Any], stack: Stack, config: Config | None = None) -> list[str]:
    """Return the resources that a verdict's violations are about; it must have some."""
    return [each.resource.name for each in _violations(rule, stack, config)]


def _violations(rule: Rule[Any], stack: Stack, config: Config | None) -> list[Any]:
    verdict = rule.judge(stack, config)
    assert verdict.answer is Answer.VIOLATION, verdict.findings
    assert verdict.refuses
    return [each for each in verdict.findings if each.answer is Answer.VIOLATION]
