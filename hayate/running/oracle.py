"""The text of a task's automatic oracle: running numbers, the reference in them, and the way in and out."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from hayate.errors import WrongUse
from hayate.records import Argument, Task
from hayate.running.refuse import Unsuitable
from hayate.running.rewrite import rewritten
from hayate.toolchains.source.tree import Tangled

# How it is compiled: no flag may change arithmetic.
COMPILER = "g++"
FLAGS = ("-std=gnu++20", "-O2", "-ffp-contract=off", "-fpermissive", "-w")
_PARTS = tuple(
    f"{name}.hpp" for name in ("running", "operators", "choices", "functions", "complex", "rows", "arguments")
)
_NUMBER = {"float32": "hy_float", "float64": "hy_double", "complex64": "hy_float", "complex128": "hy_double"}
_IN_C = {"float32": "float", "float64": "double", "complex64": "float", "complex128": "double"}
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "({0} + {1})",
    ast.Sub: "({0} - {1})",
    ast.Mult: "({0} * {1})",
    ast.FloorDiv: "hy::floor_divide({0}, {1})",
    ast.Mod: "hy::floor_modulo({0}, {1})",
    ast.Pow: "hy::power({0}, {1})",
}


def drawn_beyond(task: Task) -> tuple[str, ...]:
    """Drawn names that are no arguments, in the order of the domain: each comes after the arguments, as an int64_t."""
    arguments = {argument.name for argument in task.arguments}
    return tuple(name for name in task.domain if name not in arguments)


def oracle_text(task: Task) -> str:
    """C++ that defines ENTRY_automatic; docs/any-kernel.md has its contract. Raises Unsuitable."""
    before = task.preamble.rstrip()
    if before and before in task.reference.text:
        before = ""
    text = f'{before}\n#line 1 "{task.reference.name}"\n{task.reference.text}'
    try:
        found = rewritten(text, task.reference.language, before.count("\n") + 2)
    except (Tangled, RecursionError) as error:
        raise Unsuitable(f"it is too tangled to be rewritten ({error})") from error
    headers = "\n".join(f"#include <{name}>" for name in found.headers)
    return f"""{_library()}
{headers}
{_structs(task)}namespace hy_user {{
#line 1 "preamble"
{found.text}
}}
#line 1 "automatic"
{_glue(task)}"""


@cache
def _library() -> str:
    folder = Path(__file__).parent
    return "\n".join((folder / name).read_text() for name in _PARTS)


def _structs(task: Task) -> str:
    """Structs of scalars as they lie in memory, and what becomes the reference's own struct where that is wanted."""
    texts = []
    for i, argument in enumerate(task.arguments):
        if not argument.fields:
            continue
        raw, filled = [], []
        for f in argument.fields:
            pair = f.dtype.startswith("complex")
            raw.append(f"{_in_memory(f.dtype)} {f.name}{'[2]' if pair else ''};")
            filled.append(
                f"p.{f.name} = {_number(f.dtype, f'r.{f.name}[0]', f'r.{f.name}[1]', f'r.{f.name}')};"
            )
        become = (
            "template <class P> operator const P *() const { static P p; fill(p); return &p; }"
            if argument.by_pointer
            else "template <class P> operator P() const { P p{}; fill(p); return p; }"
        )
        texts.append(f"""struct hy_raw_{i} {{ {" ".join(raw)} }};
struct hy_struct_{i} {{
    const hy_raw_{i} &r;
    template <class P> void fill(P &p) const {{ {" ".join(filled)} }}
    {become}
}};
""")
    return "".join(texts)


def _in_memory(dtype: str) -> str:
    return _IN_C.get(dtype, f"{dtype}_t")


def _number(dtype: str, real: str, imaginary: str, whole: str) -> str:
    """A scalar of a call as the reference takes it."""
    if dtype.startswith("complex"):
        return f"hy_complex<{_NUMBER[dtype]}>({_NUMBER[dtype]}({real}), {_NUMBER[dtype]}({imaginary}))"
    return f"{_NUMBER.get(dtype, _in_memory(dtype))}({whole})"


