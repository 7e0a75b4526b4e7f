"""Declarations of C that C++ takes otherwise: pointers to arrays of variable size, jumps, initialisers."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from hayate.running import rows
from hayate.running.lines import lines_of, one_line
from hayate.running.refuse import unsuitable
from hayate.toolchains.source.constants import constant
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import walk

_DESIGNATED_MAX = 4096  # elements of an array whose initialiser names some


class Declarations:
    """Of one text in C, `before` lines of which are not counted. Each method gives None where C++ takes it as it is."""

    def __init__(self, root: Node, render: Callable[[Node], str], before: int) -> None:
        self._render = render
        self._before = before
        self._fields: list[list[str]] = []  # of each struct
        self._constants: set[str] = set()
        self.rows: set[str] = set()  # names of pointers to arrays whose size is not constant
        self.jumps = False  # the function that this is in has a goto, or a switch
        for node in walk(root):
            if node.type in ("preproc_def", "preproc_function_def", "enumerator"):
                self._constants.add(text_of(node.child_by_field_name("name")))
            if node.type == "field_declaration_list":
                self._fields.append([text_of(n) for n in walk(node) if n.type == "field_identifier"])

    def cast(self, node: Node) -> str | None:
        kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        inner = kind.child_by_field_name("declarator") if kind is not None else None
        sizes = rows.variable(inner, self._constants)
        if sizes is None or kind is None or inner is None or value is None:
            return None
        word = " ".join(self._render(child) for child in kind.children if child.end_byte <= inner.start_byte)
        return rows.cast(word, sizes, self._render(value), self._render)

    def sizeof(self, node: Node) -> str | None:
        value = node.child_by_field_name("value")
        if value is not None and any(n.type == "identifier" and text_of(n) in self.rows for n in walk(value)):
            depth = sum(n.type == "subscript_expression" for n in walk(value))
            if depth < 2:
                raise unsuitable(node, self._before, "sizeof of an array whose size is not constant")
        return None

    def declaration(self, node: Node) -> str | None:
        """Pointers to arrays of variable size, each on its own. And where there are jumps, C++ lets none pass by an
        initialiser: declared first and assigned then."""
        parent = node.parent
        if parent is None or parent.type not in ("compound_statement", "case_statement"):
            return None
        declarators = node.children_by_field_name("declarator")
        inner = [
            d.child_by_field_name("declarator") if d.type == "init_declarator" else d for d in declarators
        ]
        sizes = [rows.variable(place, self._constants) for place in inner]
        if any(sizes):
            return one_line(self._pointers(node, declarators, sizes)) + lines_of(node)
        if not self.jumps:
            return None
        fixed = ("static" in text_of(node).split(), any(d.type == "function_declarator" for d in declarators))
        lists = any(
            value is not None and value.type == "initializer_list"
            for value in (d.child_by_field_name("value") for d in declarators)
        )
        if any(fixed) or lists or not any(d.type == "init_declarator" for d in declarators):
            return None
        declared, assigned = [], []
        for each in declarators:
            place, value = each.child_by_field_name("declarator"), each.child_by_field_name("value")
            if each.type != "init_declarator" or place is None or value is None:
                declared.append(self._render(each))
                continue
            declared.append(self._render(place))
            assigned.append(f"{rows.name_in(place, self._render)} = {self._render(value)};")
        constant_too = any(text_of(d).lstrip().startswith(("*", "(")) for d in declarators)
        text = f"{self._kind(node, declarators[0], constant_too)} {', '.join(declared)}; {' '.join(assigned)}"
        return one_line(text) + lines_of(node)

    def _kind(self, node: Node, first: Node, constant_too: bool = True) -> str:
        """The type in a declaration. A variable that is assigned later can't be constant, what it points to can."""
        return " ".join(
            self._render(child)
            for child in node.children
            if child.end_byte <= first.start_byte and (constant_too or text_of(child) != "const")
        )

    def _pointers(self, node: Node, declarators: list[Node], sizes: list[list[Node] | None]) -> str:
        kind = self._kind(node, declarators[0])
        texts = []
        for each, found in zip(declarators, sizes, strict=True):
            name, value = rows.name_in(each.child_by_field_name("declarator") or each, self._render), None
            if each.type == "init_declarator":
                value = each.child_by_field_name("value")
            if found is None:
                texts.append(f"{kind} {self._render(each)};")
                continue
            self.rows.add(name)
            given = rows.cast(
                kind, found, self._render(value) if value is not None else "nullptr", self._render
            )
            texts.append(f"hy::rows<{kind}, {len(found)}> {name}; {name} = {given};")
        return " ".join(texts)

    def initializers(self, node: Node) -> str | None:
        """C++ takes designators in the order of the fields only, and none of arrays."""
        pairs = [n for n in node.named_children if n.type == "initializer_pair"]
        if not pairs:
            return None
        designators = [pair.children_by_field_name("designator") for pair in pairs]
        if any(len(d) != 1 for d in designators):
            raise unsuitable(node, self._before, "an initialiser with nested designators")
        if all(d[0].type == "field_designator" for d in designators) and len(pairs) == len(_elements(node)):
            named = {
                text_of(d[0])[1:].strip(): self._render(pair)
                for d, pair in zip(designators, pairs, strict=True)
            }
            for fields in self._fields:
                if named.keys() <= set(fields):
                    ordered = [named[f] for f in fields if f in named]
                    return "{" + ", ".join(map(one_line, ordered)) + "}" + lines_of(node)
            return None
        return self._placed(node)

    def _placed(self, node: Node) -> str:
        placed: dict[int, str] = {}
        at = 0
        for each in _elements(node):
            value: Node | None = each
            if each.type == "initializer_pair":
                designator = each.child_by_field_name("designator")
                inner = designator.named_children[:1] if designator is not None else []
                index = constant(inner[0] if inner else None, {})
                if index is None or not 0 <= index < _DESIGNATED_MAX:
                    raise unsuitable(each, self._before, "an initialiser whose place is no plain number")
                at, value = index, each.child_by_field_name("value")
            placed[at] = one_line(self._render(value)) if value is not None else "{}"
            at += 1
        return "{" + ", ".join(placed.get(i, "{}") for i in range(max(placed) + 1)) + "}" + lines_of(node)


def _elements(node: Node) -> list[Node]:
    return [n for n in node.named_children if n.type != "comment"]
