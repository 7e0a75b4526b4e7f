"""A draft of a task: what was guessed, why, and how to overrule it."""

from __future__ import annotations

import io
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hayate.records import Argument, Band, DType, Language, SizeRange, SourceText, Technique, Values
from hayate.records.base import Record

Confidence = Literal["certain", "likely", "unsure"]


class Guess(Record):
    """One thing that was guessed."""

    about: str  # an argument, a drawn name, or "flops"
    what: str  # "kind", "shape", "values", "range", "size", "flops"
    value: str
    why: str
    confidence: Confidence
    option: str = ""  # what overrules it


class Draft(Record):
    """What becomes a task, when it is proven."""

    entry: str
    declaration: str
    preamble: str
    language: Language
    returns: DType | None
    arguments: tuple[Argument, ...]
    domain: dict[str, SizeRange]
    requires: tuple[str, ...]
    bands: tuple[Band, ...]
    flops: str
    bytes: str
    oracle_work: str
    bound_by: Literal["compute", "memory"]
    techniques: tuple[Technique, ...]
    headers: tuple[str, ...]
    reference: SourceText
    guesses: tuple[Guess, ...]

    @property
    def unsure(self) -> tuple[Guess, ...]:
        """What a person should look at."""
        return tuple(g for g in self.guesses if g.confidence == "unsure")

    def argument(self, name: str) -> Argument:
        """Raises KeyError if there is none of that name."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise KeyError(name)

    def table(self, width: int = 120) -> str:
        """For a person: each argument with what was guessed of it, and what is unsure."""
        table = Table(
            "argument",
            "kind",
            "type",
            "shape",
            "values",
            "why",
            title=Text(self.declaration),
            title_justify="left",
        )
        for argument in self.arguments:
            whys = [g.why for g in self.guesses if g.about == argument.name and g.why]
            cells = (
                argument.name,
                argument.kind,
                argument.dtype if not argument.fields else "struct",
                _shape(argument),
                _values(argument, self.domain),
                "; ".join(dict.fromkeys(whys)),
            )
            table.add_row(*(Text(cell) for cell in cells))
        text = io.StringIO()
        console = Console(file=text, width=width, no_color=True)
        console.print(table)
        drawn = [n for n in self.domain if n not in {a.name for a in self.arguments}]
        for name in drawn:
            console.print(f"{name}: drawn, {self.domain[name].low} to {self.domain[name].high}", markup=False)
        if self.requires:
            console.print("requires: " + ", ".join(self.requires), markup=False)
        console.print(f"flops: {self.flops}; bytes: {self.bytes}; bound by {self.bound_by}", markup=False)
        for band in self.bands:
            console.print(f"timed at {', '.join(f'{k} = {v}' for k, v in band.center.items())}", markup=False)
        for guess in self.unsure:
            about = guess.what if guess.what == guess.about else f"{guess.what} of {guess.about}"
            remedy = f" Overrule it by {guess.option}." if guess.option else ""
            console.print(f"unsure: {about}: {guess.value}: {guess.why}.{remedy}", markup=False)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _shape(argument: Argument) -> str:
    shape = " x ".join(argument.shape)
    return f"{shape}, used {' x '.join(argument.extent)}" if argument.extent else shape


def _values(argument: Argument, domain: dict[str, SizeRange]) -> str:
    if argument.kind == "size":
        if argument.value:
            return argument.value
        drawn = domain[argument.name]
        power = f", powers of {drawn.power_of}" if drawn.power_of else ""
        multiple = f", multiples of {drawn.multiple_of}" if drawn.multiple_of > 1 else ""
        return f"{drawn.low} to {drawn.high}{power}{multiple}"
    if argument.fields:
        return ", ".join(f"{f.name}: {f.value or _one(f.values)}" for f in argument.fields)
    if argument.kind == "output":
        return ""
    return argument.value or _one(argument.values)


def _one(values: Values | None) -> str:
    if values is None:
        return ""
    bounds = f" {values.low or '...'} to {values.high or '...'}" if values.low or values.high else ""
    return f"{values.kind}{bounds}{' of ' + values.of if values.of else ''}"
