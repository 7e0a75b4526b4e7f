"""Whatever a person writes into task.toml, `load` gives a task or says what is wrong: it never raises anything else,
and never hangs."""

from __future__ import annotations

import contextlib
import json
import math
import random
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayate.errors import WrongUse
from hayate.judge import arguments
from hayate.judge.arguments import gamma
from hayate.judge.glue import examiner_glue, runner_glue
from hayate.judge.shapes import elements, largest, near, sample, usable
from hayate.records import Task
from hayate.tasks import builtin_names, folder, load

CPU_S = 2.0  # a file is read in milliseconds
TEXTS = {name: (folder(name) / "task.toml").read_text() for name in builtin_names()}
# What protocol.h has room for.
MAX_VALUES, MAX_ARRAYS = 64, 24


class Hangs(Exception):
    pass


@contextlib.contextmanager
def limited(cpu_s: float) -> Iterator[None]:
    """Raises Hangs inside after so much CPU time; of the process, so that a busy machine changes nothing."""

    def stop(*_: object) -> None:
        raise Hangs(f"more than {cpu_s} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A copy of each built-in task's folder, without templates and solutions that `load` does not read."""
    root = tmp_path_factory.mktemp("tasks")
    left_out = shutil.ignore_patterns("correct", "wrong", "variants")
    return {name: Path(shutil.copytree(folder(name), root / name, ignore=left_out)) for name in TEXTS}


def read(root: Path, data: bytes) -> Task | None:
    """The task, or None where the folder is refused as it should be."""
    (root / "task.toml").write_bytes(data)
    refused: WrongUse | None = None
    with limited(CPU_S):
        try:
            return load(root)
        except WrongUse as wrong:
            refused = wrong
    assert refused.where.startswith(str(root)), str(refused)[:300]
    assert refused.message.strip()
    return None


def edited(old: str, new: str, name: str = "dgemm") -> bytes:
    assert old in TEXTS[name]
    return TEXTS[name].replace(old, new, 1).encode(errors="surrogatepass")


def test_the_copies_load(copies: dict[str, Path]) -> None:
    for name, text in TEXTS.items():
        assert read(copies[name], text.encode()) is not None


# -- what is known to be hard

FILES = {
    "an integer of 5000 digits": edited("pairs = 5", "pairs = " + "9" * 5000),
    "an integer of 5000 hexadecimal digits": edited("pairs = 5", "pairs = 0x" + "f" * 5000),
    "a size beyond doubles": edited("M = 480", "M = 1" + "0" * 400),
    "a domain beyond doubles": edited("M = [1, 2048]", f"M = [1, 1{'0' * 400}]"),
    "arrays 3000 deep": edited("format = 1", "format = " + "[" * 3000 + "]" * 3000),
    "arrays 300 deep": edited("format = 1", "format = " + "[" * 300 + "]" * 300),
    "tables 3000 deep": edited("format = 1", "format = " + "{a=" * 3000 + "1" + "}" * 3000),
    "a key of 3000 parts": edited("format = 1", "format." + ".".join("a" * 3000) + " = 1"),
    "a key of 200,000 letters": edited("format = 1", "x" * 200_000 + " = 1"),
    "no key": edited("format = 1", '"" = 1'),
    "2000 sizes too many": edited(
        "[domain]", "[domain]\n" + "".join(f"x{i} = [1, 2]\n" for i in range(2000))
    ),
    "UTF-16": TEXTS["dgemm"].encode("utf-16"),
    "a lone surrogate": edited("matrix", "\ud800"),
    "zero bytes": edited("matrix", "\0" * 99),
    "carriage returns alone": TEXTS["dgemm"].replace("\n", "\r").encode(),
    "nothing": b"",
    "a dump of garbage": random.Random(1).randbytes(50_000),
}

EXPRESSIONS = {
    "a tower of powers": "9**9**9",
    "a power beyond doubles": "2**2000",
    "a product beyond what may be printed": "*".join(["-2**2000"] + ["2**2000"] * 9),
    "a power of nan": "(1e400 - 1e400) ** 2",
    "a power of infinity": "1e400 ** 2",
    "to the power of nan": "2 ** (1e400 - 1e400)",
    "nan": "1e400 - 1e400",
    "infinity": "1e400",
    "a sum of 5000": "1" + "+1" * 4999,
    "a tower of 5000 signs": "-" * 5000 + "1",
    "5000 parentheses": "(" * 5000 + "1" + ")" * 5000,
    "100 parentheses": "(" * 100 + "1" + ")" * 100,
    "90 calls": "min(" * 90 + "1" + ")" * 90,
    "3000 attributes": "M" + ".a" * 3000,
    "a power of powers, each within the limit": "*".join(["9**1000"] * 900),
    "10,000 characters of a name": "M" * 10_000,
    "10,000 characters of a number": "9" * 10_000,
    "other digits": "\N{ARABIC-INDIC DIGIT THREE} * \N{FULLWIDTH DIGIT THREE}",
    "a name in full width": "\N{FULLWIDTH LATIN CAPITAL LETTER M}",
    "a zero byte": "M\0",
    "a line break": "M\n*N",
    "no number": "M / (N - N)",
    "a complex number": "(0 - M) ** 0.5",
    "a comprehension": "[M for M in M]",
    "a walrus": "(M := 5)",
    "a formatted string": "f'{M}'",
}


@pytest.mark.parametrize("name", FILES)
def test_hard_files(copies: dict[str, Path], name: str) -> None:
    read(copies["dgemm"], FILES[name])


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("key", ["flops", "bound.terms", "argument.shape"])
def test_hard_expressions(copies: dict[str, Path], name: str, key: str) -> None:
    text = json.dumps(EXPRESSIONS[name])
    change = {
        "flops": ('flops = "2 * M * N * K"', f"flops = {text}"),
        "bound.terms": ('terms = "K"', f"terms = {text}"),
        "argument.shape": ('shape = ["M", "K"]', f'shape = [{text}, "K"]'),
    }[key]
    read(copies["dgemm"], edited(*change))


# -- mutations of the built-in files

VALUES = (
    *("0", "-1", "1", "2", "8", "2147483647", "2147483648", "9223372036854775808", "-9223372036854775809"),
    *("1" + "0" * 400, "0x" + "f" * 200, "0.0", "-0.0", "1e308", "1e-320", "nan", "inf", "-inf", "1e9999"),
    *("true", "false", "1979-05-27T07:32:00Z", "07:32:00", "1979-05-27"),
    *("[]", "[[]]", "{}", "{ a = 1 }", "[1]", "[1, 2]", "[2, 1]", "[0, 0]", "[-5, 5]", "[1, 2, 3]", '[1, "2"]'),
    *('["M"]', '["M", "M"]', '["M", "N", "K", "M", "N"]', '["simd", "simd"]', '[["M"]]', "[" * 40 + "]" * 40),
    *('""', '" "', '"M"', '"x y"', '"int"', '"double"', '"float"', '"size"', '"output"', '"../../etc/passwd"'),
    *('"\N{ARABIC-INDIC DIGIT THREE}"', '"\\u0000"', '"\\u202e"', '"\N{SNOWMAN}"', "'''a\nb'''"),
    '"' + "a" * 9999 + '"',
    *("\N{ARABIC-INDIC DIGIT THREE}", "0o777", "1_000", "+7", "5e", "0x", "--1", '"', "'''", "{", "[", "", "#"),
)  # fmt: skip
NAMES = ["M", "N", "K", "H", "W", "sweeps", "x", "True", "\N{FULLWIDTH LATIN CAPITAL LETTER M}"]
NUMBERS = ["0", "1", "7", "2.5", "1e300", "1e400", "9**9", "2**1000", "9" * 300, "\N{FULLWIDTH DIGIT THREE}"]
TERMS = st.sampled_from(NAMES) | st.sampled_from(NUMBERS)
FORMULAS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "", ","]), inner).map(
            " ".join
        ),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"-{x}"),
        st.lists(inner, max_size=3).map(lambda xs: f"max({', '.join(xs)})"),
        st.tuples(inner, st.integers(2, 40)).map(lambda x: " * ".join([f"({x[0]})"] * x[1])[:10_000]),
    ),
    max_leaves=12,
)
LINE = re.compile(r"^(\w+) = (.*)$")
EXPRESSION_KEYS = ("flops", "bytes", "oracle_work", "terms", "integer_bits", "integer_scale", "shape")


