"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hayate.records import Language, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, inspect, inspect_preprocessed, object_facts

ALL = frozenset(Technique)
NONE: frozenset[Technique] = frozenset()
SIGNATURE = (
    "void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)"
)


@dataclass(frozen=True)
class Made:
    """What a build left."""

    returncode: int
    stderr: str
    elf: bytes = b""
    preprocessed: str = ""  # what comes after the boundary
    headers: bytes = b""  # what comes before


Build = Callable[..., Made]


def entry(body: str, before: str = "") -> str:
    """A dgemm with the given body."""
    return f"{before}\n{SIGNATURE}\n{{\n{body}\n}}\n"


def refused(
    source: str,
    build: Build,
    compiler: Compiler,
    permitted: Iterable[Technique] = (),
    language: Language = "c",
) -> str:
    """What is said against a source, by whichever look is the first; "" where nothing is."""
    task = builtin("dgemm")
    allowed = frozenset(permitted) if compiler.openmp else frozenset(permitted) - {Technique.THREADS}
    said = inspect(task, source, allowed, language).violations
    if said:
        return said[0]
    made = build(
        source.replace("restrict", "") if language == "c++" else source, compiler, allowed, language=language
    )
    if made.returncode:
        return made.stderr
    said = inspect_preprocessed(task, made.preprocessed, allowed, language)
    if not said:
        said = object_facts(made.elf, "dgemm", allowed).violations
    return said[0] if said else ""
