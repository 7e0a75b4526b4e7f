"""Loops with an iteration too few or too many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.mutants.mutant import Changes, Draft, Kind, replace, wrap
from hayate.mutants.reference import Reference, assigned
from hayate.mutants.source import LOOPS, strip
from hayate.toolchains.source.nodes import every

_FIRST = "the first iteration may add nothing that counts (a zero, or what a later one writes again)"

_AGAIN = "the iteration too many may repeat the last one"
_MANY = 16
_FEW = "it may never have as many"
_IDLE = "the last iteration may have nothing to do, for the loop in it begins behind it"


def drafts(reference: Reference) -> Iterator[Draft]:
    for loop in reference.nodes(*LOOPS):
        if loop.type == "for_statement":
            yield from _counted(reference, loop)
        else:
            yield from _one_less(reference, loop)
        yield _once(reference, loop)


def _once(reference: Reference, loop: Node) -> Draft:
    changes: Changes = {}
    body = loop.child_by_field_name("body")
    if body is not None and body.type == "compound_statement":
        replace(changes, body.children[-1].id, "break; }")
    elif body is not None:
        wrap(changes, body.id, "{ ", " break; }")
    return _draft(
        reference, loop, "only the first iteration", "ends after its first iteration", changes, guarded=True
    )


def _one_less(reference: Reference, loop: Node) -> Iterator[Draft]:
    """Of `while (p < end)`."""
    for test in _tests(reference, loop.child_by_field_name("condition")):
        right = test.child_by_field_name("right")
        mark = reference.source.text(test.child_by_field_name("operator"))
        if right is None or mark == "!=":
            continue
        changes: Changes = {}
        wrap(changes, right.id, "(", ") - 1" if mark in ("<", "<=") else ") + 1")
        name, does = "last iteration left out", "leaves out its last iteration"
        yield _draft(reference, loop, name, does, changes, guarded=True)


def _draft(
    reference: Reference,
    loop: Node,
    name: str,
    does: str,
    changes: Changes,
    guarded: bool = False,
    equivalent: str = "",
) -> Draft:
    line = reference.source.line(loop)
    why = f"The loop in line {line} {does}."
    # What an iteration prepares, another may use as a subscript: held wherever that can be done.
    held = guarded or reference.guards is not None
    return Draft(Kind.LOOP, name, line, why, changes, guarded=held, equivalent=equivalent)


def _counted(reference: Reference, loop: Node) -> Iterator[Draft]:
    """Of `for (i = a; i < b; i++)` and what looks like it."""
    source = reference.source
    condition, update = loop.child_by_field_name("condition"), loop.child_by_field_name("update")
    step = _step(reference, update)
    if update is not None and step is not None:
        yield from _steps(reference, loop, update, step)
    counter = step[0] if step is not None else ""
    for test in _tests(reference, condition):
        left, right = test.child_by_field_name("left"), test.child_by_field_name("right")
        mark = source.text(test.child_by_field_name("operator"))
        if left is None or right is None or source.text(left) != counter or step is None:
            continue
        up = mark in ("<", "<=") or (mark == "!=" and step[1] == "+")
        by = step[2] if step[1] in "+-" else "1"
        for sign, name, does in (
            ("-", "last iteration left out", "leaves out its last iteration"),
            ("+", "one iteration more", "makes one iteration more, within memory"),
        ):
            more = sign == "+"
            towards = "+" if more == up else "-"
            changes: Changes = {}
            if more and mark == "!=":
                wrap(changes, right.id, "(", f") {towards} ({by})")
            elif more and not up and reference.types.of(left).base == "unsigned":
                continue  # it would never end
            elif more:
                wrap(changes, right.id, "(", f") {towards} 1")
            elif up and reference.types.of(left).base == "unsigned":
                wrap(changes, left.id, "", f" + ({by})")
            else:
                wrap(changes, right.id, "(", f") {towards} ({by})")
            yield _draft(
                reference,
                loop,
                name,
                does,
                changes,
                guarded=more or mark == "!=",
                equivalent=_AGAIN if more else _IDLE if _idle_at_last(reference, loop, counter) else "",
            )
        if mark in ("<", "<=") and reference.types.of(left).base != "unsigned":
            changes = {}
            wrap(changes, right.id, "(", f") - (({source.text(right)}) > {_MANY} ? ({by}) : 0)")
            name, does = (
                f"last iteration beyond {_MANY} left out",
                f"leaves out its last iteration beyond {_MANY}",
            )
            yield _draft(reference, loop, name, does, changes, guarded=True, equivalent=_FEW)
    yield from _first(reference, loop, counter, step)


def _idle_at_last(reference: Reference, loop: Node, counter: str) -> bool:
    """Whether all that it does is a loop that begins at its counter plus something: a triangle."""
    body = loop.child_by_field_name("body")
    while body is not None and body.type == "compound_statement" and body.named_child_count == 1:
        body = body.named_children[0]
    if body is None or body.type != "for_statement":
        return False
    return counter in reference.source.text(body.child_by_field_name("initializer")).replace("+", " ").split()


def _tests(reference: Reference, condition: Node | None) -> list[Node]:
    """The comparisons that a loop's condition is made of."""
    node = strip(condition)
    if node is None or node.type != "binary_expression":
        return []
    mark = reference.source.text(node.child_by_field_name("operator"))
    if mark == "&&":
        parts = (node.child_by_field_name("left"), node.child_by_field_name("right"))
        return [test for part in parts for test in _tests(reference, part)]
    return [node] if mark in ("<", "<=", ">", ">=", "!=") else []


