"""A task's arguments as the reference's own function names them, and how many elements they have, as C says it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tree_sitter import Node

from hayate.mutants.source import Source, function_name, parameters
from hayate.mutants.types import parameter_names
from hayate.records.problem import Argument
from hayate.records.task import Task

C_TYPES = {
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned",
    "int64": "long",
    "uint64": "unsigned long",
    "float32": "float",
    "float64": "double",
    "complex64": "_Complex float",
    "complex128": "_Complex double",
}


@dataclass(frozen=True)
class Array:
    """An argument in memory. `pointer` is C of a flat pointer to its elements, `count` of how many there are."""

    name: str  # of the parameter
    argument: Argument
    sides: tuple[str, ...]  # C, outermost first
    inner: tuple[str, ...]  # of the part that is the problem

    @property
    def ctype(self) -> str:
        return C_TYPES[self.argument.dtype]

    @property
    def pointer(self) -> str:
        return f"(({self.ctype} *)(void *){self.name})"

    @property
    def count(self) -> str:
        return "(" + " * ".join(self.sides) + ")"

    @property
    def bytes(self) -> str:
        return f"sizeof({self.ctype}) * (unsigned long){self.count}"

    @property
    def inner_count(self) -> str:
        return "(" + " * ".join(self.inner) + ")"

    @property
    def padded(self) -> bool:
        return self.inner != self.sides

    @property
    def square(self) -> bool:
        """Whether its last two dimensions are of the same size, by what they are called."""
        return len(self.inner) > 1 and self.inner[-1] == self.inner[-2]

    def at(self, index: str) -> str:
        """C: where in memory the element is that counts `index` among those of the problem."""
        if not self.padded:
            return index
        place, stride = "", "1"
        rest = f"({index})"
        for side, inner in zip(reversed(self.sides), reversed(self.inner), strict=True):
            place = f"{rest} % {inner} * ({stride})" + (f" + {place}" if place else "")
            rest, stride = f"({rest} / {inner})", f"{stride} * {side}"
        return place


class Signature:
    """Of a task's entry. `arrays` leaves out those whose size C can't say: `unknown`."""

    def __init__(self, task: Task, source: Source, definition: Node) -> None:
        self.task = task
        self.names = parameter_names(source, definition)
        self.definition = definition
        body = definition.child_by_field_name("body")
        end = definition.end_byte if body is None else body.start_byte
        self.head = source.data[definition.start_byte : end].decode().rstrip()
        name = function_name(definition)
        kind = source.text(definition.child_by_field_name("type"))
        stars = source.data[definition.start_byte : name.start_byte if name else 0].count(b"*")
        self.returns = "" if kind == "void" and not stars else kind + "*" * stars
        self.in_cxx = any(p.type == "linkage_specification" for p in _above(definition))
        self._values: dict[str, str] = {}  # drawn name -> C
        for argument, parameter in zip(task.arguments, self.names, strict=False):
            if argument.kind == "size" or (argument.kind == "scalar" and not argument.fields):
                self._values[argument.name] = f"(long){parameter}"
            for one in argument.fields:
                mark = "->" if argument.by_pointer else "."
                self._values[one.name] = f"(long){parameter}{mark}{one.name}"
        self.arrays: list[Array] = []
        self.unknown: list[str] = []
        self._add(first=True)
        self._add(first=False)

    @property
    def fits(self) -> bool:
        """Whether the reference's function has the task's arguments."""
        return len(parameters(self.definition)) == len(self.task.arguments) and all(self.names)

    def _add(self, first: bool) -> None:
        """Twice: sizes that no argument has are the last element of an array of offsets, which is known then."""
        self.unknown = []
        known = {a.name for a in self.arrays}
        for argument, parameter in zip(self.task.arguments, self.names, strict=False):
            if not argument.is_array or parameter in known:
                continue
            sides = tuple(self.c_of(side) for side in argument.shape)
            inner = tuple(self.c_of(side) for side in argument.extent) or sides
            if not all(sides) or not all(inner) or len(sides) != len(inner):
                self.unknown.append(parameter)
                continue
            array = Array(parameter, argument, sides, inner)
            self.arrays.append(array)
            if first and argument.drawn.kind == "offsets" and argument.drawn.high.isidentifier():
                value = f"(long){array.pointer}[{array.count} - 1]"
                self._values.setdefault(argument.drawn.high, value)

    def c_of(self, expression: str) -> str:
        """An expression over the drawn names, in C; "" where it has a name that C does not know."""
        try:
            return self._c(ast.parse(expression.strip(), mode="eval").body)
        except (KeyError, ValueError, SyntaxError):
            return ""

    def _c(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float() as value):
                return repr(value)
            case ast.Name(id=name):
                return f"({self._values[name]})"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self._c(operand)})"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                if isinstance(left, ast.Constant) and left.value == 2:
                    return f"(1L << {self._c(right)})"
                if isinstance(right, ast.Constant) and isinstance(right.value, int) and 2 <= right.value <= 4:
                    return "(" + " * ".join([self._c(left)] * right.value) + ")"
                raise ValueError
            case ast.BinOp(left=left, op=op, right=right):
                mark = {
                    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "/", ast.Mod: "%"
                }[type(op)]  # fmt: skip
                return f"({self._c(left)} {mark} {self._c(right)})"
            case ast.Call(func=ast.Name(id="min" | "max" as which), args=args):
                text = self._c(args[0])
                for one in args[1:]:
                    other = self._c(one)
                    text = f"({text} {'<' if which == 'min' else '>'} {other} ? {text} : {other})"
                return text
        raise ValueError

    @property
    def outputs(self) -> list[Array]:
        return [a for a in self.arrays if a.argument.kind != "input"]

    @property
    def inputs(self) -> list[Array]:
        return [a for a in self.arrays if a.argument.kind == "input"]

    @property
    def work(self) -> str:
        """C: a number of iterations that no honest call needs."""
        parts = [self.c_of(e) for e in (self.task.flops, self.task.bytes, self.task.oracle_work)]
        known = " + ".join(f"(double){p}" for p in parts if p)
        return f"1e6 + 100.0 * ({known})" if known else "1e10"


def _above(node: Node) -> list[Node]:
    found = []
    current = node.parent
    while current is not None:
        found.append(current)
        current = current.parent
    return found
