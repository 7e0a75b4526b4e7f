"""From a file and a function's name to a text that compiles alone, and what it declares."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tree_sitter import Node

from hayate.errors import WrongUse
from hayate.new.compilers import dialect, run_compiler
from hayate.new.declared import Declared, Parameter, Type, declared
from hayate.new.gather import Assembled, Needed, assemble, exposed, needed
from hayate.new.preprocessed import Place, Preprocessed, preprocess
from hayate.new.syntax import Item, declared_name, field, function_head, items, parse
from hayate.new.unsupported import check_bodies, check_head, place_of, refuse
from hayate.new.wrappers import wrapper
from hayate.records import CXX_SUFFIXES, Language
from hayate.toolchains.source.nodes import text_of

_SUFFIXES = (".c", ".h", ".hpp", ".hh", *CXX_SUFFIXES)
# What a candidate may include in any case, and what else if the reference does.
_USUAL = (
    "stdlib.h",
    "string.h",
    "math.h",
    "immintrin.h",
    "stddef.h",
    "stdint.h",
    "float.h",
    "limits.h",
    "stdbool.h",
)
_MORE = ("omp.h", "complex.h", "tgmath.h", "inttypes.h", "stdalign.h")


@dataclass(frozen=True)
class Found:
    """A function with all that it needs."""

    path: Path
    function: str  # as the person calls it
    entry: str  # as the reference exports it
    language: Language
    reference: str  # compiles alone
    places: tuple[Place | None, ...]  # of each line of the reference: where the person wrote it
    declaration: str  # "void f(int n, ...)", macros expanded
    preamble: str  # what the declaration needs
    parameters: tuple[Parameter, ...]
    returns: Type | None
    headers: tuple[str, ...]  # "math.h"
    source: Preprocessed
    entry_node: Node
    functions: tuple[Node, ...]  # definitions that it needs, its own included, in the expanded text

    def place(self, node: Node) -> Place | None:
        """The person's line of a node of `functions`."""
        return place_of(self.source, node)


def read(
    path: Path,
    function: str,
    *,
    includes: Sequence[Path] = (),
    defines: Sequence[str] = (),
    line: int | None = None,
) -> Found:
    """Find the function, check that a task can say it, and gather what it needs.

    `line` chooses between several functions of that name. Raises WrongUse for what a task can't say: it names file,
    line, construct and what to change.
    """
    path = path.absolute()
    if not path.is_file():
        raise WrongUse("there is no such file", where=str(path))
    if not path.name.endswith(_SUFFIXES):
        raise WrongUse("not a file of C or C++", where=str(path), allowed=", ".join(_SUFFIXES))
    language: Language = "c" if path.suffix in (".c", ".h") else "c++"
    source = preprocess(path, language, includes, defines)
    all_items = items(parse(source.parseable, language))
    item = _choose(source, all_items, path, function, line)
    check_head(source, item, function)
    chosen = needed(source, all_items, [item])
    check_bodies(source, chosen.items, all_items)
    wrapped = wrapper(item, function) if language == "c++" else None
    entry = wrapped.entry if wrapped else function
    prefix = 'extern "C" ' if language == "c++" and not wrapped else ""
    problem = ""
    for as_written in (True, False):
        exposing = None if wrapped else item
        text = assemble(source, chosen, exposing, function, prefix, as_written=as_written)
        if wrapped:
            text = Assembled(
                f"{text.text}\n{wrapped.definition}\n",
                (*text.places, None, None, *[None] * wrapped.definition.count("\n")),
            )
        found, problem = _compiled(text.text, language, entry)
        if found is not None:
            break
    else:
        raise WrongUse(f"what {function} needs does not compile by itself: {problem}", where=str(path))
    _check_types(found, item, function, source)
    declaration = wrapped.declaration if wrapped else _declaration(source, item, function)
    words = set(re.findall(r"[A-Za-z_]\w*", declaration))
    start = [i for i in all_items if i.kind == "type" and words & set(i.names)]
    types = needed(source, [i for i in all_items if i.kind in ("type", "variable")], start)
    preamble = assemble(
        source,
        Needed(types.items, types.words | words),
        None,
        "",
        "",
        as_written=False,
    ).text
    included = {h.strip('<>"') for h, names in source.headers.items() if names & chosen.words}
    return Found(
        path=path,
        function=function,
        entry=entry,
        language=language,
        reference=text.text,
        places=text.places,
        declaration=declaration,
        preamble=preamble if preamble.strip() else "",
        parameters=tuple(_parameter(p, item) for p in found.parameters),
        returns=found.returns,
        headers=(*_USUAL, *(header for header in _MORE if header in included)),
        source=source,
        entry_node=item.node,
        functions=tuple(i.node for i in chosen.items if i.kind == "function"),
    )