def _glue(task: Task) -> str:
    lines: list[str] = []
    call: list[str] = []
    give: list[str] = []
    for i, name in enumerate((*(a.name for a in task.arguments), *drawn_beyond(task))):
        argument = task.arguments[i] if i < len(task.arguments) else None
        if argument is None or not (argument.is_array or argument.fields or argument.dtype in _NUMBER):
            kind = "int64_t" if argument is None else _in_memory(argument.dtype)
            lines.append(
                f"[[maybe_unused]] const int64_t hy_n_{name} = (int64_t)*(const {kind} *)hy_given[{i}];"
            )
    for i, argument in enumerate(task.arguments):
        at = f"hy_given[{i}]"
        if argument.is_array:
            lines.append(_array(argument, i))
            call.append(f"hy_a{i}.pointer()")
        elif argument.fields:
            call.append(f"hy_struct_{i}{{*(const hy_raw_{i} *){at}}}")
        else:
            one = f"((const {_in_memory(argument.dtype)} *){at})"
            call.append(_number(argument.dtype, f"{one}[0]", f"{one}[1]", f"{one}[0]"))
        if argument.kind in ("inout", "output"):
            shape, extent = (
                ", ".join(_sizes(e)) for e in (argument.shape, argument.extent or argument.shape)
            )
            come, k = "true" if argument.kind == "inout" else "false", len(give)
            give.append(f"hy_a{i}.give(hy_want[{k}], hy_bound[{k}], {{{shape}}}, {{{extent}}}, {come});")
    result = ""
    if task.returns is not None:
        result, k = "const auto hy_result = ", len(give)
        give.append(f"hy::give_one({_returned(task)}, hy_want[{k}], hy_bound[{k}]);")
    body = "\n        ".join([*lines, f"{result}hy_user::{task.entry}({', '.join(call)});", *give])
    return f"""extern "C" int {task.entry}_automatic(
    void *const *hy_given, double *const *hy_want, double *const *hy_bound)
{{
    (void)hy_want, (void)hy_bound;
    hy::near = 0, hy::additions = 0;
    try {{
        {body}
    }} catch (...) {{
        return -1;
    }}
    return hy::near > 1000000000 ? 1000000000 : (int)hy::near;
}}
"""


def _returned(task: Task) -> str:
    if task.returns in ("complex64", "complex128"):
        return f"hy_complex<{_NUMBER[task.returns]}>(hy_result)"
    assert task.returns is not None
    return f"{_NUMBER.get(task.returns, _in_memory(task.returns))}(hy_result)"


def _array(argument: Argument, i: int) -> str:
    raw = _in_memory(argument.dtype)
    parts = 2 if argument.dtype.startswith("complex") else 1
    come = "false" if argument.kind == "output" else "true"
    count = " * ".join(_sizes(argument.shape)) or "1"
    return f"hy::array<{_NUMBER.get(argument.dtype, raw)}, {raw}> hy_a{i}(hy_given[{i}], {count}, {parts}, {come});"


def _sizes(expressions: tuple[str, ...]) -> list[str]:
    return [_in_c(ast.parse(text.strip(), mode="eval").body, text) for text in expressions]


def _in_c(node: ast.expr, text: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return f"int64_t({node.value})"
    if isinstance(node, ast.Name):
        return f"hy_n_{node.id}"
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)].format(_in_c(node.left, text), _in_c(node.right, text))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"(-{_in_c(node.operand, text)})"
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("min", "max")
        and node.args
    ):
        name, words = {"min": "smaller", "max": "larger"}[node.func.id], [_in_c(a, text) for a in node.args]
        result = words[0]
        for word in words[1:]:
            result = f"hy::{name}({result}, {word})"
        return result
    raise WrongUse(f"the size {text!r} can't be computed from whole numbers", allowed="+ - * // % ** min max")
