"""Arithmetic as data: what a stage needs, as a formula over a run's settings.

A formula travels in the catalog, so that the page can tell a run's cost without importing the
stage (and torch with it).
"""

import ast
import math
import operator
from collections.abc import Mapping
from typing import Any

from sdqviz.base.errors import SdqvizError

_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Any] = {"min": min, "max": max, "sqrt": math.sqrt}


def evaluate(formula: str, values: Mapping[str, Any]) -> float:
    """The formula's number: + - * / **, comparisons, `a if b else c`, min, max and sqrt over
    numbers, texts and the names in `values`. Raises SdqvizError for anything else.
    """
    try:
        return float(_value(ast.parse(formula, mode="eval").body, values))
    except (SyntaxError, ArithmeticError, TypeError, ValueError) as error:
        raise SdqvizError(f"the formula {formula!r} fails: {error}", "mend its stage") from error


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, values) else other, values)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(argument, values) for argument in given))
    raise ValueError(f"{ast.unparse(node)!r} is neither known arithmetic nor a setting")
