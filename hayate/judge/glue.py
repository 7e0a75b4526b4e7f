"""C text between a task's function and the judge's own programs: numbers and pointers by index, a call by name.

The glue calls through the task's declaration, so that how C spells a type is parsed by the compiler alone.
"""

from __future__ import annotations

import re

from hayate.records import Argument, DType, Task
from hayate.running import drawn_beyond

_COMPLEX = ("complex64", "complex128")
_C_NAMES: dict[str, str] = {
    "float32": "float",
    "float64": "double",
    "complex64": "float _Complex",
    "complex128": "double _Complex",
}
ROLES = ("input", "inout", "output")


def c_type(dtype: DType) -> str:
    """As C names it."""
    return _C_NAMES.get(dtype, f"{dtype}_t")


def parts(dtype: DType) -> int:
    """Numbers in an element."""
    return 2 if dtype in _COMPLEX else 1


def samples(task: Task) -> bool:
    """Whether the task's oracle can give single elements of an output, which it can afford at any size."""
    if task.correct != "analytic" or task.oracle is None:
        return False
    return re.search(rf"\b{re.escape(task.entry)}_sample\s*\(", task.oracle.text) is not None


def unsaid(task: Task) -> tuple[str, ...]:
    """Drawn names that are no arguments and that the task's oracle is told all the same: after all other numbers."""
    return drawn_beyond(task) if task.correct == "automatic" else ()


class _Words:
    """How each argument is said in a call, and what has to be declared before."""

    def __init__(self, task: Task) -> None:
        self.structs: list[str] = []
        self.words: list[tuple[Argument, str]] = []
        values = arrays = 0
        for argument in task.arguments:
            if argument.is_array:
                self.words.append((argument, f"hy_a[{arrays}]"))
                arrays += 1
            elif argument.fields:
                name = f"hy_s{len(self.structs)}"
                members = []
                for field in argument.fields:
                    members.append(f".{field.name} = {_number(field.dtype, values)}")
                    values += parts(field.dtype)
                self.structs.append(f"{argument.type} {name} = {{{', '.join(members)}}};")
                self.words.append((argument, f"&{name}" if argument.by_pointer else name))
            else:
                self.words.append((argument, _number(argument.dtype, values)))
                values += parts(argument.dtype)
        self.values = values  # numbers that are arguments

    def call(self, *, outputs: bool = True) -> list[str]:
        return [word for argument, word in self.words if outputs or argument.kind != "output"]


def _number(dtype: DType, index: int) -> str:
    if dtype in _COMPLEX:
        return f"({c_type(dtype)})(hy_v[{index}].d + hy_v[{index + 1}].d * 1.0i)"
    return f"({c_type(dtype)})hy_v[{index}].{'d' if dtype.startswith('float') else 'i'}"


def runner_glue(task: Task) -> str:
    """glue.c: the declaration, and a call of the entry."""
    words = _Words(task)
    arrays = task.arrays
    written = ", ".join({"input": "0", "output": "1", "inout": "2"}[a.kind] for a in arrays) or "0"
    call = f"((__typeof__(&{task.entry}))hy_f)({', '.join(words.call())})"
    if task.returns is not None:
        call = f"*({c_type(task.returns)} *)hy_a[{len(arrays) - 1}] = {call}"
    structs = "".join(f"    {line}\n" for line in words.structs)
    return f"""{_declared(task)}const char hy_entry[] = "{task.entry}";
const int hy_arrays = {len(arrays)};
const unsigned char hy_written[] = {{{written}}};
void hy_call(void *hy_f, const union hy_value *hy_v, void *const *hy_a)
{{
    (void)hy_v, (void)hy_a;
{structs}    {call};
}}
"""