def _step(reference: Reference, update: Node | None) -> tuple[str, str, str] | None:
    """The counter, the operator and the amount of `i++`, `i -= 4`, `i *= 2`; None of anything else."""
    text = reference.source.text
    if update is not None and update.type == "comma_expression":
        update = update.named_children[0]
    if update is None:
        return None
    if update.type == "update_expression":
        mark = text(update.child_by_field_name("operator"))
        return text(update.child_by_field_name("argument")), mark[0], "1"
    if update.type == "assignment_expression":
        mark = text(update.child_by_field_name("operator"))
        left, right = update.child_by_field_name("left"), update.child_by_field_name("right")
        if mark in ("+=", "-=", "*=", "/=", "<<=", ">>="):
            return text(left), mark[:-1], text(right)
    return None


def _steps(reference: Reference, loop: Node, update: Node, step: tuple[str, str, str]) -> Iterator[Draft]:
    counter, mark, by = step
    changes: Changes = {}
    twice = f"2 * ({by})" if mark in "+-" else f"({by}) + 1" if mark in ("<<", ">>") else f"({by}) * ({by})"
    rest = ""
    if update.type == "comma_expression":
        rest = ", " + ", ".join(reference.source.text(n) for n in update.named_children[1:])
    replace(changes, update.id, f"{counter} {mark}= {twice}{rest}")
    name, does = "each second iteration left out", "leaves out each second iteration"
    guarded = bool(rest) or mark not in "+-"
    condition = reference.source.text(loop.child_by_field_name("condition"))
    yield _draft(reference, loop, name, does, changes, guarded=guarded or "!=" in condition)


def _first(
    reference: Reference, loop: Node, counter: str, step: tuple[str, str, str] | None
) -> Iterator[Draft]:
    begin = loop.child_by_field_name("initializer")
    if begin is None or step is None:
        return
    for node in every(begin):
        if node.type not in ("init_declarator", "assignment_expression"):
            continue
        target, value = assigned(node)
        if value is None or reference.source.text(target) != counter:
            continue
        changes: Changes = {}
        mark = step[1]
        by = f"({step[2]})"
        wrap(
            changes,
            value.id,
            f"({'' if mark in '+-' else '('}",
            f"{'' if mark in '+-' else ')'}) {mark} {by}",
        )
        bare = re.fullmatch(r"0|1", reference.source.text(value)) is not None
        yield _draft(
            reference,
            loop,
            "first iteration left out",
            "leaves out its first iteration",
            changes,
            guarded=mark not in "+-",
            equivalent=_FIRST if bare and _may_add_nothing(reference, loop) else "",
        )


def _may_add_nothing(reference: Reference, loop: Node) -> bool:
    """Where the body multiplies by the counter, or only assigns what depends on others, or takes a maximum."""
    body = loop.child_by_field_name("body")
    step = _step(reference, loop.child_by_field_name("update"))
    if body is None or step is None:
        return False
    for node in every(body):
        if node.type in ("if_statement", "conditional_expression"):
            return True
        if node.type == "call_expression" and "max" in reference.source.text(node).lower()[:8]:
            return True
    return False
