"""What the rooms that make mutants know of a reference, and how a change becomes a text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from tree_sitter import Node

from hayate.mutants.guarded import HELPERS, CannotGuard, global_arrays, guard
from hayate.mutants.mutant import Changes, Draft, replace
from hayate.mutants.signature import Signature
from hayate.mutants.source import Source, ancestors, declared_name, strip
from hayate.mutants.types import Types
from hayate.records.problem import UNIT_ROUNDOFF
from hayate.records.task import Task
from hayate.toolchains.source.nodes import every

WHOLE = "hayate_whole"  # the reference's function, where another one stands before it
# Their arguments are numbers of bytes: a mutant of one would be a mutant of the allocation.
_MEMORY = ("alloc", "memcpy", "memmove", "memset", "free", "calloc", "memalign")


class Reference:
    """Of a task. Raises ValueError where its text has no function of the entry's name with the task's arguments."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.source = Source(task.reference.text, task.reference.language)
        definition = self.source.functions.get(task.entry)
        if definition is None:
            raise ValueError(f"the reference has no function {task.entry}")
        self.signature = Signature(task, self.source, definition)
        if not self.signature.fits:
            raise ValueError(f"{task.entry} takes other arguments in the reference than in the task")
        self.types = Types(self.source, task.preamble)
        self.line = self.source.line(definition)

    @cached_property
    def dtype(self) -> str:
        """The widest floating type of the results; "" where none is floating."""
        found = {a.argument.dtype for a in self.signature.outputs} | {self.task.returns or ""}
        for one in ("complex128", "float64", "complex64", "float32"):
            if one in found:
                return one
        return ""

    @cached_property
    def mixed(self) -> bool:
        """Results of more than one precision: what is less exact may go to the less exact one alone."""
        units = {
            UNIT_ROUNDOFF[a.argument.dtype]
            for a in self.signature.outputs
            if a.argument.dtype in UNIT_ROUNDOFF
        }
        return len(units) > 1

    @cached_property
    def guards(self) -> Changes | None:
        """None where the text can't be guarded, and changes after which it would have to be are left out."""
        if self.signature.unknown:
            return None
        try:
            return guard(self.source, self.types)
        except CannotGuard:
            return None

    @cached_property
    def bodies(self) -> list[Node]:
        """Of all functions, helpers as well."""
        found = (d.child_by_field_name("body") for d in self.source.functions.values())
        return [body for body in found if body is not None]

    def nodes(self, *types: str) -> Iterable[Node]:
        """In the functions' bodies, of these types, in the order of the text; none that was not understood."""
        for body in self.bodies:
            for node in every(body):
                if node.type in types and not node.has_error:
                    yield node

    @property
    def constants(self) -> list[Node]:
        """Floating numbers in the declarations of the file: coefficients, tables."""
        return [
            node
            for declaration in self.source.root.children
            if declaration.type == "declaration" and not declaration.has_error
            for node in every(declaration)
            if node.type == "number_literal" and self.types.of(node).floating
        ]

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Names on which it depends how much memory there is: what is assigned to them must stay as it is."""
        found: set[str] = set()
        for body in self.bodies:
            for node in every(body):
                if self._is_memory(node):
                    found |= self._names(node.child_by_field_name("arguments"))
                elif node.type == "array_declarator":
                    found |= self._names(node.child_by_field_name("size"))
        before: set[str] = set()
        while before != found:
            before = set(found)
            for body in self.bodies:
                for node in every(body):
                    if node.type in ("init_declarator", "assignment_expression"):
                        target, value = assigned(node)
                        if target is not None and self.source.text(target) in found:
                            found |= self._names(value)
        return frozenset(found)

    def _names(self, node: Node | None) -> set[str]:
        if node is None:
            return set()
        return {
            self.source.text(n) for n in every(node) if n.type == "identifier" and self.types.of(n).integer
        }

    def _is_memory(self, node: Node) -> bool:
        if node.type != "call_expression":
            return False
        name = self.source.text(node.child_by_field_name("function"))
        return any(word in name for word in _MEMORY)

    def is_size(self, node: Node) -> bool:
        """Whether a node has to do with how much memory there is."""
        for above in (node, *ancestors(node)):
            if self._is_memory(above) or above.type in ("array_declarator", "sizeof_expression"):
                return True
            if above.type in ("init_declarator", "assignment_expression", "update_expression"):
                target, _ = assigned(above)
                if target is not None and self.source.text(target) in self.sizes:
                    return True
            if above.type.endswith("statement"):
                break
        return False

    def text(self, draft: Draft) -> str | None:
        """The whole text of a mutant; None where it would have to be guarded, and can't be."""
        source, signature = self.source, self.signature
        changes: Changes = {k: list(v) for k, v in draft.changes.items()}
        if draft.guarded:
            if self.guards is None:
                return None
            for node_id, more in self.guards.items():
                changes.setdefault(node_id, []).extend(more)
        around = bool(draft.before or draft.after or draft.instead or draft.guarded)
        if around:
            for node in every(source.root):
                if node.type == "identifier" and source.text(node) == self.task.entry:
                    replace(changes, node.id, WHOLE)
        helpers = (HELPERS if draft.guarded else "") + draft.helpers
        includes = [n for n in source.root.children if n.type == "preproc_include"]
        if helpers and includes:
            changes.setdefault(includes[-1].id, []).append(lambda inner: inner.rstrip("\n") + "\n" + helpers)
            text = source.render(changes)
        else:
            text = helpers + source.render(changes)
        if not around:
            return text
        given = ", ".join(draft.instead.get(name, name) for name in signature.names)
        result = f"{signature.returns} hayate_result = " if signature.returns else ""
        lines = [
            'extern "C"' if signature.in_cxx else "",
            signature.head,
            "{",
            self._begin() if draft.guarded else "",
            draft.before,
            f"    {result}{WHOLE}({given});",
            draft.after,
            "    return hayate_result;" if signature.returns else "",
            "}",
        ]
        return text.rstrip("\n") + "\n\n" + "\n".join(line for line in lines if line) + "\n"

    def _begin(self) -> str:
        lines = [
            f"hayate_begin({self.signature.work});",
            *(f"hayate_hold({name}, sizeof({name}));" for name in global_arrays(self.source, self.types)),
            *(
                f"hayate_hold({a.pointer}, (unsigned long){a.count} * sizeof({a.ctype}));"
                for a in self.signature.arrays
            ),
        ]
        return "\n".join(f"    {line}" for line in lines)


def assigned(node: Node) -> tuple[Node | None, Node | None]:
    """Of an assignment or a declaration: what is assigned to, and the value."""
    if node.type == "init_declarator":
        return declared_name(node.child_by_field_name("declarator")), node.child_by_field_name("value")
    if node.type == "update_expression":
        return strip(node.child_by_field_name("argument")), None
    return strip(node.child_by_field_name("left")), node.child_by_field_name("right")
