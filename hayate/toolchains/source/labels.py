"""Structural techniques: labels for niches, never offences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from tree_sitter import Node

from hayate.records import Task, Technique
from hayate.toolchains.source.constants import constant
from hayate.toolchains.source.macros import expand
from hayate.toolchains.source.nests import Loop, loops_of
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tokens import read
from hayate.toolchains.source.tree import Tangled, names, parse, walk

_TILE_MAX_BYTES = 16 * 1024  # of an array of accumulators
_CACHE_BLOCK_MIN = 32  # rounds; a tile of fewer is one of registers
_RAGGED_BLOCK_MIN = 16  # the same, if it has another size's loop within
_PACKED_MIN_BYTES = 2048  # smaller buffers are tiles of registers
_UNROLL = re.compile(r"(?:GCC unroll|unroll|clang loop unroll\w*)(?!\s*\(?\s*(?:0|1|disable)\b)")


def structure(root: Node, pragmas: Iterable[str], task: Task) -> frozenset[Technique]:
    """The structural techniques of an expanded source, of those that the task names."""
    loops = loops_of(root, task)
    found: set[Technique] = set()
    if _reordered(loops, task):
        found.add(Technique.LOOP_ORDER)
    if any(_is_block(loop) for loop in loops):
        found.add(Technique.BLOCKING)
    inner = [loop for loop in loops if not loop.short and all(below.short for below in _below(loop))]
    if any(_register_tile(loop) for loop in inner):
        found.add(Technique.REGISTER_BLOCKING)
    if any(_packs(loop) for loop in loops):
        found.add(Technique.PACKING)
    if any(_unrolled(loop) for loop in inner) or any(_UNROLL.match(pragma) for pragma in pragmas):
        found.add(Technique.UNROLLING)
    if _time_blocked(loops, task):
        found.add(Technique.TIME_BLOCKING)
    return frozenset(found) & frozenset(task.techniques)


def _below(loop: Loop) -> Iterator[Loop]:
    stack = list(loop.children)
    while stack:
        current = stack.pop()
        yield current
        stack.extend(current.children)


def _order(path: Sequence[Loop]) -> tuple[str, ...]:
    """The task's sizes in the order of the innermost loops that run over them."""
    order: list[str] = []
    for loop in path:
        for dim in sorted(loop.dims):
            if dim in order:
                order.remove(dim)
            order.append(dim)
    return tuple(order)


def _main(loops: Sequence[Loop]) -> tuple[str, ...]:
    """The order of the nest that covers most sizes; the deepest of those, the first of equals."""
    best: tuple[int, int] = (0, 0)
    order: tuple[str, ...] = ()
    for loop in loops:
        if not loop.children:
            path = loop.path()
            key = (len(_order(path)), len(path))
            if key > best:
                best, order = key, _order(path)
    return order


@lru_cache(maxsize=32)
def _reference_order(task_hash: str, text: str, task_json: str) -> tuple[str, ...]:
    task = Task.model_validate_json(task_json)
    try:
        return _main(loops_of(parse(expand(read(text)).text), task))
    except Tangled:
        return ()


def reference_order(task: Task) -> tuple[str, ...]:
    """The loop order of the task's reference."""
    return _reference_order(task.hash, task.reference.text, task.model_dump_json())


def _time_dim(task: Task) -> str:
    """The size that counts sweeps: the reference's outermost, where blocking in time makes sense at all."""
    order = reference_order(task)
    return order[0] if Technique.TIME_BLOCKING in task.techniques and len(order) > 1 else ""


def _reordered(loops: Sequence[Loop], task: Task) -> bool:
    time = _time_dim(task)
    order = _main(loops)
    shared = [dim for dim in reference_order(task) if dim in order and dim != time]
    return [dim for dim in order if dim in shared] != shared


def _is_block(loop: Loop) -> bool:
    """Is it the inside of a block: bounded by an outer loop over the same size that goes in large steps?"""
    for outer in loop.path()[:-1]:
        if outer.id not in loop.depends or not (outer.dims & loop.dims or (outer.dims and loop.trip)):
            continue
        step = outer.step
        if step is None or step == 1:  # a variable block, or an index of blocks
            if loop.trip is None or loop.trip >= _CACHE_BLOCK_MIN:
                return True
        elif step >= _CACHE_BLOCK_MIN or (
            step >= _RAGGED_BLOCK_MIN and any(below.dims - loop.dims for below in _below(loop))
        ):
            return True
    # A tile of constant length over which loops run from 0: for (ii = 0; ii < 64; ii++) under for (i += 64).
    if loop.trip is not None and loop.trip >= _CACHE_BLOCK_MIN:
        return any(outer.dims and outer.step == loop.trip for outer in loop.path()[:-1])
    return False


def _updates(loop: Loop) -> Iterator[tuple[str, Node, set[str]]]:
    """Accumulations in a loop: the target's name, the target, and the operands joined to it."""
    for node in walk(loop.node):
        if node.type != "assignment_expression":
            continue
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            continue
        name = (names(left) or [""])[0]
        operator = text_of(node.child_by_field_name("operator"))
        operands = _operands(right)
        if operator in ("+=", "-=") or (operator == "=" and text_of(left) in operands):
            yield name, left, operands - {text_of(left)}


