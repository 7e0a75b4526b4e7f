"""Arithmetic over sizes, and conditions over template parameters, evaluated without `eval`.

A task file says "2 * M * N * K"; a template says "MR * NR <= 28 * VL and PF > 0". Both are parsed by `ast`,
and only the node types below are let through, so a task file can't run code. Powers are limited, so it can't
hang either.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

from hayate.errors import WrongUse
from hayate.records import Shape

Value = int | float | str | bool

_BINARY: dict[type[ast.operator], Callable[..., int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC = "numbers, names, + - * / // % **, parentheses, min(...), max(...)"
_LOGIC = _ARITHMETIC + ", comparisons, and, or, not"
MAX_POWER_BITS = 4096


def evaluate_expression(text: str, shape: Shape) -> int | float:
    """The value of an arithmetic expression over sizes. `WrongUse` for anything but arithmetic.

    >>> evaluate_expression("2 * M * N + 8 ** min(M, 2)", {"M": 3, "N": 5})
    94
    """
    value = _evaluate(_parse(text, False), shape, text, False)
    if isinstance(value, str):
        raise WrongUse(f"the expression {text!r} is no number", allowed=_ARITHMETIC)
    return value


def evaluate_condition(text: str, values: Mapping[str, Value]) -> bool:
    """Whether a condition over parameters holds: comparisons, `and`, `or`, `not`; a number is true if not 0.

    >>> evaluate_condition("MR <= 28 * VL and KIND == 'wide'", {"MR": 4, "VL": 8, "KIND": "wide"})
    True
    """
    return bool(_evaluate(_parse(text, True), values, text, True))


def names_in(text: str, *, logic: bool = False) -> frozenset[str]:
    """The names that an expression uses (without `min` and `max`). `WrongUse` if it isn't one."""
    return frozenset(
        node.id
        for node in ast.walk(_parse(text, logic))
        if isinstance(node, ast.Name) and node.id not in ("min", "max")
    )


@lru_cache(maxsize=4096)
def _parse(text: str, logic: bool) -> ast.expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise WrongUse(f"{text!r} is not an expression", allowed=_LOGIC if logic else _ARITHMETIC) from error
    _check(tree, text, logic)
    return tree


def _check(node: ast.AST, text: str, logic: bool) -> None:
    """Raise `WrongUse` unless every node is one that `_evaluate` knows."""
    match node:
        case ast.Constant(value=value):
            known = type(value) in (int, float) or (logic and type(value) is str)
            children: list[ast.expr] = []
        case ast.Name():
            known, children = True, []
        case ast.BinOp(left=left, op=op, right=right):
            known, children = type(op) in _BINARY, [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            known, children = True, [operand]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            known, children = logic, [operand]
        case ast.Call(func=ast.Name(id="min" | "max"), args=args, keywords=[]) if args:
            known, children = True, args
        case ast.Compare(left=left, ops=ops, comparators=right_sides):
            known = logic and all(type(op) in _COMPARE for op in ops)
            children = [left, *right_sides]
        case ast.BoolOp(values=values):
            known, children = logic, values
        case _:
            known, children = False, []
    if not known:
        raise WrongUse(
            f"{ast.unparse(node)!r} is not allowed in the expression {text!r}",
            allowed=_LOGIC if logic else _ARITHMETIC,
        )
    for child in children:
        _check(child, text, logic)


def _evaluate(node: ast.expr, values: Mapping[str, Value], text: str, logic: bool) -> Value:
    def at(child: ast.expr) -> Value:
        return _evaluate(child, values, text, logic)

    def number(child: ast.expr) -> int | float:
        value = at(child)
        if isinstance(value, str):
            raise WrongUse(f"{ast.unparse(child)!r} is no number in the expression {text!r}")
        return value

    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            if name not in values:
                raise WrongUse(f"unknown name {name!r} in the expression {text!r}", allowed=", ".join(values))
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, number(left), number(right), text)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not at(operand)
        case ast.UnaryOp(op=op, operand=operand):
            return -number(operand) if isinstance(op, ast.USub) else number(operand)
        case ast.Call(func=ast.Name(id=name), args=args):
            return (min if name == "min" else max)(number(a) for a in args)
        case ast.Compare(left=left, ops=ops, comparators=right_sides):
            sides = [at(left), *(at(r) for r in right_sides)]
            try:
                return all(_COMPARE[type(o)](a, b) for o, a, b in zip(ops, sides, sides[1:], strict=False))
            except TypeError as error:
                raise WrongUse(f"a text and a number are compared in {text!r}") from error
        case ast.BoolOp(op=op, values=parts):
            return (all if isinstance(op, ast.And) else any)(at(p) for p in parts)
    raise AssertionError(ast.dump(node))  # _check lets nothing else through


def _binary(op: ast.operator, left: int | float, right: int | float, text: str) -> int | float:
    if isinstance(op, ast.Pow) and max(1, int(abs(left)).bit_length()) * abs(right) > MAX_POWER_BITS:
        raise WrongUse(f"a power in {text!r} is too large", allowed=f"up to {MAX_POWER_BITS} bits")
    try:
        value = _BINARY[type(op)](left, right)
    except (ZeroDivisionError, OverflowError) as error:
        raise WrongUse(f"{text!r} has no value here: {error}") from error
    if isinstance(value, complex):
        raise WrongUse(f"{text!r} has no real value here")
    return value
