"""The text of a reference in C or C++ as C++ whose floating types are running numbers; line by line as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from hayate.records import Language
from hayate.running import rows
from hayate.running.choices import Choices
from hayate.running.names import CONSTANTS, DROPPED_HEADERS, FUNCTIONS, KEYWORDS, STANDARD, TYPES, WORDS
from hayate.running.refuse import defined_functions, refuse, unsuitable
from hayate.toolchains.source.tree import Tangled, constant, parse, text_of, walk

_COMPLEX = re.compile(r"\b(?:(double|float)(\s+)(?:_Complex|complex)|(?:_Complex|complex)(\s+)(double|float))\b")
_FLOATING = re.compile(r"(?:\d[\d']*\.[\d']*|\.\d[\d']*|\d[\d']*(?=[eE]))(?:[eE][+-]?\d+)?[fF]?|0[xX][\da-fA-F.]+[pP][+-]?\d+[fF]?")
_TOKEN = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.'])*|\s+|.", re.S)
_DESIGNATED_MAX = 4096  # elements of an array whose initialiser names some
_DEPTH_MAX = 200  # nodes: each level is some calls deep
_PROBE = ("void hy_probe(void){", ";}")


@dataclass(frozen=True)
class Rewritten:
    text: str
    headers: tuple[str, ...]  # of the system, as in <math.h>, without the brackets


def rewritten(text: str, language: Language, before: int = 0) -> Rewritten:
    """`before` lines of it are not counted. Raises Unsuitable, with the line and the reason, and Tangled."""
    text = _COMPLEX.sub(lambda m: f"hy_complex_{m[1] or m[4]}{m[2] or m[3]}", text)
    root = parse(text, language)
    refuse(root, before)
    rewriter = _Rewriter(root, language, before)
    return Rewritten(rewriter.render(root), tuple(dict.fromkeys(rewriter.headers)))


class _Rewriter:
    def __init__(self, root: Node, language: Language, before: int) -> None:
        self.language = language
        self.before = before
        self.headers: list[str] = []
        self.defined = defined_functions(root)
        self.own = set(self.defined)  # names that are not the library's here
        self.fields: list[list[str]] = []  # of each struct
        self.constants: set[str] = set()
        for node in walk(root):
            if node.type in ("preproc_def", "preproc_function_def", "enumerator"):
                self.constants.add(text_of(node.child_by_field_name("name")))
            if node.type == "field_declaration_list":
                self.fields.append([text_of(n) for n in walk(node) if n.type == "field_identifier"])
        self.own |= self.constants
        self.rows: set[str] = set()  # names of pointers to arrays whose size is not constant
        text = text_of(root)
        self.complex = "<complex" in text
        self.standard = language == "c++" and re.search(r"\busing\s+namespace\s+std\b", text) is not None
        self.choices = Choices(self.render, self.defined)
        self.functions = 0  # that this is in
        self.depth = 0
        self.jumps = False  # this function has a goto, or a switch
        self.prologue: list[str] = []
        self.names: set[str] = set()
        self.hooks: dict[str, Callable[[Node], str | None]] = {
            "comment": lambda node: " " + "\n" * text_of(node).count("\n"),
            "preproc_include": self._include,
            "preproc_def": self._macro,
            "preproc_function_def": self._macro,
            "number_literal": lambda node: literal(text_of(node)),
            "string_literal": text_of,
            "char_literal": text_of,
            "function_definition": self._function,
            "parameter_list": self._parameters,
            "conditional_expression": self._choice,
            "if_statement": self._if,
            "declaration": self._declaration,
            "initializer_list": self._initializers,
            "qualified_identifier": self._qualified,
            "cast_expression": self._cast,
            "sizeof_expression": self._sizeof,
        }

    def render(self, node: Node) -> str:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise Tangled(f"it nests more than {_DEPTH_MAX} deep")
        try:
            hook = self.hooks.get(node.type)
            text = hook(node) if hook is not None else None
            if text is None:
                text = self.children(node) if node.child_count else self.word(text_of(node), node.type)
            return text
        finally:
            self.depth -= 1

    def children(self, node: Node, skip: Callable[[Node], bool] = lambda _: False) -> str:
        source = node.text or b""
        at, parts = node.start_byte, []
        for child in node.children:
            parts.append(source[at - node.start_byte : child.start_byte - node.start_byte].decode(errors="replace"))
            if not skip(child):
                parts.append(self.render(child))
            at = child.end_byte
        parts.append(source[at - node.start_byte :].decode(errors="replace"))
        return "".join(parts)

    def word(self, text: str, kind: str = "identifier") -> str:
        if text in WORDS:
            return WORDS[text]
        if text in TYPES:
            return TYPES[text]
        if self.language == "c" and text in KEYWORDS and kind.endswith("identifier"):
            return f"hy_name_{text}"
        if kind != "identifier" or text in self.own:
            return text
        if text in FUNCTIONS:
            return FUNCTIONS[text]
        if text in CONSTANTS:
            return f"hy_given({text})"
        if text == "I" and self.complex:
            return "hy_I"
        if self.standard and text in ("max", "min"):
            return STANDARD[text]
        return text

    def _qualified(self, node: Node) -> str | None:
        scope, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
        if text_of(scope) != "std" or name is None:
            return None
        word = text_of(name)
        if name.type == "template_type" and word.startswith("complex"):
            return "hy_" + self.render(name)
        return STANDARD.get(word) or FUNCTIONS.get(word)

    def _include(self, node: Node) -> str:
        name = text_of(node.child_by_field_name("path")).strip("<>")
        if name not in DROPPED_HEADERS:
            self.headers.append(name)
        return "\n" * text_of(node).count("\n")

    def _macro(self, node: Node) -> str:
        value = node.child_by_field_name("value")
        if value is None:
            return text_of(node)
        before = (node.text or b"")[: value.start_byte - node.start_byte].decode(errors="replace")
        after = (node.text or b"")[value.end_byte - node.start_byte :].decode(errors="replace")
        text = before + self._body(text_of(value), node.start_point[0]) + after
        return text + "\n" * (text_of(node).count("\n") - text.count("\n"))

    def _body(self, text: str, line: int) -> str:
        """The replacement of a macro: an expression or statements where it is, else word by word."""
        text = re.sub(r"//.*$|/\*.*?\*/", " ", text, flags=re.S)
        probe = parse(_PROBE[0] + text + _PROBE[1], self.language)
        if not probe.has_error:
            refuse(probe, self.before - line)
            self.functions += 1
            rendered = self.children(probe.children[0])
            self.functions -= 1
            if rendered.startswith(_PROBE[0]) and rendered.endswith(_PROBE[1]):
                return rendered[len(_PROBE[0]) : -len(_PROBE[1])]
        return "".join(
            literal(token) if token[0] in ".0123456789" and len(token) > 1 else self.word(token)
            for token in _TOKEN.findall(text)
        )

    def _function(self, node: Node) -> str | None:
        body = node.child_by_field_name("body")
        if body is None or body.type != "compound_statement" or node.text is None:
            return None
        if node.start_byte == 0 and text_of(node).startswith(_PROBE[0]):
            return None
        saved = self.prologue, self.jumps, self.names
        self.prologue, self.names = [], set()
        self.jumps = self.language == "c" and any(n.type in ("goto_statement", "switch_statement") for n in walk(body))
        head = self.children(node, skip=lambda child: child == body)
        self.functions += 1
        inner = self.children(body)
        self.functions -= 1
        text = head + inner.replace("{", "{ " + "".join(self.prologue), 1)
        self.prologue, self.jumps, self.names = saved
        return text

    def _parameters(self, node: Node) -> str | None:
        if self.language != "c":
            return None
        names = rows.names_of(node)
        parts = []
        for child in node.named_children:
            found = rows.parameter(child, names, self.render) if child.type == "parameter_declaration" else None
            if found is None:
                parts.append(self.render(child))
            else:
                parts.append(found.text)
                self.prologue.append(found.prologue)
                if found.prologue:
                    self.rows.add(rows.name_in(child.child_by_field_name("declarator") or child, text_of))
        return "(" + ", ".join(_one_line(part) for part in parts) + ")" + _lines(node, 0)

    def _choice(self, node: Node) -> str | None:
        if not self.functions or (node.parent is not None and node.parent.type == "expression_statement"):
            return None
        found = self.choices.expression(node)
        return None if found is None else _one_line(found) + _lines(node, 0)

    def _if(self, node: Node) -> str | None:
        if not self.functions:
            return None
        found = self.choices.statement(node)
        return None if found is None else _one_line(found) + _lines(node, 0)

    def _cast(self, node: Node) -> str | None:
        kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        inner = kind.child_by_field_name("declarator") if kind is not None else None
        sizes = rows.variable(inner, self.constants)
        if self.language != "c" or sizes is None or kind is None or inner is None or value is None:
            return None
        word = " ".join(self.render(child) for child in kind.children if child.end_byte <= inner.start_byte)
        return rows.cast(word, sizes, self.render(value), self.render)

    def _sizeof(self, node: Node) -> str | None:
        value = node.child_by_field_name("value")
        if value is not None and any(n.type == "identifier" and text_of(n) in self.rows for n in walk(value)):
            depth = sum(n.type == "subscript_expression" for n in walk(value))
            if depth < 2:
                raise unsuitable(node, self.before, "sizeof of an array whose size is not constant")
        return None

    def _declaration(self, node: Node) -> str | None:
        """Pointers to arrays of variable size, each on its own. And where there are jumps, C++ lets none pass by an
        initialiser: declared first and assigned then."""
        parent = node.parent
        if self.language != "c" or parent is None or parent.type not in ("compound_statement", "case_statement"):
            return None
        declarators = node.children_by_field_name("declarator")
        inner = [d.child_by_field_name("declarator") if d.type == "init_declarator" else d for d in declarators]
        sizes = [rows.variable(place, self.constants) for place in inner]
        if any(sizes):
            return _one_line(self._pointers(node, declarators, sizes)) + _lines(node, 0)
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
                declared.append(self.render(each))
                continue
            declared.append(self.render(place))
            assigned.append(f"{rows.name_in(place, self.render)} = {self.render(value)};")
        constant_too = any(text_of(d).lstrip().startswith(("*", "(")) for d in declarators)
        text = f"{self._kind(node, declarators[0], constant_too)} {', '.join(declared)}; {' '.join(assigned)}"
        return _one_line(text) + _lines(node, 0)

    def _kind(self, node: Node, first: Node, constant_too: bool = True) -> str:
        """The type in a declaration. A variable that is assigned later can't be constant, what it points to can."""
        return " ".join(
            self.render(child)
            for child in node.children
            if child.end_byte <= first.start_byte and (constant_too or text_of(child) != "const")
        )

    def _pointers(self, node: Node, declarators: list[Node], sizes: list[list[Node] | None]) -> str:
        kind = self._kind(node, declarators[0])
        texts = []
        for each, found in zip(declarators, sizes, strict=True):
            name, value = rows.name_in(each.child_by_field_name("declarator") or each, self.render), None
            if each.type == "init_declarator":
                value = each.child_by_field_name("value")
            if found is None:
                texts.append(f"{kind} {self.render(each)};")
                continue
            self.rows.add(name)
            given = rows.cast(kind, found, self.render(value) if value is not None else "nullptr", self.render)
            texts.append(f"hy::rows<{kind}, {len(found)}> {name}; {name} = {given};")
        return " ".join(texts)

    def _initializers(self, node: Node) -> str | None:
        """C++ takes designators in the order of the fields only, and none of arrays."""
        pairs = [n for n in node.named_children if n.type == "initializer_pair"]
        if not pairs or self.language != "c":
            return None
        designators = [[c for c in pair.children_by_field_name("designator")] for pair in pairs]
        if any(len(d) != 1 for d in designators):
            raise unsuitable(node, self.before, "an initialiser with nested designators")
        if all(d[0].type == "field_designator" for d in designators) and len(pairs) == len(_elements(node)):
            named = {text_of(d[0])[1:].strip(): self.render(pair) for d, pair in zip(designators, pairs, strict=True)}
            for fields in self.fields:
                if named.keys() <= set(fields):
                    ordered = [named[f] for f in fields if f in named]
                    return "{" + ", ".join(map(_one_line, ordered)) + "}" + _lines(node, 0)
            return None
        return self._placed(node)

    def _placed(self, node: Node) -> str:
        placed: dict[int, str] = {}
        at = 0
        for each in _elements(node):
            value: Node | None = each
            if each.type == "initializer_pair":
                designator = each.child_by_field_name("designator")
                index = constant(designator.named_children[0] if designator is not None else None, {})
                if index is None or not 0 <= index < _DESIGNATED_MAX:
                    raise unsuitable(each, self.before, "an initialiser whose place is no plain number")
                at, value = index, each.child_by_field_name("value")
            placed[at] = _one_line(self.render(value)) if value is not None else "{}"
            at += 1
        return "{" + ", ".join(placed.get(i, "{}") for i in range(max(placed) + 1)) + "}" + _lines(node, 0)


def _elements(node: Node) -> list[Node]:
    return [n for n in node.named_children if n.type != "comment"]


def literal(text: str) -> str:
    """A number as it stands in the text: a floating one as a running number."""
    return f"hy_given({text})" if _FLOATING.fullmatch(text) else text


def _one_line(text: str) -> str:
    return re.sub(r"\s*\\?\n\s*", " ", text)


def _lines(node: Node, have: int) -> str:
    """What keeps the lines of the text after a node where they were. In a macro they are one line in any case."""
    text = text_of(node)
    return "" if "\\\n" in text else "\n" * (text.count("\n") - have)
