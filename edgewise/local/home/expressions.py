"""Metric math, as far as alarms here use it: ids, numbers, + - * /, FILL with a number, SUM of a list.

AWS, CloudWatch User Guide, "Using math expressions with CloudWatch metrics". Everything else is refused by name.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Final

from edgewise.local.stack.model import LocalEdgeError

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
Values = Mapping[str, float | None]


def check_expression(expression: str, ids: frozenset[str], *, where: str) -> None:
    """Refuse what is not imitated.

    Raises
    ------
    LocalEdgeError
        Naming the part.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise LocalEdgeError(f"{where}: the expression {expression!r} can't be read: {error.msg}") from error
    _check(tree, ids, f"{where}: {expression!r}")


def evaluate(expression: str, values: Values) -> float | None:
    """Return an expression's value at one period; None where a metric it needs has none.

    Parameters
    ----------
    expression : str
        A checked one.
    values : mapping
        By id: the metric's value, None when nothing was measured.
    """
    return _value(ast.parse(expression, mode="eval").body, values)


def _check(node: ast.expr, ids: frozenset[str], where: str) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if name in ids:
            return
        case ast.Name(id=name):
            raise LocalEdgeError(f"{where}: {name!r} is no id of the alarm's: {', '.join(sorted(ids))}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, ids, where)
            _check(right, ids, where)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, ids, where)
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, ast.Constant(value=int() | float())], keywords=[]):
            _check(inner, ids, where)
        case ast.Call(func=ast.Name(id="SUM"), args=[ast.List(elts=elements)], keywords=[]):
            for element in elements:
                _check(element, ids, where)
        case _:
            known = "ids, numbers, + - * /, FILL(id, number), SUM([ids])"
            raise LocalEdgeError(
                f"{where}: {ast.unparse(node)!r} is not imitated by the local edge, only {known}. "
                "See docs/local-edge.md"
            )


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(_OPERATORS[type(op)], _value(left, values), _value(right, values))
        case ast.UnaryOp(operand=operand):
            return _combine(operator.sub, 0.0, _value(operand, values))
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, filler]):
            found = _value(inner, values)
            return _value(filler, values) if found is None else found
        case ast.Call(args=[ast.List(elts=elements)]):
            # SUM takes what is there.
            found_values = [value for value in (_value(element, values) for element in elements) if value is not None]
            return sum(found_values) if found_values else None
    raise LocalEdgeError(f"the expression {ast.unparse(node)!r} was not checked")


def _combine(operation: Callable[[float, float], float], left: float | None, right: float | None) -> float | None:
    """Return nothing where an operand is missing, or where it is divided by zero."""
    if left is None or right is None:
        return None
    try:
        return operation(left, right)
    except ZeroDivisionError:
        return None