def _operands(node: Node) -> set[str]:
    """What an expression computes with: elements, loads and plain variables, as text."""
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        kind = current.type
        if kind in ("subscript_expression", "pointer_expression", "identifier"):
            found.add(text_of(current))
        elif kind == "call_expression":
            arguments = current.child_by_field_name("arguments")
            listed = arguments.named_children if arguments is not None else []
            if len(listed) == 1:
                found.add(text_of(current))
            else:
                stack.extend(listed)
        elif kind != "type_descriptor":
            stack.extend(current.named_children)
    return found


def _register_tile(loop: Loop) -> bool:
    """Several accumulators of the candidate's own that share an operand, as the outputs of a tile do."""
    users: dict[str, set[str]] = {}
    short = {below.variable for below in _below(loop)}
    for name, target, operands in _updates(loop):
        own = [scope.env[name] for scope in (loop, *_below(loop)) if name in scope.env]
        if not any(
            value.kind == "number" or (value.kind == "scratch" and _is_small(value.bytes)) for value in own
        ):
            continue
        varying = set(names(target)) & short
        for operand in operands:
            # acc[r] += a[r] * b: b is the same for all r.
            if varying and not varying <= set(re.findall(r"\w+", operand)):
                return True
            users.setdefault(operand, set()).add(text_of(target))
    return any(len(targets) >= 2 for targets in users.values())


def _is_small(size: int | None) -> bool:
    return size is not None and size <= _TILE_MAX_BYTES


def _packs(loop: Loop) -> bool:
    """Does the loop's own body copy elements of an input into scratch memory?"""
    for node in walk(loop.node):
        source: Node | None
        target: Node | None
        if node.type == "assignment_expression" and text_of(node.child_by_field_name("operator")) == "=":
            target, source = node.child_by_field_name("left"), node.child_by_field_name("right")
            if target is None or target.type == "identifier" or not _is_copy(source):
                continue
        elif node.type == "call_expression":
            arguments = node.child_by_field_name("arguments")
            listed = arguments.named_children if arguments is not None else []
            name = text_of(node.child_by_field_name("function"))
            if len(listed) < 2 or not (
                name in ("memcpy", "__builtin_memcpy") or "_store" in name or "_stream" in name
            ):
                continue
            target, source = listed[0], listed[1]
            if "memcpy" not in name and not _is_copy(source):
                continue
        else:
            continue
        into = [loop.env[n] for n in names(target) if n in loop.env and loop.env[n].kind == "scratch"]
        of = [loop.env[n] for n in names(source) if n in loop.env and loop.env[n].kind == "in"]
        if into and of and (into[0].bytes is None or into[0].bytes >= _PACKED_MIN_BYTES):
            return True
    return False


def _is_copy(node: Node | None) -> bool:
    """An element or a load, perhaps with zero as the alternative: nothing is computed."""
    while node is not None and node.type in ("parenthesized_expression", "cast_expression"):
        node = node.child_by_field_name("value") or (node.named_children[-1] if node.named_children else None)
    if node is None:
        return False
    if node.type == "conditional_expression":
        return _is_copy(node.child_by_field_name("consequence")) or _is_copy(
            node.child_by_field_name("alternative")
        )
    if node.type == "assignment_expression":
        return _is_copy(node.child_by_field_name("right"))
    if node.type == "call_expression":
        return "load" in text_of(node.child_by_field_name("function"))
    return node.type in ("subscript_expression", "pointer_expression")


def _unrolled(loop: Loop) -> bool:
    """An innermost loop that goes in steps and names the elements between: x[i + 1] with i += 4."""
    step = loop.step
    if not loop.variable or step is None or step < 2 or not loop.dims:
        return False
    short = {below.variable for below in _below(loop)}
    for node in walk(loop.node):
        if node.type != "binary_expression" or text_of(node.child_by_field_name("operator")) != "+":
            continue
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        condition = loop.node.child_by_field_name("condition")
        if condition is not None and condition.start_byte <= node.start_byte < condition.end_byte:
            continue
        if loop.variable in (text_of(left), text_of(right)):
            other = right if text_of(left) == loop.variable else left
            value = constant(other, loop.constants)
            if text_of(other) in short or (value is not None and 0 < value < step):
                return True
    return False


def _time_blocked(loops: Sequence[Loop], task: Task) -> bool:
    """Is a loop over space outside the innermost one over sweeps, or does one pass do several sweeps?"""
    time = _time_dim(task)
    if not time:
        return False
    space = set(reference_order(task)) - {time}
    for loop in loops:
        if loop.children:
            continue
        path = loop.path()
        last = max((i for i, inner in enumerate(path) if time in inner.dims), default=-1)
        if any(outer.dims & space for outer in path[:last]) and len(
            {d for x in path for d in x.dims} & space
        ):
            return True
    for loop in loops:
        if time in loop.dims and loop.step != 1 and loop.variable:
            passes = [below for below in loop.children if below.dims & space]
            if len(passes) == 1:
                return True
    return False
