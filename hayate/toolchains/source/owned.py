"""Names that a source gives to things of its own: a word is forbidden only where the library's is meant.

Rules of thumb over tokens, and on the generous side: what is taken for the source's own and is not shows in the
object, whose imports are a list of what is allowed, or does not link: see imports.py, and c.py on names of the
linker's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hayate.records import Language
from hayate.toolchains.source.names import LINKERS, words
from hayate.toolchains.source.tokens import Source, Token

_NO_TYPES = words(
    """
    return else do case goto default sizeof typeof __typeof__ alignof _Alignof throw new delete co_return
    co_yield co_await and or not xor bitand bitor compl using namespace struct union enum class
    """
)
# Between the parameters of a function and its body.
_AFTER_PARAMETERS = words("const volatile noexcept override final mutable try")
_OF_PARAMETERS = words(
    "void char short int long float double unsigned signed bool _Bool const volatile size_t struct"
)
_OF_STD = words("bind remove")  # algorithms by the names of functions of C: those show in the imports
_ENDS = frozenset(",;)[{:")


def defined(source: Source) -> frozenset[str]:
    """The functions that a source defines, `name(...) {`, and its macros.

    A function by which the linker would know what runs at load counts only where it is hidden from it.
    """
    tokens = source.body
    found = set(macros(source))
    depth = at = 0
    static = False
    for name, past in sorted(_calls(tokens)):
        for token in tokens[at:name]:
            if token.kind == "mark" and token.text in "{};":
                depth += (token.text == "{") - (token.text == "}")
                static = False
            static = static or token.text == "static"
        at = max(at, name)
        if _body(tokens, past) and (depth or static or tokens[name].text not in LINKERS):
            found.add(tokens[name].text)
    return frozenset(found)


def _body(tokens: Sequence[Token], past: int) -> bool:
    """Whether the body of a function begins after its parameters."""
    result = False  # C++ may name the type of the result there
    for i, token in enumerate(tokens[past : past + 12], past):
        if token.text == "{" and token.kind == "mark":
            return True
        if token.text in (";", "}"):
            return False
        arrow = (
            token.text == "-" and i + 1 < len(tokens) and tokens[i + 1].text == ">" and tokens[i + 1].attached
        )
        result = result or arrow
        if not result and token.text not in _AFTER_PARAMETERS:
            return False
    return False


def macros(source: Source) -> Iterator[str]:
    """The names of a source's macros, those under conditions included."""
    for directive in source.directives:
        if directive.word == "define":
            yield directive.rest.partition(" ")[0]


def declared(source: Source, language: Language) -> frozenset[str]:
    """Names of variables, parameters, members and functions with a body: not of prototypes, nor what is `extern`.

    Names of the compiler's, with two bars before them, are never the source's.
    """
    tokens = source.body
    found = set(defined(source))
    external = False
    for i, token in enumerate(tokens):
        if token.kind == "mark":
            external = external and token.text not in ";{}"
        elif token.text == "extern":
            external = True
        elif token.kind == "name" and not external and _is_declared(tokens, i, language):
            found.add(token.text)
    return frozenset(name for name in found if not name.startswith("__"))


def is_member(tokens: Sequence[Token], at: int) -> bool:
    """Whether the name at `at` is looked up in something of the source's own: `x.read`, `p->read`, `Own::read`."""
    if at < 2:
        return at == 1 and tokens[0].text == "."
    before = tokens[at - 2].text + tokens[at - 1].text
    if before == "::":
        if at > 2 and tokens[at - 3].text == "std":
            return tokens[at].text in _OF_STD
        return at > 2 and tokens[at - 3].kind == "name"
    return tokens[at - 1].text == "." or before == "->"


def _is_declared(tokens: Sequence[Token], at: int, language: Language) -> bool:
    if at == 0 or at + 2 >= len(tokens):
        return False
    before, after = tokens[at - 1], tokens[at + 1]
    if after.kind != "mark":
        return False
    if after.text == "=":  # no function can be assigned to; a comparison has two of them
        return tokens[at + 2].text != "="
    typed = before.text not in _NO_TYPES if before.kind == "name" else before.text in ("*", "&", ">")
    if language == "c++":
        if before.text in ("struct", "class") and after.text in ("{", ":"):
            return True
        typed = typed or (before.text == "." and at > 2 and tokens[at - 2].text == ".")  # of `F... read`
    if not typed:
        return False
    return after.text in _ENDS or (language == "c++" and after.text == "(" and _constructs(tokens, at + 1))


def _constructs(tokens: Sequence[Token], at: int) -> bool:
    """Whether the group after a name holds values, as in `std::vector<double> read(n)`, and no parameters."""
    past = _past(tokens, at)
    inside = tokens[at + 1 : past - 1]
    return bool(inside) and not any(token.text in _OF_PARAMETERS for token in inside)


def _calls(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Each name before a group in parentheses, and the index past the group."""
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "(":
            opened.append(i)
        elif token.text == ")" and opened:
            start = opened.pop()
            if start and tokens[start - 1].kind == "name":
                yield start - 1, i + 1


def _past(tokens: Sequence[Token], at: int) -> int:
    """The index past the group that opens at `at`, or the end; not looked at further than a declaration is long."""
    depth = 0
    for i in range(at, min(len(tokens), at + 200)):
        if tokens[i].kind == "mark":
            depth += (tokens[i].text == "(") - (tokens[i].text == ")")
            if depth == 0:
                return i + 1
    return min(len(tokens), at + 200)
