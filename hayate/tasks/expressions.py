"""Arithmetic over sizes, and conditions over template parameters, evaluated without `eval`.

A task file says "2 * M * N * K"; a template says "MR * NR <= 28 * VL and PF > 0". Both are parsed by `ast`,
and only the node types below are let through, so a task file can't run code. Powers are limited, so it can't
hang either.
"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

from hayate.errors import WrongUse
from hayate.records import Shape

Value = int | float | str | bool
_Closure = Callable[[Mapping[str, "int | float | str | bool"]], "int | float | str | bool"]

_BINARY: dict[type[ast.operator], Callable[..., int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
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
MAX_LENGTH = 500  # characters
MAX_BITS = 1000  # of a whole number, on the way to a value, too


def evaluate_expression(text: str, shape: Shape) -> int | float:
    """The value of an arithmetic expression over sizes. `WrongUse` for anything but arithmetic.

    >>> evaluate_expression("2 * M * N + 8 ** min(M, 2)", {"M": 3, "N": 5})
    94
    """
    value = _run(text, shape, False)
    if isinstance(value, str):
        raise WrongUse(f"the expression {text!r} is no number", allowed=_ARITHMETIC)
    return value


def evaluate_condition(text: str, values: Mapping[str, Value]) -> bool:
    """Whether a condition over parameters holds: comparisons, `and`, `or`, `not`; a number is true if not 0.

    >>> evaluate_condition("MR <= 28 * VL and KIND == 'wide'", {"MR": 4, "VL": 8, "KIND": "wide"})
    True
    """
    return bool(_run(text, values, True))


def substituted(text: str, by: Mapping[str, str]) -> str:
    """The expression with names replaced by expressions. `WrongUse` if either is none.

    >>> substituted("2 * lda", {"lda": "K + pad"})
    '2 * (K + pad)'
    """
    if not names_in(text) & by.keys():
        return text
    found = {name: _parse(value, False) for name, value in by.items()}

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return found.get(node.id, node)

    return ast.unparse(Replace().visit(copy.deepcopy(_parse(text, False))))


def names_in(text: str, *, logic: bool = False) -> frozenset[str]:
    """The names that an expression uses (without `min` and `max`). `WrongUse` if it isn't one."""
    return frozenset(
        node.id
        for node in ast.walk(_parse(text, logic))
        if isinstance(node, ast.Name) and node.id not in ("min", "max")
    )


@lru_cache(maxsize=4096)
def _parse(text: str, logic: bool) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise WrongUse(f"an expression has {len(text)} characters", allowed=f"up to {MAX_LENGTH}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
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
            known, children = type(op) in _BINARY or isinstance(op, ast.Pow), [left, right]
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


def _run(text: str, values: Mapping[str, Value], logic: bool) -> Value:
    try:
        value = _compiled(text, logic)(values)
        return value if isinstance(value, str) else _number(value)
    except KeyError as error:
        raise WrongUse(
            f"unknown name {error.args[0]!r} in the expression {text!r}", allowed=", ".join(values)
        ) from None
    except TypeError as error:
        raise WrongUse(f"a text stands for a number in {text!r}, or is compared with one") from error
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise WrongUse(f"{text!r} has no value here: {error}") from error


@lru_cache(maxsize=4096)
def _compiled(text: str, logic: bool) -> _Closure:
    return _closure(_parse(text, logic), text)


def _closure(node: ast.expr, text: str) -> _Closure:
    """The expression as nested functions of the values: a template's conditions run some 10^5 times."""
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return lambda values: value
        case ast.Name(id=name):
            return lambda values: values[name]
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _closure(left, text), _closure(right, text)
            act = _power(text) if isinstance(op, ast.Pow) else _BINARY[type(op)]
            return lambda values: act(_number(a(values)), _number(b(values)))
        case ast.UnaryOp(op=op, operand=operand):
            a = _closure(operand, text)
            if isinstance(op, ast.Not):
                return lambda values: not a(values)
            sign = -1 if isinstance(op, ast.USub) else 1
            return lambda values: sign * _number(a(values))
        case ast.Call(func=ast.Name(id=name), args=args):
            parts = [_closure(arg, text) for arg in args]
            choose: Callable[..., int | float] = min if name == "min" else max
            return lambda values: choose(_number(part(values)) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=right_sides):
            first = _closure(left, text)
            pairs = [(_COMPARE[type(o)], _closure(r, text)) for o, r in zip(ops, right_sides, strict=True)]
            return lambda values: _compare(first, pairs, values)
        case ast.BoolOp(op=op, values=operands):
            parts = [_closure(operand, text) for operand in operands]
            join = all if isinstance(op, ast.And) else any
            return lambda values: join(part(values) for part in parts)
    raise AssertionError(ast.dump(node))  # _check lets nothing else through


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        raise TypeError(value)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise OverflowError(f"a number of more than {MAX_BITS} bits")
    return value


def _compare(
    first: _Closure, pairs: list[tuple[Callable[..., bool], _Closure]], values: Mapping[str, Value]
) -> bool:
    left = first(values)
    for relation, side in pairs:
        right = side(values)
        if not relation(left, right):
            return False
        left = right
    return True


def _power(text: str) -> Callable[[int | float, int | float], int | float]:
    def power(base: int | float, exponent: int | float) -> int | float:
        if max(1, int(abs(base)).bit_length()) * abs(exponent) > MAX_POWER_BITS:
            raise WrongUse(f"a power in {text!r} is too large", allowed=f"up to {MAX_POWER_BITS} bits")
        value: int | float | complex = base**exponent
        if isinstance(value, complex):
            raise WrongUse(f"{text!r} has no real value here")
        return value

    return power
