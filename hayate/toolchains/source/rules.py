"""What no candidate may do, and what only where the technique is permitted: read from the tokens."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from hayate.records import Language, Technique
from hayate.toolchains.source import names
from hayate.toolchains.source.owned import declared, defined, is_member
from hayate.toolchains.source.tokens import Directive, Source, Token, is_name

_NAME_SPACES = ("gnu", "__gnu__", "clang", "_Clang")


def _bare(name: str) -> str:
    """`__constructor__` and `constructor` are the same attribute."""
    return name[2:-2] if len(name) > 4 and name.startswith("__") and name.endswith("__") else name


def _group(tokens: Sequence[Token], at: int) -> int:
    """The index past the bracket group that starts at `at`, or the end."""
    closing = {"(": ")", "[": "]"}[tokens[at].text]
    opening, depth = tokens[at].text, 0
    for i in range(at, len(tokens)):
        if tokens[i].kind == "mark":
            depth += (tokens[i].text == opening) - (tokens[i].text == closing)
            if depth == 0:
                return i + 1
    return len(tokens)


def attributes(tokens: Sequence[Token]) -> Iterator[Token]:
    """The names inside `__attribute__((...))` and `[[...]]`, arguments included."""
    for inside in _lists(tokens):
        for inner in inside:
            if inner.kind == "name":
                yield Token("name", _bare(inner.text), inner.line)


def attribute_names(tokens: Sequence[Token]) -> Iterator[Token]:
    """The attributes themselves, without their arguments and name spaces: `gnu::cold, aligned(8)` has two.

    What is not written as a list of names is given as a name that no attribute has.
    """
    for inside in _lists(tokens):
        depth = 0
        fresh = True  # a name may stand here
        for i, token in enumerate(inside):
            if token.kind == "mark" and token.text in "([{":
                depth += 1
            elif token.kind == "mark" and token.text in ")]}":
                depth -= 1
            elif depth != 2:
                continue
            elif token.text == ",":
                fresh = True
            elif token.kind == "name":
                following = inside[i + 1].text if i + 1 < len(inside) else ""
                if following == ":" and token.text in _NAME_SPACES:
                    continue
                if token.text == "using" and i == 2 and following in _NAME_SPACES:
                    continue  # [[using gnu: hot, cold]]
                if fresh:
                    yield Token("name", _bare(token.text), token.line)
                elif token.text != "const":
                    yield Token("name", token.text, token.line)
                fresh = False
            elif token.text != ":":
                yield Token("name", token.text, token.line)


def _lists(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Each list of attributes, brackets included."""
    past = 0
    for i, token in enumerate(tokens[:-1]):
        if i < past:
            continue
        after = tokens[i + 1]
        if token.text in ("__attribute__", "__attribute", "__declspec") and after.text == "(":
            start, past = i + 1, _group(tokens, i + 1)
        elif token.text == "[" and after.text == "[" and after.kind == "mark":
            start, past = i, _group(tokens, i)
        else:
            continue
        yield tokens[start:past]


def violations(
    source: Source, entry: str, headers: Collection[str] | None, language: Language = "c"
) -> list[str]:
    """What no candidate may do, one sentence each, in the order of the lines.

    `headers` None: what a preprocessor has made, in which nothing is under a condition and no macro is left.
    Otherwise what stands under a condition is passed over, and so are macros.
    """
    found: list[tuple[int, str]] = []
    for directive in source.directives:
        found.extend((directive.line, text) for text in _directive(directive, headers))
    tokens = source.body if headers is None else source.certain
    pragmas = source.pragmas if headers is None else source.certain_pragmas
    for token in source.unreadable:
        odd = "a backslash" if token.kind == "mark" else f"the character {_odd(token.text)!a}"
        found.append((token.line, f"{odd} is not allowed outside comments and strings"))
    for line in pragmas:
        found.extend(_clauses(line, entry))
    own = declared(source, language) - {entry}
    for i, token in enumerate(tokens):
        if token.text in own or is_member(tokens, i):
            text = _token(token, False, entry) if token.text not in names.LINKERS else ""
        else:
            text = _token(token, i + 1 < len(tokens) and tokens[i + 1].text == "(", entry)
        if text:
            found.append((token.line, text))
    for name in (name for part in (tokens, *pragmas) for name in attributes(part)):
        if name.text in names.FORBIDDEN_ATTRIBUTES:
            found.append((name.line, f"the attribute {name.text} is not allowed"))
    if headers is None:  # no macro is left that could stand for another name
        for name in (name for part in (tokens, *pragmas) for name in attribute_names(part)):
            if name.text not in names.ATTRIBUTES | names.FORBIDDEN_ATTRIBUTES:
                found.append((name.line, f"the attribute {name.text} is not allowed"))
        for token in source.body:
            if token.kind == "name" and token.text in ("_Pragma", "__pragma"):
                found.append((token.line, f"{token.text} is not allowed"))
    return [f"line {line}: {text}" for line, text in dict.fromkeys(sorted(found))]


