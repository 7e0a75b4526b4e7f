"""Task and assignment -> prompt.

Both styles tell the truth about the assignment, since the judge rejects what it does not permit:

- `staged` lists the techniques permitted now and those that are not, one a line. Structural techniques (loop
  order, blocking, ...) in the list are suggestions: they can't be withheld.
- `plain` lists no technique; it says that every one is permitted, and names the exceptions where there are
  any (threads, mostly).

For one task, all lines are constant but those of the lists: a small model learns the constant part as a few
tokens, and sees what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field

from hayate.errors import WrongUse
from hayate.prompts.techniques import DESCRIPTIONS, in_order
from hayate.records import WITHHOLDABLE, Argument, Assignment, Language, Prompt, Record, Task, Values
from hayate.toolchains import allowed_headers

Style = Literal["plain", "staged"]

_FENCES: dict[Language, str] = {"c": "c", "c++": "cpp"}
_MARKS = ("// permitted:", "// expect:", "// flags:")


class Exemplar(Record):
    """An earlier candidate that a prompt shows."""

    source: str
    language: Language = "c"
    speedup: float = Field(gt=0)  # times the reference's speed


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the text goes to a language model, not into a page
    )


_C_NAMES = {"float64": "double", "float32": "float", "int32": "int"}
_KINDS = {"inout": "input and output"}
# What is promised of an input's values, for what a kernel may rest on.
_PROMISES = {
    "index": "from 0 to {high} - 1, with repetitions",
    "permutation": "a permutation of 0, 1, ...",
    "sorted": "sorted, smallest first",
    "offsets": "increasing from 0 to {high}",
    "columns": "below {high}, increasing within each row of {of}",
    "symmetric_positive_definite": "symmetric and positive definite",
    "lower_triangular": "lower triangular",
    "diagonally_dominant": "diagonally dominant",
    "one_hot": "one 1 in each row, else 0",
    "constant": "always {low}",
}


def _joined(sizes: tuple[str, ...]) -> str:
    return " x ".join(size if size.isidentifier() else f"({size})" for size in sizes)


def _promise(values: Values | None) -> str:
    if values is None:
        return ""
    if values.kind in _PROMISES:
        return "; " + _PROMISES[values.kind].format(low=values.low, high=values.high, of=values.of)
    return f"; from {values.low} to {values.high}" if values.low and values.high else ""


def _argument_line(argument: Argument) -> str:
    """E.g. "A: input, double, M x K, row-major"."""
    kind = _KINDS.get(argument.kind, argument.kind)
    dtype = _C_NAMES.get(argument.dtype, argument.dtype)
    if argument.fields:
        fields = ", ".join(f"{f.name} ({_C_NAMES.get(f.dtype, f.dtype)})" for f in argument.fields)
        return f"{argument.name}: {argument.type} with {fields}"
    if not argument.is_array:
        return f"{argument.name}: {kind}, {dtype}{_promise(argument.values)}"
    sizes = _joined(argument.shape)
    if argument.extent and argument.extent != argument.shape:
        sizes = f"{_joined(argument.extent)} within {sizes}"
    order = ", row-major" if len(argument.shape) > 1 or argument.dtype == "float64" else ""
    return f"{argument.name}: {kind}, {dtype}, {sizes}{order}{_promise(argument.values)}"


def _domain(task: Task) -> str:
    """E.g. "1 <= M <= 2048, 1 <= N <= 2048"."""
    said = []
    for name, r in task.domain.items():
        power = f", a power of {r.power_of}" if r.power_of else ""
        multiple = f", a multiple of {r.multiple_of}" if r.multiple_of > 1 else ""
        said.append(f"{r.low} <= {name} <= {r.high}{power}{multiple}")
    said += [f"{a.name} = {a.value}" for a in task.sizes if a.value]
    return ", ".join([*said, *task.requires])


def _without_marks(source: str) -> str:
    """A source of a task folder without the lines that tell its loader what to permit or expect."""
    lines = source.split("\n")
    return "\n".join(line for line in lines if not line.startswith(_MARKS)).strip()


def render(
    style: Style,
    task: Task,
    assignment: Assignment,
    exemplars: Sequence[Exemplar] = (),
    language: Language = "c",
) -> Prompt:
    """The prompt for `assignment`, which must be for `task`: an answer in `language`.

    Raises `WrongUse` for an unknown style, and for a language that the task does not take.
    """
    if style not in get_args(Style):
        raise WrongUse(f"no prompt style {style!r}", allowed=", ".join(get_args(Style)))
    if language not in task.languages:
        raise WrongUse(f"{task.name} takes no candidates in {language}", allowed=" and ".join(task.languages))
    if assignment.task != task.name:
        raise ValueError(f"assignment is for task {assignment.task!r}, not {task.name!r}")
    permitted = in_order(assignment.permitted)
    user = (
        _templates()
        .get_template(f"{style}.j2")
        .render(
            task=task,
            arrays=[_argument_line(a) for a in task.arguments if a.kind != "size"],
            padded=any(a.extent and a.extent != a.shape for a in task.arrays),
            domain=_domain(task),
            bands=[", ".join(f"{k}={v}" for k, v in band.center.items()) for band in task.bands],
            reference=_without_marks(task.reference.text),
            permitted=[(t.value, DESCRIPTIONS[t]) for t in permitted],
            withheld=[(t.value, DESCRIPTIONS[t]) for t in in_order(WITHHOLDABLE - set(permitted))],
            exemplars=[(e.source.strip(), f"{e.speedup:.2f}", _FENCES[e.language]) for e in exemplars],
            language=language,
            fence=_FENCES[language],
            headers=", ".join(f"<{h.strip('<>')}>" for h in allowed_headers(task, language)) or "none",
        )
    )
    system = _templates().get_template("system.j2").render(language=language)
    return Prompt(
        system=system.strip(),
        user=user.strip() + "\n",
        opening=f"```{_FENCES[language]}\n",
        assignment=assignment,
    )