def _lines_with(lines: list[str], keys: tuple[str, ...] = ()) -> list[int]:
    found = [(i, LINE.match(line)) for i, line in enumerate(lines)]
    return [i for i, m in found if m and (not keys or m.group(1) in keys)]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A built-in task.toml with one to four things changed."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    lines = TEXTS[name].split("\n")
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(
            st.sampled_from(["value", "value", "formula", "formula", "rename", "delete", "double", "swap"])
        )
        expressions = _lines_with(lines, EXPRESSION_KEYS) if kind == "formula" else []
        at = draw(st.sampled_from(expressions or _lines_with(lines) or [0]))
        key, _, value = lines[at].partition(" = ")
        if kind == "value":
            lines[at] = f"{key} = {draw(st.sampled_from(VALUES))}"
        elif kind == "formula":
            texts = [draw(FORMULAS) for _ in range(2 if key == "shape" else 1)]
            quoted = ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)
            lines[at] = f"{key} = [{quoted}]" if key == "shape" else f"{key} = {quoted}"
        elif kind == "rename":
            lines[at] = (
                f"{draw(st.sampled_from([key + 'e', key[:-1], key.upper(), '', 'a.b', '日本', key + '.x']))} = {value}"
            )
        elif kind == "delete":
            del lines[at]
        elif kind == "double":
            lines[at:at] = [lines[at]] * draw(st.sampled_from([1, 2, 500]))
        else:
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    data = bytearray("\n".join(lines).encode())
    how = draw(st.sampled_from(["", "", "", "cut", "flip", "insert"]))
    if how == "cut":
        del data[draw(st.integers(0, len(data))) :]
    elif how and data:
        for at, byte in draw(
            st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6)
        ):
            if how == "flip":
                data[at] = byte
            else:
                data.insert(at, byte)
    return name, bytes(data)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(files())
