"""The loops of a source as nests: calls are followed, and loops know which of the task's sizes they cover.

A rule of thumb, not an analysis: values flow in the order of the text, whatever the conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from hayate.records import Task
from hayate.toolchains.source.constants import constant, type_bytes
from hayate.toolchains.source.names import words
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import declared, names, walk

_VISITS_MAX = 30_000  # nodes, calls followed again and again included
_DEPTH_MAX = 120
_LOOPS = ("for_statement", "while_statement", "do_statement")
_ALLOCATORS = words(
    "malloc calloc realloc aligned_alloc memalign alloca _mm_malloc __builtin_alloca __builtin_malloc"
)
_INTEGERS = words("int long size_t unsigned short char ptrdiff_t int32_t int64_t uint32_t uint64_t bool")


@dataclass(frozen=True)
class Value:
    """What is known of a variable."""

    dims: frozenset[str] = frozenset()  # sizes of the task that it comes from
    loops: frozenset[int] = frozenset()  # loops whose variable it comes from
    kind: str = ""  # "in", "out": the task's arrays; "scratch": memory of the candidate's own; "number"
    bytes: int | None = None  # of scratch; None where unknown


@dataclass
class Loop:
    """One loop in one chain of calls."""

    id: int
    node: Node
    parent: Loop | None
    variable: str
    dims: frozenset[str]
    depends: frozenset[int]  # ids of the outer loops whose variables its bounds come from
    step: int | None  # None where unknown
    trip: int | None  # number of rounds where constant
    env: dict[str, Value] = field(
        default_factory=dict
    )  # the one of its function: complete once the walk is over
    children: list[Loop] = field(default_factory=list)
    constants: dict[str, int] = field(default_factory=dict)

    def path(self) -> list[Loop]:
        """From the outermost loop to this one."""
        found: list[Loop] = []
        loop: Loop | None = self
        while loop is not None:
            found.append(loop)
            loop = loop.parent
        return found[::-1]

    @property
    def short(self) -> bool:
        """A loop with a constant number of rounds: the compiler can unroll it away."""
        return self.trip is not None and not self.dims


class _Walker:
    def __init__(self, root: Node, entry: str) -> None:
        self.loops: list[Loop] = []
        self._left = _VISITS_MAX
        self._constants: dict[str, int] = {}
        self._functions: dict[str, Node] = {}
        self._globals: dict[str, Value] = {}
        for node in _top_level(root):
            if node.type == "function_definition":
                name, _ = signature(node)
                self._functions.setdefault(name, node)
            elif node.type == "declaration":
                self._declare(node, self._globals)
        for node in walk(root):
            if node.type == "enumerator":
                value = constant(node.child_by_field_name("value"), self._constants)
                if value is not None:
                    self._constants[text_of(node.child_by_field_name("name"))] = value
        self._entry = entry

    def run(self, arguments: dict[str, Value]) -> None:
        function = self._functions.get(self._entry)
        if function is None:
            return
        _, parameters = signature(function)
        values = list(arguments.values())
        env = dict(self._globals)
        for i, name in enumerate(parameters):
            if name and i < len(values):
                env[name] = values[i]
        self._statement(function.child_by_field_name("body"), env, None, (self._entry,), 0)

    def _of(self, node: Node | None, env: dict[str, Value]) -> Value:
        found = [env[name] for name in names(node) if name in env]
        kinds = {value.kind for value in found}
        kind = next((k for k in ("scratch", "in", "out", "number") if k in kinds), "")
        sizes = [value.bytes for value in found if value.kind == "scratch"]
        return Value(
            frozenset().union(*(v.dims for v in found)),
            frozenset().union(*(v.loops for v in found)),
            kind,
            sizes[0] if sizes else None,
        )

    def _declare(self, node: Node, env: dict[str, Value]) -> None:
        base = text_of(node.child_by_field_name("type"))
        is_integer = any(word in _INTEGERS for word in base.split())
        for item in node.children_by_field_name("declarator"):
            inner = item.child_by_field_name("declarator") if item.type == "init_declarator" else item
            value = item.child_by_field_name("value") if item.type == "init_declarator" else None
            name, sizes, pointer = declared(inner)
            if not name:
                continue
            if sizes and not pointer:
                total: int | None = type_bytes(base)
                for size in sizes:
                    count = constant(size, self._constants)
                    total = None if count is None or total is None else total * count
                env[name] = Value(kind="scratch", bytes=total)
            elif pointer:
                env[name] = Value(kind="scratch") if _allocates(value) else self._of(value, env)
            else:
                known = constant(value, self._constants)
                if known is not None and is_integer:
                    self._constants.setdefault(name, known)
                of = self._of(value, env)
                env[name] = Value(of.dims, of.loops, "" if is_integer else "number")

    def _assign(self, node: Node, env: dict[str, Value]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or left.type != "identifier":
            return
        name = text_of(left)
        old, new = env.get(name, Value()), self._of(right, env)
        if text_of(node.child_by_field_name("operator")) == "=" and constant(right, self._constants) is None:
            self._constants.pop(name, None)
        kind = "scratch" if _allocates(right) else old.kind or new.kind
        env[name] = Value(old.dims | new.dims, old.loops | new.loops, kind, old.bytes or new.bytes)

    def _statement(
        self, node: Node | None, env: dict[str, Value], loop: Loop | None, stack: tuple[str, ...], depth: int
    ) -> None:
        self._left -= 1
        if node is None or self._left < 0 or depth > _DEPTH_MAX:
            return
        if node.type == "declaration":
            self._declare(node, env)
        elif node.type == "assignment_expression":
            self._assign(node, env)
        elif node.type in _LOOPS:
            self._loop(node, env, loop, stack, depth)
            return
        elif node.type == "call_expression":
            self._call(node, env, loop, stack, depth)
        for child in node.named_children:
            self._statement(child, env, loop, stack, depth + 1)

    def _loop(
        self, node: Node, env: dict[str, Value], parent: Loop | None, stack: tuple[str, ...], depth: int
    ) -> None:
        initial, condition = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
        update = node.child_by_field_name("update")
        if initial is not None:
            self._statement(initial, env, parent, stack, depth + 1)
        variable, step = _update(update, self._constants)
        self._constants.pop(variable, None)
        bounds = [env[n] for n in names(condition) if n != variable and n in env]
        start = self._of(_start(initial, variable), env)
        dims = frozenset().union(*(v.dims for v in bounds)) or start.dims
        outer = {inner.id for inner in parent.path()} if parent is not None else set()
        depends = (frozenset().union(*(v.loops for v in bounds)) | start.loops) & outer
        loop = Loop(len(self.loops), node, parent, variable, dims, depends, step, None, env)
        loop.trip = self._trip(initial, condition, variable, step)
        loop.constants = self._constants
        self.loops.append(loop)
        if parent is not None:
            parent.children.append(loop)
        if variable:
            env[variable] = Value(dims, depends | {loop.id})
        self._statement(node.child_by_field_name("body"), env, loop, stack, depth + 1)
        if update is not None:
            self._statement(update, env, loop, stack, depth + 1)

    def _trip(
        self, initial: Node | None, condition: Node | None, variable: str, step: int | None
    ) -> int | None:
        if condition is None or condition.type != "binary_expression" or not step or not variable:
            return None
        end = constant(condition.child_by_field_name("right"), self._constants)
        begin = constant(_start(initial, variable), self._constants)
        if end is not None and begin is not None:
            return max(0, -(-(end - begin) // step))
        # for (i = i0; i < i0 + 8; i++)
        right = condition.child_by_field_name("right")
        if right is not None and right.type == "binary_expression":
            base = text_of(right.child_by_field_name("left"))
            length = constant(right.child_by_field_name("right"), self._constants)
            if length is not None and base and base == text_of(_start(initial, variable)):
                return max(0, -(-length // step))
        return None

    def _call(
        self, node: Node, env: dict[str, Value], loop: Loop | None, stack: tuple[str, ...], depth: int
    ) -> None:
        name = text_of(node.child_by_field_name("function"))
        function = self._functions.get(name)
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None or name in stack or len(stack) > 8:
            return
        _, parameters = signature(function)
        inner = dict(self._globals)
        for parameter, argument in zip(parameters, arguments.named_children, strict=False):
            if not parameter:
                continue
            inner[parameter] = self._of(argument, env)
            value = constant(argument, self._constants)
            if value is not None:
                self._constants.setdefault(parameter, value)
        self._statement(function.child_by_field_name("body"), inner, loop, (*stack, name), depth + 1)


def _top_level(root: Node) -> Iterator[Node]:
    """Definitions and declarations outside functions, those within #if or an error node included."""
    stack = [root]
    while stack:
        node = stack.pop()
        for child in reversed(node.named_children):
            if child.type in ("function_definition", "declaration"):
                yield child
            elif child.type.startswith("preproc_") or child.type in ("ERROR", "linkage_specification"):
                stack.append(child)