def _token(token: Token, calls_library: bool, entry: str) -> str:
    """What is wrong with one token. Names are words that a variable may bear too, so only calls count.

    A library function that is reached otherwise, by a pointer say, shows in the object's imports.
    """
    if token.kind == "raw":
        return "raw string literals are not allowed"
    if token.kind != "name":
        return ""
    name = token.text
    if name in names.ASSEMBLY:
        return "inline assembly is not allowed"
    bare = name.removeprefix("__builtin_")
    if names.RESERVED_FORMS.fullmatch(name) or name in names.RESERVED or name in names.LINKERS:
        return f"{name} is not allowed"
    if not calls_library or name == entry:
        return ""
    if bare in names.FORBIDDEN or names.EXEC.fullmatch(bare) or name.startswith(names.FORBIDDEN_PREFIXES):
        return f"{name} is not allowed"
    if names.BLAS.fullmatch(name) or name.startswith(names.LIBRARY_PREFIXES):
        return f"the library function {name} is not allowed"
    return ""


def _odd(text: str) -> str:
    """The first character of a token that no name has."""
    return next((c for c in text if not is_name(c)), text)


def _clauses(tokens: Sequence[Token], entry: str) -> Iterator[tuple[int, str]]:
    """What stands in the clauses of pragmas: expressions, which compilers compile as any other."""
    depth = 0
    # `initializer(omp_priv = {0})` holds a list, and no block.
    reduction = [token.text for token in tokens[:3]] == ["omp", "declare", "reduction"]
    for i, token in enumerate(tokens):
        if token.kind == "mark":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == "{" and not (reduction and tokens[i - 1].text in ("=", ")", "{", ",")):
                yield token.line, "a block within a #pragma is not allowed"
            continue
        calls = (
            depth > 0 and i + 1 < len(tokens) and tokens[i + 1].text == "("
        )  # `bind(...)` is a clause itself
        text = _token(token, calls, entry)
        if text:
            yield token.line, text


def _directive(directive: Directive, headers: Collection[str] | None) -> Iterator[str]:
    word, rest = directive.word, directive.rest
    if word == "pragma":
        acted_on = names.PRAGMA_FAMILIES.match(rest) and not names.PRAGMAS.match(rest)
        ours = headers is None and re.fullmatch(r"hayate include \d+", rest)
        if directive.conditional and not rest.startswith("hayate"):
            return
        if acted_on or (names.FORBIDDEN_PRAGMAS.match(rest) and not ours):
            yield f"#pragma {' '.join(rest.split()[:2])} is not allowed"
        return
    if headers is None:  # made by a macro: clang carries it out when it reads its own output
        yield f"#{word} made by a macro is not allowed"
        return
    if directive.conditional and word in ("include", "include_next", "import", "ident"):
        return  # a file that comes in shows in the preprocessor's output
    if (
        word in ("include_next", "import", "embed", "assert", "unassert", "ident", "sccs", "line")
        or word.isdigit()
    ):
        yield f"#{word} is not allowed"
    elif word == "include":
        name = included(directive)
        if not name:
            yield "#include of a computed name is not allowed"
        elif name not in headers:
            yield f"#include <{name}> is not allowed, only {', '.join(sorted(headers)) or 'no header'}"


def included(directive: Directive) -> str:
    """The header that an #include names; "" if it is computed."""
    match = re.fullmatch(r'<([^>]*)>|"([^"]*)"', directive.rest.strip())
    return re.sub(r"\s+", "", match.group(1) or match.group(2) or "") if match else ""


def withholdable(source: Source, certain: bool = False) -> dict[Technique, int]:
    """The withholdable techniques that the tokens show, each with the first line that does.

    `certain`: only where no condition of the preprocessor's stands around them, and not in macros.
    """
    found: dict[Technique, int] = {}

    def see(technique: Technique, line: int) -> None:
        found[technique] = min(line, found.get(technique, line))

    for directive in source.directives:
        if directive.word != "pragma" or (certain and directive.conditional):
            continue
        if names.TARGET_PRAGMA.match(directive.rest) or names.OMP_SIMD.match(directive.rest):
            see(Technique.SIMD, directive.line)
        if names.OMP_THREADS.match(directive.rest):
            see(Technique.THREADS, directive.line)
        if names.REASSOCIATE.match(directive.rest):
            see(Technique.FASTMATH, directive.line)
    pragmas = source.certain_pragmas if certain else source.pragmas
    parts = (source.certain if certain else (*source.body, *source.macros), *pragmas)
    tokens = [token for part in parts for token in part]
    # Compilers' own names stay theirs; a call of alloca shows in no import.
    own = {name for name in defined(source) if not name.startswith("_")} - {"alloca"}
    listed = {id(token) for part in parts for inside in _lists(part) for token in inside}
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.text in own:
            continue
        if token.text in names.PREFETCH:
            see(Technique.PREFETCH, token.line)
        elif token.text in names.ALLOC or token.text.startswith(names.ALLOCA):
            # `malloc` is an attribute, too.
            if id(token) not in listed and not is_member(tokens, i):
                see(Technique.ALLOC, token.line)
        elif token.text in names.OMP_REDUCTION:
            continue
        elif names.THREAD_NAMES.fullmatch(token.text) and not is_member(tokens, i):
            see(Technique.THREADS, token.line)
        elif names.SIMD_NAME.fullmatch(token.text):
            see(Technique.SIMD, token.line)
    for name in (name for part in parts for name in attributes(part)):
        if name.text in names.VECTOR_ATTRIBUTES or name.text == "target":
            see(Technique.SIMD, name.line)
    return found


def withheld(used: dict[Technique, int], permitted: Iterable[Technique]) -> list[str]:
    """A sentence for each technique that is used and not permitted."""
    allowed = frozenset(permitted)
    return [
        f"line {line}: {technique.value} is used and not permitted"
        for technique, line in sorted(used.items())
        if technique not in allowed
    ]
