"""Arithmetic as text: what is printed IS what is computed.

Every figure of a bound is written as text first (``620000 * 0.60 / 1000000``) and then evaluated here, so the printed
arithmetic can't drift from the amount. Numbers are Decimal. Copy a text into ``python`` or, without the functions,
into ``bc``, and it gives the same figure.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Final

_CONTEXT: Final = Context(prec=28)

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: _CONTEXT.add,
    ast.Sub: _CONTEXT.subtract,
    ast.Mult: _CONTEXT.multiply,
    ast.Div: _CONTEXT.divide,
}


def _ceil(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding=ROUND_CEILING)


def _floor(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding=ROUND_FLOOR)


_FUNCTIONS: Final[Mapping[str, Callable[..., Decimal]]] = {"min": min, "max": max, "ceil": _ceil, "floor": _floor}


def plain(value: Decimal | int) -> str:
    """Write a number without an exponent and without zeros that say nothing.

    Examples
    --------
    >>> plain(Decimal("1E+3")), plain(Decimal("0.50"))
    ('1000', '0.5')
    """
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_factor(text: str) -> str:
    """Put a sum into parentheses, so that it can stand in a product.

    Examples
    --------
    >>> as_factor("1 + 2"), as_factor("3 * (1 + 2)")
    ('(1 + 2)', '3 * (1 + 2)')
    """
    body = ast.parse(text, mode="eval").body
    is_sum = isinstance(body, ast.BinOp) and isinstance(body.op, ast.Add | ast.Sub)
    return f"({text})" if is_sum else text


@lru_cache(maxsize=16_384)
def evaluate(text: str) -> Decimal:
    """Compute a text of numbers, ``+ - * /``, parentheses, ``min``, ``max``, ``ceil`` and ``floor``.

    Raises
    ------
    ValueError
        When the text holds anything else.

    Examples
    --------
    >>> evaluate("31 * floor(20000 / 50)")
    Decimal('12400')
    """
    return _value(ast.parse(text, mode="eval").body, text)


def _value(node: ast.expr, text: str) -> Decimal:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        # The source text, not the parsed float: 0.1 stays 0.1.
        return Decimal(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _FUNCTIONS[node.func.id](*(_value(argument, text) for argument in node.args))
    raise ValueError(f"not arithmetic: {ast.get_source_segment(text, node)!r} in {text!r}")