def test_mutated_files(copies: dict[str, Path], changed: tuple[str, bytes]) -> None:
    name, data = changed
    task = read(copies[name], data)
    if task is not None:
        _usable(task)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes(copies: dict[str, Path], data: bytes) -> None:
    read(copies["dgemm"], data)


def _usable(task: Task) -> None:
    """What `load` lets through, the judge can do its sums with."""
    rng = random.Random(0)
    with limited(CPU_S):
        assert len(task.arrays) <= MAX_ARRAYS
        assert runner_glue(task)
        assert examiner_glue(task)
        shapes = sample(task, 12, rng)
        for band in task.bands:
            shapes += [near(task, band, rng), largest(task, band)]
        for shape in shapes:
            assert all(isinstance(n, int) for n in elements(task, shape))
            assert len(arguments.values(task, shape, rng)) <= MAX_VALUES
            for distribution in usable(task, shape):
                assert all(arguments.arrays(task, shape, distribution, {}, rng))
            assert 0 <= gamma(task, shape) < math.inf


LET_THROUGH = {
    "no bound at all": ("factor = 2.0", "factor = inf"),
    "a bound that divides by zero": ('terms = "K"', 'terms = "2**53"'),
    "a negative bound": ('terms = "K"', 'terms = "2**60"'),
    "more arrays than there is room for": (
        '[[argument]]\nname = "C"',
        "".join(
            f'[[argument]]\nname = "X{i}"\nkind = "input"\ndtype = "double"\nshape = ["M"]\n\n' for i in range(22)
        )
        + '[[argument]]\nname = "C"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LET_THROUGH)
def test_what_the_judge_can_not_use_is_refused(copies: dict[str, Path], name: str) -> None:
    data = edited(*LET_THROUGH[name]).replace(
        b"const double *restrict B, double", b"const double *restrict B, %sdouble" % _MORE[name]
    )
    task = read(copies["dgemm"], data)
    if task is not None:
        _usable(task)


_MORE = dict.fromkeys(LET_THROUGH, b"")
_MORE["more arrays than there is room for"] = b"".join(b"const double *restrict X%d, " % i for i in range(22))
