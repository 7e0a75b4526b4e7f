"""The text of a reference in C or C++ as C++ whose floating types are running numbers; line by line as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from hayate.records import Language
from hayate.running import rows
from hayate.running.choices import Choices
from hayate.running.declarations import Declarations
from hayate.running.lines import lines_of, one_line
from hayate.running.names import CONSTANTS, DROPPED_HEADERS, FUNCTIONS, KEYWORDS, STANDARD, TYPES, WORDS
from hayate.running.refuse import defined_functions, refuse
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import Tangled, parse, walk

_COMPLEX = re.compile(
    r"\b(?:(double|float)(\s+)(?:_Complex|complex)|(?:_Complex|complex)(\s+)(double|float))\b"
)
_FLOATING = re.compile(
    r"(?:\d[\d']*\.[\d']*|\.\d[\d']*|\d[\d']*(?=[eE]))(?:[eE][+-]?\d+)?[fF]?|0[xX][\da-fA-F.]+[pP][+-]?\d+[fF]?"
)
_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.'])*|\s+|.", re.S
)
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
        for node in walk(root):
            if node.type in ("preproc_def", "preproc_function_def", "enumerator"):
                self.own.add(text_of(node.child_by_field_name("name")))
        text = text_of(root)
        self.complex = "<complex" in text
        self.standard = language == "c++" and re.search(r"\busing\s+namespace\s+std\b", text) is not None
        self.choices = Choices(self.render, self.defined)
        self.functions = 0  # that this is in
        self.depth = 0
        self.declarations = Declarations(root, self.render, before)
        self.prologue: list[str] = []
        self.hooks: dict[str, Callable[[Node], str | None]] = {
            "comment": lambda node: " " + "\n" * text_of(node).count("\n"),
            "preproc_include": self._include,
            "preproc_def": self._macro,
            "preproc_function_def": self._macro,
            "number_literal": lambda node: literal(text_of(node)),
            "string_literal": text_of,
            "char_literal": text_of,
            "function_definition": self._function,
            "conditional_expression": self._choice,
            "if_statement": self._if,
            "qualified_identifier": self._qualified,
        }
        if language == "c":
            self.hooks |= {
                "parameter_list": self._parameters,
                "declaration": self.declarations.declaration,
                "initializer_list": self.declarations.initializers,
                "cast_expression": self.declarations.cast,
                "sizeof_expression": self.declarations.sizeof,
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
            parts.append(
                source[at - node.start_byte : child.start_byte - node.start_byte].decode(errors="replace")
            )
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
        saved = self.prologue, self.declarations.jumps
        self.prologue = []
        self.declarations.jumps = any(n.type in ("goto_statement", "switch_statement") for n in walk(body))
        head = self.children(node, skip=lambda child: child == body)
        self.functions += 1
        inner = self.children(body)
        self.functions -= 1
        text = head + inner.replace("{", "{ " + "".join(self.prologue), 1)
        self.prologue, self.declarations.jumps = saved
        return text

    def _parameters(self, node: Node) -> str:
        names = rows.names_of(node)
        parts = []
        for child in node.named_children:
            found = (
                rows.parameter(child, names, self.render) if child.type == "parameter_declaration" else None
            )
            if found is None:
                parts.append(self.render(child))
            else:
                parts.append(found.text)
                self.prologue.append(found.prologue)
                if found.prologue:
                    self.declarations.rows.add(
                        rows.name_in(child.child_by_field_name("declarator") or child, text_of)
                    )
        return "(" + ", ".join(one_line(part) for part in parts) + ")" + lines_of(node)

    def _choice(self, node: Node) -> str | None:
        if not self.functions or (node.parent is not None and node.parent.type == "expression_statement"):
            return None
        found = self.choices.expression(node)
        return None if found is None else one_line(found) + lines_of(node)

    def _if(self, node: Node) -> str | None:
        if not self.functions:
            return None
        found = self.choices.statement(node)
        return None if found is None else one_line(found) + lines_of(node)


def literal(text: str) -> str:
    """A number as it stands in the text: a floating one as a running number."""
    return f"hy_given({text})" if _FLOATING.fullmatch(text) else text
