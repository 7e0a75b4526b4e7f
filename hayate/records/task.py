"""What to compute: a task as the judge, the prompts and the report see it. It carries its texts, not paths."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field

from hayate.records.base import Record, content_hash

Shape = dict[str, int]  # size argument -> value, e.g. {"M": 480, "N": 481, "K": 470}


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


class Argument(Record):
    """One argument of the entry, in order. A size is an int; an array is row-major and dense."""

    name: str
    kind: Literal["size", "input", "output"]
    dtype: Literal["int", "double"]
    shape: tuple[str, ...] = ()  # of an array: expressions over the sizes, e.g. ("M", "K")


class SizeRange(Record):
    low: int = Field(ge=0)
    high: int = Field(ge=0)


class Band(Record):
    """Where speed is measured: shapes drawn near `center`, each size within +-`spread` of it."""

    name: str  # "480"
    center: Shape
    spread: float = Field(default=0.04, ge=0, lt=1)
    training: bool = False  # timed in training verdicts
    report: bool = True  # timed in reports and confirmations
    pairs: int = Field(default=5, ge=1, le=200)  # interleaved pairs of one launch


class Bound(Record):
    """The numerical error bound: |computed - exact| <= factor * gamma_terms * scale, componentwise.

    gamma_n = n u / (1 - n u), u = 2^-53 for double (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    `scale` comes from the task's oracle: |A||B| for a matrix product.
    """

    terms: str  # expression over the sizes: roundings on the longest path of one output, e.g. "K"
    factor: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    # Expression: inputs of the exact test are integers below 2^this, so that sums are exact. Below 1 at a shape, that
    # shape has no such test; "" where no shape has one, because the task's constants are no integers, say.
    integer_bits: str = "20"
    integer_scale: str = "1"  # expression: those integers are multiplied by this


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
    """A task. `hash` changes whenever anything that could change a verdict does."""

    name: str
    title: str
    languages: tuple[Language, ...] = ("c", "c++")  # in which a candidate may be written
    bound_by: Literal["compute", "memory"]
    entry: str  # name of the function
    declaration: str  # "void dgemm(int M, ...)"
    description: str  # for the prompt: what it computes, in one or two sentences
    arguments: tuple[Argument, ...]
    domain: dict[str, SizeRange]  # every shape for which a candidate must be right
    bands: tuple[Band, ...]
    flops: str  # expression: minimal work of one call
    bytes: str  # expression: minimal traffic of one call (each input read once, each output written once)
    oracle_work: str  # expression: the oracle's cost; verification shapes keep it below oracle_work_max
    oracle_work_max: float = 2e6
    bound: Bound
    techniques: tuple[Technique, ...]  # those that make sense for it
    headers: tuple[str, ...]  # what a candidate may #include
    reference: SourceText
    oracle: (
        SourceText  # <entry>_exact(args, double *exact, double *scale); <entry>_scale(args, double *scale)
    )
    yardsticks: tuple[SourceText, ...]  # known-good solutions of different speeds, slowest first
    # Of a task that does not come with hayate, on the machine that read it: for advice, and neither hashed nor sent on.
    folder: str = Field(default="", exclude=True)

    @cached_property
    def hash(self) -> str:
        return content_hash(self.model_dump_json())

    @property
    def where(self) -> str:
        """What a person gives to a command as this task: its name, or the path of its folder."""
        return self.folder or self.name

    @property
    def sizes(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "size")

    @property
    def inputs(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "input")

    @property
    def outputs(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.kind == "output")
