"""Kernels of different kinds, as somebody's own code would be, with honest rewritings and with cheats."""

from __future__ import annotations

from dataclasses import dataclass, field

from hayate.records import Argument, DType, SourceText, Task, Values
from hayate.records.problem import Bound, SizeRange


@dataclass(frozen=True)
class Kernel:
    """`honest` and `cheats` are whole texts by name; `sizes` the drawn names."""

    name: str
    declaration: str
    text: str
    arguments: tuple[Argument, ...]
    sizes: dict[str, int]
    returns: DType | None = None
    preamble: str = ""
    honest: dict[str, str] = field(default_factory=dict)
    disputed: dict[str, str] = field(
        default_factory=dict
    )  # as fast kernels do it; docs/any-kernel.md says what of it
    cheats: dict[str, str] = field(default_factory=dict)
    lower: bool = (
        True  # arithmetic one precision lower is a cheat that can be made by replacing the type's name
    )
    reversed: tuple[str, str] = ("", "")  # a loop and the same backwards
    near: bool = False  # rounding may turn its branches

    @property
    def task(self) -> Task:
        nothing = SourceText(name="oracle.c", text="")
        return Task(
            name=self.name,
            title=self.name,
            bound_by="compute",
            entry=self.name,
            declaration=self.declaration,
            preamble=self.preamble,
            returns=self.returns,
            description=self.name,
            arguments=self.arguments,
            domain={name: SizeRange(low=1, high=10_000) for name in self.sizes},
            bands=(),
            flops="1",
            bytes="1",
            oracle_work="1",
            correct="automatic",
            bound=Bound(terms="1"),
            techniques=(),
            headers=(),
            reference=SourceText(name="reference.c", text=self.text),
            oracle=nothing,
            yardsticks=(),
        )


def size(name: str, value: str = "") -> Argument:
    return Argument(name=name, kind="size", dtype="int32", value=value)


def scalar(name: str, dtype: DType = "float64", low: str = "", high: str = "") -> Argument:
    values = Values(kind="uniform", low=low, high=high) if low else None
    return Argument(name=name, kind="scalar", dtype=dtype, values=values)


def array(
    kind: str, name: str, shape: str, dtype: DType = "float64", values: Values | None = None, extent: str = ""
) -> Argument:
    """`shape` and `extent` as "M, K"."""
    parts = tuple(part.strip() for part in shape.split(","))
    inner = tuple(part.strip() for part in extent.split(",")) if extent else ()
    return Argument.model_validate(
        {"name": name, "kind": kind, "dtype": dtype, "shape": parts, "extent": inner, "values": values}
    )


def between(low: str, high: str) -> Values:
    return Values(kind="uniform", low=low, high=high)