def _choose(source: Preprocessed, all_items: Sequence[Item], path: Path, name: str, line: int | None) -> Item:
    candidates = [i for i in _defined(all_items) if name in i.names]
    if line is not None and candidates:
        at = [(p, i) for i in candidates if (p := place_of(source, i.node)) is not None]
        chosen = [i for p, i in at if p.line <= line <= p.line + i.last - i.first]
        if len(chosen) == 1:
            return chosen[0]
        raise WrongUse(
            f"no definition of {name} is at line {line}",
            where=str(path),
            allowed="lines " + ", ".join(str(p.line) for p, _ in at),
        )
    if len(candidates) > 1:
        where = ", ".join(str(p.line) for i in candidates if (p := place_of(source, i.node)))
        raise WrongUse(
            f"{len(candidates)} functions are called {name}: at lines {where}",
            where=str(path),
            allowed="one of these lines by --line",
        )
    if not candidates:
        known = [n for i in _defined(all_items) for n in i.names if i.kind == "function" and n != "main"]
        own = [i for i in all_items if i.kind == "prototype" and name in i.names]
        said = "is declared and not defined" if own else "is not defined"
        raise WrongUse(
            f"{name} {said} in it",
            where=str(path),
            allowed="one of: " + ", ".join(dict.fromkeys(known)) if known else "a file with a function in it",
        )
    return candidates[0]


def _defined(all_items: Sequence[Item]) -> list[Item]:
    """Functions and templates of functions, those in namespaces included."""
    found: list[Item] = []
    stack = [(item, "") for item in reversed(all_items)]
    while stack:
        item, space = stack.pop()
        if item.node.type == "namespace_definition":
            inner = f"{space}{text_of(field(item.node, 'name'))}::"
            body = field(item.node, "body")
            stack += [(i, inner) for i in reversed(items(body))] if body is not None else []
        elif item.node.type == "template_declaration":
            head = next((c for c in item.node.named_children if c.type == "function_definition"), None)
            if head is not None:
                found.append(Item(item.node, "template", (declared_name(field(head, "declarator")),), space))
        elif item.kind == "function":
            found.append(Item(item.node, item.kind, item.names, space))
    return found


def _compiled(text: str, language: Language, entry: str) -> tuple[Declared | None, str]:
    """The entry as the compiler sees it in the text, or why it is not there."""
    with tempfile.TemporaryDirectory(prefix="hayate-new-") as name:
        folder = Path(name)
        (folder / "reference").write_text(text, encoding="utf-8")
        said = run_compiler(
            language,
            [*dialect(language), "-g", "-gdwarf-4", "-O0", "-w", "-Werror=implicit-function-declaration",
             "-c", "reference", "-o", "reference.o"],
            folder=folder,
        )  # fmt: skip
        if said.code:
            return None, said.first_error
        code = (folder / "reference.o").read_bytes()
    return declared(code, entry), f"{entry} is not visible outside it"


def _declaration(source: Preprocessed, item: Item, name: str) -> str:
    body = field(item.node, "body")
    head = source.cut(item.node.start_byte, body.start_byte if body is not None else item.node.end_byte)
    head = exposed(head, name, "")
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/|//[^\n]*", " ", head, flags=re.S)).strip()


def _parameter(parameter: Parameter, item: Item) -> Parameter:
    """Tell one struct from an array of them: const, with members of several types, or used by `->` alone."""
    kind = parameter.type
    if not (kind.pointer and kind.const and len(kind.members) > 1):
        return parameter
    arrows = others = 0
    stack = [n for n in (field(item.node, "body"),) if n is not None]
    while stack:
        node = stack.pop()
        if node.type == "field_expression" and text_of(field(node, "argument")) == parameter.name:
            arrow = any(text_of(c) == "->" for c in node.children)
            arrows, others = arrows + arrow, others + (not arrow)
            continue
        others += node.type == "identifier" and text_of(node) == parameter.name
        stack += node.children
    single = len({m.dtype for m in kind.members}) > 1 or (arrows > 0 and not others)
    return replace(parameter, type=replace(kind, single=single))


def _check_types(found: Declared, item: Item, name: str, source: Preprocessed) -> None:
    if found.varargs:
        raise refuse(
            f"{name} takes a variable number of arguments",
            place_of(source, item.node),
            "a fixed list of arguments, or an array with its length",
        )
    listed = field(function_head(item.node), "parameters")
    nodes = [n for n in listed.named_children if n.type != "comment"] if listed is not None else []
    for at, parameter in enumerate(found.parameters):
        node = nodes[at] if at < len(nodes) else item.node
        remedy = _remedy(parameter)
        if remedy:
            what = parameter.type.problem or "an array of structs of different numbers"
            raise refuse(f"parameter {parameter.name} of {name} is {what}", place_of(source, node), remedy)
    returned = found.returns
    if returned is not None and (returned.problem or returned.pointer or returned.members):
        what = "a pointer" if returned.pointer else returned.problem or "a struct"
        raise refuse(
            f"{name} returns {what}",
            place_of(source, item.node),
            "a number, or nothing: let it write its results to an argument",
        )


def _remedy(parameter: Parameter) -> str:
    kind = parameter.type
    if not kind.problem:
        mixed = kind.pointer and not kind.const and kind.members and len({m.dtype for m in kind.members}) > 1
        return "one array for each member" if mixed else ""
    if "function pointer" in kind.problem:
        return "a version of the function that calls one function by its name"
    if "pointers" in kind.problem:
        return f"one block with a leading dimension: `double *{parameter.name}`, element `[i * ld + j]`"
    if "with a pointer" in kind.problem:
        return "its members as arguments of their own, by a wrapper"
    if kind.problem == "long double":
        return "double"
    if "FILE" in kind.problem:
        return "read the data in the caller, and pass arrays"
    if "void" in kind.problem:
        return "a pointer to the type of its elements"
    return "numbers, pointers to numbers, structs of numbers"
