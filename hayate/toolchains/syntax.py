"""What a source shows before it is compiled, and after the preprocessor: techniques, includes, violations."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hayate.records import Language, Task, Technique
from hayate.toolchains.c import SOURCES
from hayate.toolchains.headers import allowed_headers
from hayate.toolchains.source import rules
from hayate.toolchains.source.buffers import large_buffers
from hayate.toolchains.source.labels import structure
from hayate.toolchains.source.macros import expand
from hayate.toolchains.source.tokens import BYTE_ORDER_MARK, own_part, read
from hayate.toolchains.source.tree import Tangled, parse

SOURCE_MAX_BYTES = 64_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_SPLICED = re.compile(r"\\[^\S\n]*$", re.MULTILINE)  # the preprocessor has joined all lines that it may
PREPROCESSED_MAX_BYTES = 500_000  # of the candidate's own part


@dataclass(frozen=True)
class SourceFacts:
    """What a source shows. `violations` are sentences with line and cause; empty: it may be compiled."""

    techniques: tuple[Technique, ...]  # in the order of the enumeration
    includes: tuple[str, ...]
    violations: tuple[str, ...]


def inspect(task: Task, source: str, permitted: Iterable[Technique], language: Language = "c") -> SourceFacts:
    """The facts of a candidate's source. Never raises: of broken code it says what it can.

    Only what stands under no condition of the preprocessor's is a violation here, and no macro's body: what the
    compiler does not see is not the candidate's, and what it sees is all read by `inspect_preprocessed`.
    Withholdable techniques are violations where they are used and not permitted. Structural ones are labels;
    only those that the task names are looked for, and they are found by rules of thumb.
    """
    source = source.removeprefix(BYTE_ORDER_MARK)
    size = len(source.encode(errors="surrogatepass"))
    if size > SOURCE_MAX_BYTES:
        return SourceFacts((), (), (f"the source has {size} bytes, at most {SOURCE_MAX_BYTES} are allowed",))
    if language not in task.languages:
        return SourceFacts((), (), (f"the task takes {' and '.join(task.languages)}, not {language}",))
    odd = _CONTROL.search(source)
    if odd:  # compilers differ in what these are, and editors show nothing
        line = source.count("\n", 0, odd.start()) + 1
        return SourceFacts((), (), (f"line {line}: the control character {odd[0]!r} is not allowed",))
    tokens = read(source, language)
    found = rules.violations(tokens, task.entry, allowed_headers(task, language), language)
    used = rules.withholdable(tokens)
    certain = rules.withholdable(tokens, certain=True)
    labels: frozenset[Technique] = frozenset()
    try:
        expanded = expand(tokens)
        tree = parse(expanded.text, language)
        line = large_buffers(tree, language)
        if line:
            used.setdefault(Technique.ALLOC, line)
            if not any(directive.conditional for directive in tokens.directives):
                certain.setdefault(Technique.ALLOC, line)
        with contextlib.suppress(Tangled):  # labels are no offences, nor is their lack
            labels = structure(tree, expanded.pragmas, task)
    except Tangled as tangled:
        found.append(str(tangled))
    found += rules.withheld(certain, permitted)
    return SourceFacts(
        techniques=tuple(t for t in Technique if t in used or t in labels),
        includes=tuple(rules.included(d) for d in tokens.directives if d.word == "include"),
        violations=tuple(found),
    )


def inspect_preprocessed(
    task: Task, text: str, permitted: Iterable[Technique], language: Language = "c"
) -> tuple[str, ...]:
    """Violations in what the preprocessor made of a source that passed `inspect`: macros hide nothing here.

    `text` is what comes after the boundary: see headers.py. Line numbers are the candidate's.
    """
    if len(text) > PREPROCESSED_MAX_BYTES:
        return (f"the source grows to {len(text)} characters, at most {PREPROCESSED_MAX_BYTES} are allowed",)
    own, stranger = own_part(text, SOURCES[language])
    if stranger:
        return (f"the source brings in {stranger}, and only #include of an allowed header may",)
    spliced = _SPLICED.search(own)
    if spliced:  # to gcc the line ends there, to clang it goes on
        line = own.count("\n", 0, spliced.start()) + 1
        return (f"line {line}: a line that ends with a backslash and a comment is not allowed",)
    tokens = read(own, language)
    found = rules.violations(tokens, task.entry, None, language)
    used = rules.withholdable(tokens)
    try:
        line = large_buffers(parse(own, language), language)
        if line:
            used.setdefault(Technique.ALLOC, line)
    except Tangled as tangled:
        found.append(str(tangled))
    return tuple(found + rules.withheld(used, permitted))
