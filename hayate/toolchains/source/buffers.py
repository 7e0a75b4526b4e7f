"""Arrays that count as allocation: scratch memory can be withheld, however it is got."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from hayate.records import Language
from hayate.toolchains.source.constants import WIDEST_BYTES, constant
from hayate.toolchains.source.layout import Types
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.scopes import Scope, learn
from hayate.toolchains.source.tree import declared

STACK_MAX_BYTES = 16 * 1024  # all arrays of one function together


def large_buffers(root: Node, language: Language = "c") -> int:
    """The first line that sets memory aside in a declaration; 0 if there is none.

    That is a static array that isn't const, an array of variable length, arrays on the stack beyond
    STACK_MAX_BYTES in one function, and a type that holds as large an array. A length that is constant and can't be
    worked out here, in C++ a parameter of a template, is left to the compiler: see c.py, _SMALL_FRAMES.
    """
    on_stack: dict[int | None, int] = {}
    file = Scope()
    scopes: dict[int, Scope] = {}
    types = Types()
    varying: set[str] = set()  # types of variable length: only a variable of one takes memory
    for node, function in _with_functions(root):
        scope = file if function is None else scopes.setdefault(function, Scope(file))
        # A parameter of a template is one wherever it stands: its name has no value that is known here.
        learn(node, file if node.type == "template_parameter_list" else scope, language, function is None)
        types.learn(node, scope)
        if node.type in ("declaration", "field_declaration", "type_definition"):
            words = {
                text_of(c) for c in node.children if c.type in ("storage_class_specifier", "type_qualifier")
            }
            static = function is None or bool(words & {"static", "_Thread_local", "__thread", "thread_local"})
            for item in node.children_by_field_name("declarator"):
                kind = node.child_by_field_name("type")
                size = _bytes(item, kind, scope, types, language)
                is_initialised = item.type == "init_declarator"
                name, _, pointer = declared(
                    item.child_by_field_name("declarator") if is_initialised else item
                )
                varies = text_of(kind) in varying and not pointer
                if node.type == "type_definition" and size is None and language == "c":
                    varies = varies or any(scope.varies(length) for length in _lengths(item)[0])
                if varies and node.type == "type_definition":
                    varying.add(name)
                    continue
                if (size == 0 and not varies) or "extern" in words:
                    continue
                if varies:
                    counts = True
                elif node.type == "declaration" and static:
                    counts = not words & {"const", "constexpr"} and not _are_constant_pointers(item)
                elif size is None:
                    counts = language == "c" and any(scope.varies(length) for length in _lengths(item)[0])
                elif node.type == "declaration":
                    on_stack[function] = on_stack.get(function, 0) + size
                    counts = on_stack[function] > STACK_MAX_BYTES
                else:
                    counts = size > STACK_MAX_BYTES
                if counts:
                    return node.start_point[0] + 1
    return 0


def _lengths(item: Node) -> tuple[list[Node | None], bool]:
    """The lengths of a declared array, and whether its elements are pointers."""
    is_initialised = item.type == "init_declarator"
    _, lengths, pointer = declared(item.child_by_field_name("declarator") if is_initialised else item)
    return lengths, pointer


def _are_constant_pointers(item: Node) -> bool:
    """Whether it declares an array of pointers that stay what they are: `kernel *const table[9]`."""
    node = item.child_by_field_name("declarator") if item.type == "init_declarator" else item
    if node is None or node.type != "pointer_declarator":
        return False
    last = node  # the last one before the name says what the elements are
    while (
        inner := last.child_by_field_name("declarator")
    ) is not None and inner.type == "pointer_declarator":
        last = inner
    is_array = inner is not None and inner.type == "array_declarator"
    return is_array and any(text_of(c) == "const" for c in last.children if c.type == "type_qualifier")


def _bytes(item: Node, kind: Node | None, known: Scope, types: Types, language: Language) -> int | None:
    """The size of a declared array; 0 for what is none, None where it is not known here.

    A type of C whose size is not known is taken for the widest vector; in C++ such a name can be anything.
    """
    lengths, pointer = _lengths(item)
    if not lengths:
        return 0
    size = 8 if pointer else types.bytes_of(kind, known)
    if size is None:
        if language == "c++":
            return None
        size = WIDEST_BYTES
    for length in lengths:
        count = _listed(item) if length is None else constant(length, known)
        if count is None or count < 0:
            return None
        size *= count
    return size


def _listed(item: Node) -> int:
    """How many elements an initialiser lists, for `double x[] = {...}`."""
    value = item.child_by_field_name("value")
    return value.named_child_count if value is not None and value.type == "initializer_list" else 0


def _with_functions(root: Node) -> Iterator[tuple[Node, int | None]]:
    """Every node with the place of the function that it stands in; None at file scope."""
    stack: list[tuple[Node, int | None]] = [(root, None)]
    while stack:
        node, function = stack.pop()
        yield node, function
        inside = node.start_byte if node.type == "function_definition" else function
        stack.extend((child, inside) for child in reversed(node.named_children))
