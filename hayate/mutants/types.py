"""Which type an expression has, as far as a mutant must know: floating or not, complex, pointer.

Not a compiler: names are looked up in the function and in the file, scopes within a function are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from hayate.mutants.source import Source, declared_name, parameters
from hayate.toolchains.source.nodes import every

# In the order of the usual conversions of arithmetic.
_RANK = ("int", "unsigned", "float", "double", "long double", "complex float", "complex double")
FLOATING = frozenset(_RANK[2:])
_CALLS = re.compile(
    r"(?:__builtin_)?(?:std::)?(c?)(sqrt|cbrt|exp2?|expm1|log2?|log10|log1p|pow|a?sinh?|a?cosh?|a?tanh?|atan2|erfc?|"
    r"[lt]gamma|fabs|fmax|fmin|fma|fmod|hypot|floor|ceil|trunc|round|rint|nearbyint|copysign|abs|real|imag|arg|"
    r"onj|ldexp|fdim|remainder)(f?)"
)
_COMPARES = ("<", "<=", ">", ">=", "==", "!=", "&&", "||")


@dataclass(frozen=True)
class Type:
    """`base` "?" is unknown. `depth` counts pointers and arrays."""

    base: str
    depth: int = 0
    array: bool = False  # a declared array, no parameter

    @property
    def floating(self) -> bool:
        return self.depth == 0 and self.base in FLOATING

    @property
    def integer(self) -> bool:
        return self.depth == 0 and self.base in ("int", "unsigned")


UNKNOWN = Type("?")
INT = Type("int")


def common(left: Type, right: Type) -> Type:
    """Of arithmetic between the two, or of the two branches of a condition."""
    if left.depth or right.depth:
        return left if left.depth else right
    if left.base not in _RANK or right.base not in _RANK:
        return UNKNOWN
    return Type(_RANK[max(_RANK.index(left.base), _RANK.index(right.base))])


class Types:
    """Of the expressions of one source. `preamble` holds further types."""

    def __init__(self, source: Source, preamble: str = "") -> None:
        self._source = source
        self._named: dict[str, Type] = {}
        self._fields: dict[str, Type] = {}
        self._functions: dict[str, Type] = {}
        self._in_file: dict[str, Type] = {}
        self._in_function: dict[int, dict[str, Type]] = {}
        if preamble:
            self._read_types(Source(preamble, source.language))
        self._read_types(source)
        for name, definition in source.functions.items():
            returned = self._written(source.text(definition.child_by_field_name("type")))
            stars = source.text(definition.child_by_field_name("declarator")).split("(")[0].count("*")
            self._functions[name] = Type(returned.base, returned.depth + stars)
            self._in_function[definition.id] = self._declared(source, definition)
        for node in source.root.children:
            if node.type == "declaration":
                self._in_file |= self._declared(source, node)

    def _read_types(self, source: Source) -> None:
        for name, macro in source.macros.items():
            words = source.text(macro.body).strip()
            if macro.parameters is None and self._written(words) != UNKNOWN:
                self._named[name] = self._written(words)
        for node in every(source.root):
            if node.type == "type_definition":
                base = self._written(source.text(node.child_by_field_name("type")))
                for declarator in node.children_by_field_name("declarator"):
                    text = source.text(declarator)
                    name = source.text(declared_name(declarator))
                    self._named[name] = Type(base.base, base.depth + text.count("*") + text.count("["))
            elif (
                node.type == "type_parameter_declaration"
            ):  # of a template: what is computed with, most likely
                self._named[source.text(node.named_children[-1])] = Type("double")
            elif node.type == "field_declaration":
                self._fields |= self._of_declaration(source, node)

    def _declared(self, source: Source, within: Node) -> dict[str, Type]:
        found: dict[str, Type] = {}
        for node in every(within):
            if node.type in ("declaration", "parameter_declaration"):
                for name, kind in self._of_declaration(source, node).items():
                    found.setdefault(name, kind)
        return found

    def _of_declaration(self, source: Source, node: Node) -> dict[str, Type]:
        base = self._written(source.text(node.child_by_field_name("type")))
        found = {}
        for given in node.children_by_field_name("declarator"):
            declarator = given.child_by_field_name("declarator") if given.type == "init_declarator" else given
            name = declared_name(declarator)
            if name is not None and declarator is not None:
                # Sizes within brackets may hold anything.
                text = re.sub(r"\[[^\[\]]*\]", "[", source.text(declarator))
                depth = base.depth + text.count("*") + text.count("[")
                array = "[" in text and "*" not in text and node.type == "declaration"
                found[source.text(name)] = Type(base.base, depth, array)
        return found

    def _written(self, text: str) -> Type:
        """Of a type's words."""
        if "{" in text:  # a struct, with its fields
            return INT if text.startswith("enum") else Type("struct")
        stars = text.count("*")
        words = [w for w in re.findall(r"\w+", text) if w not in ("const", "volatile", "static", "register")]
        names = set(words)
        if "complex" in names or "_Complex" in names:
            return Type("complex float" if "float" in names else "complex double", stars)
        if "double" in names:
            return Type("long double" if "long" in names else "double", stars)
        if "float" in names:
            return Type("float", stars)
        if len(words) == 1 and words[0] in self._named:
            named = self._named[words[0]]
            return Type(named.base, named.depth + stars)
        if names & {"unsigned", "size_t", "uintptr_t"} or re.search(r"\buint\w*_t\b", text):
            return Type("unsigned", stars)
        if names & {
            "int",
            "long",
            "short",
            "char",
            "bool",
            "_Bool",
            "signed",
            "ptrdiff_t",
            "enum",
        } or re.search(r"\bint\w*_t\b", text):
            return Type("int", stars)
        return Type("?", stars)

    def of(self, node: Node | None, bound: dict[str, Type] | None = None) -> Type:
        """The type of an expression. `bound` has the parameters of a macro."""
        if node is None:
            return UNKNOWN
        text = self._source.text
        field = node.child_by_field_name
        match node.type:
            case "identifier":
                return self._name(node, bound)
            case "number_literal":
                return _literal(text(node))
            case "char_literal" | "true" | "false":
                return INT
            case "parenthesized_expression" | "comma_expression":
                return self.of(node.named_children[-1], bound) if node.named_children else UNKNOWN
            case "subscript_expression":
                inner = self.of(field("argument"), bound)
                return Type(inner.base, inner.depth - 1, inner.array) if inner.depth else UNKNOWN
            case "pointer_expression":
                inner = self.of(field("argument"), bound)
                if text(field("operator")) == "&":
                    return Type(inner.base, inner.depth + 1)
                return Type(inner.base, inner.depth - 1) if inner.depth else UNKNOWN
            case "field_expression":
                return self._fields.get(text(field("field")), UNKNOWN)
            case "unary_expression":
                return INT if text(field("operator")) == "!" else self.of(field("argument"), bound)
            case "update_expression":
                return self.of(field("argument"), bound)
            case "assignment_expression":
                return self.of(field("left"), bound)
            case "cast_expression":
                return self._written(text(field("type")))
            case "conditional_expression":
                return common(self.of(field("consequence"), bound), self.of(field("alternative"), bound))
            case "sizeof_expression":
                return Type("unsigned")
            case "binary_expression":
                return self._binary(node, bound)
            case "call_expression":
                return self._call(node, bound)
        return UNKNOWN

    def _name(self, node: Node, bound: dict[str, Type] | None) -> Type:
        name = self._source.text(node)
        if bound and name in bound:
            return bound[name]
        current = node.parent
        while current is not None and current.type != "function_definition":
            current = current.parent
        local = self._in_function.get(current.id, {}) if current is not None else {}
        if name in local or name in self._in_file:
            return local.get(name) or self._in_file[name]
        if name in ("INFINITY", "NAN", "HUGE_VALF"):
            return Type("float")
        if name.startswith("M_") or name.startswith("DBL_"):
            return Type("double")
        macro = self._source.macros.get(name)
        if macro is not None and macro.parameters is None and macro.body is not None:
            return self._of_macro(self._source.text(macro.body), {})
        return UNKNOWN

    def _binary(self, node: Node, bound: dict[str, Type] | None) -> Type:
        operator = self._source.text(node.child_by_field_name("operator"))
        if operator in _COMPARES:
            return INT
        left = self.of(node.child_by_field_name("left"), bound)
        right = self.of(node.child_by_field_name("right"), bound)
        if operator == "-" and left.depth and right.depth:
            return INT
        return left if operator in ("<<", ">>") else common(left, right)

    def _call(self, node: Node, bound: dict[str, Type] | None) -> Type:
        name = self._source.text(node.child_by_field_name("function"))
        listed = node.child_by_field_name("arguments")
        given = [self.of(a, bound) for a in listed.named_children] if listed is not None else []
        if name in self._functions:
            return self._functions[name]
        macro = self._source.macros.get(name)
        if macro is not None and macro.parameters is not None and macro.body is not None:
            return self._of_macro(
                self._source.text(macro.body), dict(zip(macro.parameters, given, strict=False))
            )
        known = _CALLS.fullmatch(name)
        if name in ("abs", "labs"):
            return INT
        if known is None:
            return UNKNOWN
        real = "float" if known[3] else "double"
        if self._source.language == "c++" and given and not known[3]:  # overloaded
            return given[0]
        if known[1] and known[2] not in ("abs", "real", "imag", "arg", "eil", "opysign"):
            return Type(f"complex {real}")
        return Type(real)

    def _of_macro(self, body: str, bound: dict[str, Type]) -> Type:
        parsed = Source(f"void f(void) {{ ({body.strip()}); }}", self._source.language)
        inner = next((n for n in every(parsed.root) if n.type == "parenthesized_expression"), None)
        if inner is None or parsed.root.has_error:
            return UNKNOWN
        outer = self._source
        self._source = parsed
        try:
            return self.of(inner, self._in_file | bound)
        finally:
            self._source = outer


def _literal(text: str) -> Type:
    word = text.lower()
    if not word.startswith("0x") and re.search(r"[.e]", word):
        return Type("float" if word.endswith("f") else "double")
    return Type("unsigned" if "u" in word else "int")


def parameter_names(source: Source, definition: Node) -> list[str]:
    """Of a function, in order; "" where it has none."""
    return [source.text(declared_name(p.child_by_field_name("declarator"))) for p in parameters(definition)]