def signature(function: Node) -> tuple[str, list[str]]:
    """Name and parameter names of a function definition."""
    node = function.child_by_field_name("declarator")
    while node is not None and node.type != "function_declarator":
        node = node.child_by_field_name("declarator")
    if node is None:
        return "", []
    parameters = node.child_by_field_name("parameters")
    listed = []
    for parameter in parameters.named_children if parameters is not None else []:
        if parameter.type == "parameter_declaration":
            listed.append(declared(parameter.child_by_field_name("declarator"))[0])
    return text_of(node.child_by_field_name("declarator")), listed


def _allocates(node: Node | None) -> bool:
    if node is None:
        return False
    return any(
        inner.type == "call_expression" and text_of(inner.child_by_field_name("function")) in _ALLOCATORS
        for inner in walk(node)
    )


def _start(initial: Node | None, variable: str) -> Node | None:
    """What the loop's variable starts with."""
    if initial is None:
        return None
    for node in walk(initial):
        if node.type == "init_declarator" and declared(node.child_by_field_name("declarator"))[0] == variable:
            return node.child_by_field_name("value")
        if node.type == "assignment_expression" and text_of(node.child_by_field_name("left")) == variable:
            return node.child_by_field_name("right")
    return None


def _update(update: Node | None, constants: dict[str, int]) -> tuple[str, int | None]:
    """The loop's variable and step; of several updates the first."""
    if update is None:
        return "", None
    for node in walk(update):
        if node.type == "update_expression":
            return text_of(node.child_by_field_name("argument")), 1
        if node.type == "assignment_expression":
            variable = text_of(node.child_by_field_name("left"))
            right = node.child_by_field_name("right")
            if text_of(node.child_by_field_name("operator")) == "=" and right is not None:
                # i = i + 4
                if text_of(right.child_by_field_name("left")) == variable:
                    return variable, constant(right.child_by_field_name("right"), constants)
                return variable, None
            return variable, constant(right, constants)
    return "", None


def loops_of(root: Node, task: Task) -> Sequence[Loop]:
    """Every loop that the entry reaches, outer before inner; a function called twice counts twice."""
    arguments = {}
    for argument in task.arguments:
        if argument.kind == "size":
            arguments[argument.name] = Value(dims=frozenset({argument.name}))
        else:
            arguments[argument.name] = Value(kind="in" if argument.kind == "input" else "out")
    walker = _Walker(root, task.entry)
    walker.run(arguments)
    return walker.loops
