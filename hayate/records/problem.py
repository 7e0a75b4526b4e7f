"""What a kernel's function is: its arguments, what they hold, where it must be right. docs/any-kernel.md explains."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from hayate.records.base import Record

Shape = dict[str, int]  # drawn name -> value, e.g. {"M": 480, "N": 481, "K": 470}

# As C spells them on the machines that hayate runs on.
_OF_C = {
    "char": "int8",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "unsigned": "uint32",
    "size_t": "uint64",
    "float": "float32",
    "double": "float64",
    "float complex": "complex64",
    "double complex": "complex128",
}
_Name = Literal[
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
DType = Annotated[
    _Name, BeforeValidator(lambda name: _OF_C.get(name, name) if isinstance(name, str) else name)
]
DTYPES: tuple[DType, ...] = get_args(_Name)  # in the order of enum hy_dtype of judge/runner/arrays.h
# Bytes of one element.
ITEM_BYTES: dict[str, int] = {name: int(re.sub(r"\D", "", name)) // 8 for name in DTYPES}
# The unit roundoff of its real numbers; 0 where there is no rounding.
UNIT_ROUNDOFF: dict[str, float] = {
    "float32": 2.0**-24,
    "complex64": 2.0**-24,
    "float64": 2.0**-53,
    "complex128": 2.0**-53,
}

ValuesKind = Literal[
    "real",
    "uniform",
    "integer",
    "index",
    "permutation",
    "sorted",
    "offsets",
    "columns",
    "symmetric_positive_definite",
    "lower_triangular",
    "diagonally_dominant",
    "one_hot",
    "constant",
]


class Values(Record):
    """What an argument is filled with before each call. `low` and `high` are expressions over the drawn names."""

    kind: ValuesKind
    low: str = ""  # "": as the kind says
    high: str = ""
    of: str = ""  # of `columns`: the argument with the offsets of its rows


class StructField(Record):
    """A number in a struct of scalars."""

    name: str
    dtype: DType
    values: Values | None = None
    value: str = ""  # an expression, where it is not drawn by itself


class Argument(Record):
    """One argument of the entry, in order.

    `shape` is what lies in memory, outermost first, in elements; `extent` the part of it that is the problem, where
    they differ. Without `values` a floating type holds `real` ones, an integer type `integer` ones.
    """

    name: str
    kind: Literal["size", "scalar", "input", "inout", "output"]
    dtype: DType = "float64"
    shape: tuple[str, ...] = ()
    extent: tuple[str, ...] = ()  # (): all of it
    value: str = ""  # of a size or an integer scalar that is not drawn by its own name: an expression
    values: Values | None = None
    fields: tuple[StructField, ...] = ()  # of a scalar that is a struct of numbers
    type: str = ""  # of such a struct: as C names it, "struct grid"
    by_pointer: bool = False  # it comes as a const pointer

    @property
    def is_array(self) -> bool:
        return self.kind in ("input", "inout", "output")

    @property
    def drawn(self) -> Values:
        """What it is filled with, the default filled in."""
        if self.values is not None:
            return self.values
        return Values(kind="real" if self.dtype in UNIT_ROUNDOFF else "integer")


class SizeRange(Record):
    """From `low` to `high`, both included."""

    low: int = Field(ge=0)
    high: int = Field(ge=0)
    multiple_of: int = Field(default=1, ge=1)
    power_of: int = Field(default=0, ge=0)  # 0: any number; 2: powers of two

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, given: object) -> object:
        if isinstance(given, list | tuple) and len(given) == 2:
            return {"low": given[0], "high": given[1]}
        return given


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


# How it is known what is right, strongest first.
Correctness = Literal["exact", "analytic", "automatic"]