def examiner_glue(task: Task) -> str:
    """examine.c: what the examiner is asked, by the calls of the task's own functions that answer it."""
    words = _Words(task)
    written = [i for i, a in enumerate(task.arrays) if a.kind != "input"]
    cases = {
        "exact": _exact,
        "analytic": _analytic,
        "automatic": _automatic,
    }[task.correct](task, words, written)
    if task.generator is not None:
        given = ", ".join([*words.call(outputs=False), "hy_c->seed"])
        cases += f"    case HY_GENERATE: {task.entry}_inputs({given}); return 0;\n"
    structs = "".join(f"    {line}\n" for line in words.structs)
    included = '#include "oracle.c"\n' if task.correct == "analytic" else ""
    if task.correct == "automatic":
        included = f"int {task.entry}_automatic(void *const *, double *const *, double *const *);\n"
    if task.generator is not None:
        included += '#include "inputs.c"\n'
    return f"""{_declared(task)}{included}
int64_t hy_examine(struct hy_control *hy_c, void *const *hy_a, double *const *hy_want, double *const *hy_bound)
{{
    const union hy_value *hy_v = hy_c->values;
    (void)hy_v, (void)hy_a, (void)hy_want, (void)hy_bound;
{structs}    switch (hy_c->command) {{
{cases}    }}
    return -1;
}}
"""


def _declared(task: Task) -> str:
    """The judge's headers come first, for what a task defines may be a macro of any name; those that begin with hy_ are
    the judge's own."""
    return f"""#include "glue.h"
#include <stddef.h>
#include <string.h>
{task.preamble}
{task.declaration.strip().rstrip(";")};
"""


def _analytic(task: Task, words: _Words, written: list[int]) -> str:
    given = words.call(outputs=False)
    wants, bounds = [f"hy_want[{i}]" for i in written], [f"hy_bound[{i}]" for i in written]
    text = f"    case HY_EXACT: {task.entry}_exact({', '.join([*given, *wants, *bounds])}); return 0;\n"
    text += f"    case HY_SCALE: {task.entry}_scale({', '.join([*given, *bounds])}); return 0;\n"
    if samples(task):
        numbers = ", ".join(str(written.index(i)) if i in written else "-1" for i in range(len(task.arrays)))
        sample = [*given, "hy_outputs[hy_c->array]", "(int)hy_c->count", "hy_c->at"]
        sample += ["hy_want[hy_c->array]", "hy_bound[hy_c->array]"]
        text += f"""    case HY_SAMPLE: {{
        static const int hy_outputs[] = {{{numbers}}};
        {task.entry}_sample({", ".join(sample)});
        return 0;
    }}
"""
    return text


def _exact(task: Task, words: _Words, written: list[int]) -> str:
    """The reference itself, on arrays of its own types."""
    arrays = iter(range(len(task.arrays)))
    places = []
    for argument, word in words.words:
        if not argument.is_array:
            places.append(word)
            continue
        i = next(arrays)
        places.append(f"(void *)hy_want[{i}]" if i in written else word)
    call = f"{task.entry}({', '.join(places)})"
    if task.returns is not None:
        call = f"*({c_type(task.returns)} *)hy_want[{len(task.arrays) - 1}] = {call}"
    copies = "".join(
        f"        memcpy(hy_want[{i}], hy_a[{i}], hy_c->bytes[{i}]);\n"
        for i, argument in enumerate(task.arrays)
        if argument.kind == "inout"
    )
    return f"    case HY_EXACT:\n{copies}        {call};\n        return 0;\n"


def _automatic(task: Task, words: _Words, written: list[int]) -> str:
    lines, places = [], []
    for n, (argument, word) in enumerate(words.words):
        if argument.is_array:
            places.append(word)
        elif argument.fields:
            places.append(f"(void *)&{word.lstrip('&')}")
        else:
            lines.append(f"        {c_type(argument.dtype)} hy_x{n} = {word};\n")
            places.append(f"&hy_x{n}")
    for i, _ in enumerate(unsaid(task)):
        lines.append(f"        int64_t hy_y{i} = hy_v[{words.values + i}].i;\n")
        places.append(f"&hy_y{i}")
    wants, bounds = (", ".join(f"hy_{name}[{i}]" for i in written) for name in ("want", "bound"))
    return f"""    case HY_EXACT: {{
{"".join(lines)}        void *hy_all[] = {{{", ".join(places)}}};
        double *hy_wants[] = {{{wants}}}, *hy_bounds[] = {{{bounds}}};
        return {task.entry}_automatic(hy_all, hy_wants, hy_bounds);
    }}
"""
