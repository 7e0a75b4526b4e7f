"""What to compute: a task as the judge, the prompts and the report see it. It carries its texts, not paths."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Literal

from hayate.records.base import Record, content_hash
from hayate.records.problem import Argument, Band, Bound, Correctness, DType, SizeRange

Language = Literal["c", "c++"]
CXX_SUFFIXES = (".cpp", ".cc", ".cxx")


class Technique(StrEnum):
    """A way to make a kernel faster. The first group can be withheld; the second are labels only, never offences."""

    SIMD = "simd"  # vector types, intrinsics, target attributes, the compiler's vectoriser
    THREADS = "threads"  # OpenMP threads
    PREFETCH = "prefetch"  # software prefetch
    ALLOC = "alloc"  # scratch memory: malloc, alloca, large or static buffers
    FASTMATH = "fastmath"  # compiler flags that let sums be reordered

    LOOP_ORDER = "loop_order"
    BLOCKING = "blocking"
    REGISTER_BLOCKING = "register_blocking"
    PACKING = "packing"
    UNROLLING = "unrolling"
    TIME_BLOCKING = "time_blocking"


WITHHOLDABLE = frozenset(
    {Technique.SIMD, Technique.THREADS, Technique.PREFETCH, Technique.ALLOC, Technique.FASTMATH}
)


class SourceText(Record):
    """A source of the task folder: reference, oracle, yardstick, variant, correct or wrong solution."""

    name: str  # file name without folder
    text: str
    techniques: tuple[Technique, ...] = ()  # permitted when it is built
    flags: tuple[str, ...] = ()  # of trusted baselines only, e.g. ("-Ofast",)
    expect: str = ""  # of a wrong solution: the outcome that it must get

    @property
    def language(self) -> Language:
        return "c++" if self.name.endswith(CXX_SUFFIXES) else "c"


class Task(Record):
    """A task: words for people, and the problem. No source repeats the `preamble`, which stands before each."""

    name: str
    title: str
    languages: tuple[Language, ...] = ("c", "c++")  # in which a candidate may be written
    bound_by: Literal["compute", "memory"]
    entry: str  # name of the function
    declaration: str  # "void dgemm(int M, ...)"
    preamble: str = ""  # what the declaration needs: typedefs, structs, macros
    returns: DType | None = None  # of a function that returns a number
    description: str  # for the prompt: what it computes, in one or two sentences
    arguments: tuple[Argument, ...]
    domain: dict[str, SizeRange]  # of each drawn name: every shape for which a candidate must be right
    requires: tuple[str, ...] = ()  # conditions over the drawn names
    bands: tuple[Band, ...]
    flops: str  # expression: minimal work of one call
    bytes: str  # expression: minimal traffic of one call (each input read once, each output written once)
    oracle_work: str  # expression: the oracle's cost; verification shapes keep it below oracle_work_max
    oracle_work_max: float = 2e6
    correct: Correctness = "analytic"
    bound: Bound | None = None  # of an analytic task
    techniques: tuple[Technique, ...]  # those that make sense for it
    headers: tuple[str, ...]  # what a candidate may #include
    reference: SourceText
    # Of an analytic task: <entry>_exact(args, double *exact, double *scale), <entry>_scale(args, double *scale)
    oracle: SourceText | None = None
    yardsticks: tuple[SourceText, ...]  # known-good solutions of different speeds, slowest first
    generator: SourceText | None = (
        None  # <entry>_inputs(args, uint64_t seed): fills what no kind of values describes
    )

    @cached_property
    def hash(self) -> str:
        """Over all that can change a verdict: words for people may be mended without losing a measurement."""
        return content_hash(self.model_dump_json(exclude={"name", "title", "description"}))

    @property
    def sizes(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "size")

    @property
    def arrays(self) -> tuple[Argument, ...]:
        """In order; what the function returns comes last, as an output of one element."""
        found = tuple(a for a in self.arguments if a.is_array)
        if self.returns is None:
            return found
        return (*found, Argument(name="return", kind="output", dtype=self.returns, shape=("1",)))

    @property
    def written(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arrays if a.kind != "input")

    @property
    def given(self) -> tuple[Argument, ...]:
        """The arrays that hold values before a call."""
        return tuple(a for a in self.arrays if a.kind != "output")

    @property
    def inputs(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "input")

    @property
    def outputs(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "output")
