"""Task folders: the built-in ones load, and whatever is wrong with one is said with file, key and remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hayate.errors import WrongUse
from hayate.records import Outcome, Task, Technique, decode, encode
from hayate.tasks import builtin, builtin_names, correct, evaluate_expression, find, folder, load, wrong

Edit = Callable[[str, str], None]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of jacobi2d's folder that a test may spoil."""
    return Path(shutil.copytree(folder("jacobi2d"), tmp_path / "mine"))


@pytest.fixture
def edit(copy: Path) -> Edit:
    def change(old: str, new: str) -> None:
        text = (copy / "task.toml").read_text()
        assert old in text
        (copy / "task.toml").write_text(text.replace(old, new, 1))

    return change


@pytest.mark.parametrize("name", builtin_names())
def test_a_builtin_task_is_whole(name: str) -> None:
    task = builtin(name)
    assert task.name == name
    assert decode(Task, encode(task)).hash == task.hash
    assert [y.name for y in task.yardsticks] == sorted(y.name for y in task.yardsticks)
    assert len(task.yardsticks) >= 3
    assert all(Technique.THREADS not in y.techniques for y in task.yardsticks)
    assert len(correct(folder(name))) >= 6
    bad = wrong(folder(name))
    assert len(bad) >= 10
    assert {b.expect for b in bad} >= {o.value for o in Outcome} - {"accepted", "cheated"}
    for band in task.bands:
        assert evaluate_expression(task.flops, band.center) > 0


def test_a_task_is_found_by_name_path_and_file(copy: Path) -> None:
    assert find("jacobi2d") == builtin("jacobi2d")
    assert find(str(copy)) == load(copy) == load(copy / "task.toml")
    assert load(copy).hash == builtin("jacobi2d").hash


def test_the_hash_changes_with_any_source(copy: Path) -> None:
    before = load(copy).hash
    path = copy / "oracle.c"
    path.write_text(path.read_text() + "\n")
    assert load(copy).hash != before


def test_unknown_names_are_met_with_a_guess(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="did you mean 'jacobi2d'"):
        find("jacobi")
    with pytest.raises(WrongUse, match="dgemm"):
        folder("nothing_like_it")
    with pytest.raises(WrongUse, match="no such task folder"):
        load(tmp_path / "gone")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bound_by =", "bound_bye =", r"unknown key 'bound_bye' \(did you mean 'bound_by'\?\)"),
        (
            "spread =",
            "spred =",
            r"unknown key 'band\[1\].spred' \(did you mean 'spread'\?\).*Allowed: .*center",
        ),
        ('bound_by = "memory"', 'bound_by = "disk"', "bound_by.*'compute' or 'memory'"),
        ("pairs = 5", 'pairs = "5"', r"band\[1\].pairs"),
        ("format = 1", "format = 3", "key 'format'"),
        ('title = "', '"title"', "not valid TOML"),
        ("factor = 2.0", "factor = 0", "bound.factor"),
        (
            "int sweeps, const",
            "long sweeps, const",
            r"declaration.*Allowed: 'void jacobi2d\(int H, int W, int sweeps",
        ),
        ('shape = ["H", "W"]', 'shape = ["H", "w"]', r"argument\[4\].shape \(u0\).*'w'.*did you mean 'W'"),
        ('bytes = "16 * H * W"', 'bytes = "16 * H * X"', "bytes.*'X', which is no size"),
        ('bytes = "16 * H * W"', "bytes = \"open('x')\"", "bytes.*not allowed"),
        ('bytes = "16 * H * W"', 'bytes = "H - 5"', "bytes.*is -4 at"),
        ("H = [1, 4096]", "H = [1, 1000]", r"band\[1\].center \(1024\).*leaves the domain.*\[1, 1000\]"),
        ("H = [1, 4096]", "H = [9, 1]", "domain.H.*is no range"),
        ("H = [1, 4096]", "", "domain.*'H' is missing"),
        ("H = [1, 4096]", "H = [1, 4096]\nJ = [1, 2]", "domain.J"),
        ("{ H = 1024, W", "{ W", r"band\[1\].center"),
        ("training = true", "training = false", "no band has training = true"),
        ('name = "2048"', 'name = "1024"', "two bands are named '1024'"),
        ("52 - 3 * sweeps", "60 - 3 * sweeps", "bound.integer_bits.*no exact doubles"),
        ('"simd", "threads"', '"simd", "thread"', "techniques"),
        ('"simd", "threads"', '"simd", "simd"', "techniques.*twice"),
        ('"stdlib.h"', '"<stdlib.h>"', "headers"),
        ('kind = "output"', 'kind = "input"', "no argument of kind 'output'"),
        ('name = "u"', 'name = "u0"', "two arguments are named 'u0'"),
        ('entry = "jacobi2d"', 'entry = "jacobi-2d"', "no C identifier"),
    ],
)
def test_a_wrong_task_file_is_explained(copy: Path, edit: Edit, old: str, new: str, said: str) -> None:
    edit(old, new)
    with pytest.raises(WrongUse, match=f"(?s){said}") as caught:
        load(copy)
    assert str(copy / "task.toml") in str(caught.value)


@pytest.mark.parametrize("bits", ["", "12 - 3 * sweeps"])
def test_the_exact_test_can_be_switched_off_or_bounded(copy: Path, edit: Edit, bits: str) -> None:
    edit("52 - 3 * sweeps", bits)
    assert load(copy).bound.integer_bits == bits


def test_missing_files_are_named(copy: Path) -> None:
    for name in ("reference.c", "oracle.c", "task.toml"):
        (copy / name).rename(copy / "aside")
        with pytest.raises(WrongUse, match=rf"{name}: the file is missing"):
            load(copy)
        (copy / "aside").rename(copy / name)
    for yardstick in (copy / "yardsticks").glob("*.c"):
        yardstick.unlink()
    with pytest.raises(WrongUse, match="no yardstick"):
        load(copy)


def test_sources_must_define_what_is_called(copy: Path) -> None:
    oracle = copy / "oracle.c"
    oracle.write_text(oracle.read_text().replace("jacobi2d_scale", "jacobi_scale"))
    with pytest.raises(WrongUse, match=r"oracle\.c.*'jacobi2d_scale'"):
        load(copy)


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("wrong", "// why: no reason\nvoid f(void) {}\n", "first line must be '// expect"),
        ("wrong", "// expect: wrongg\n// why: x\n", "did you mean 'wrong'"),
        ("wrong", "// expect: accepted\n// why: x\n", "'accepted'.*Allowed: violation"),
        ("wrong", "// expect: wrong\n", "why"),
        ("correct", "// permitted: simmd\nvoid jacobi2d(void) {}\n", "'simmd'.*did you mean 'simd'.*none"),
        ("correct", "// permited: simd\nvoid jacobi2d(void) {}\n", "did you mean 'permitted'"),
        ("correct", "// expect: wrong\nvoid jacobi2d(void) {}\n", "'// expect:' means nothing here"),
        ("correct", "void jacobi(void) {}\n", "does not define the function 'jacobi2d'"),
    ],
)
def test_a_wrong_head_is_explained(copy: Path, place: str, text: str, said: str) -> None:
    (copy / place / "0_mine.c").write_text(text)
    with pytest.raises(WrongUse, match=rf"(?s)0_mine\.c.*{said}"):
        (wrong if place == "wrong" else correct)(copy)


def test_heads_set_what_is_permitted(copy: Path) -> None:
    entry = "void jacobi2d(void) {}\n"
    (copy / "correct" / "0_none.c").write_text("// permitted: none\n" + entry)
    (copy / "correct" / "1_two.c").write_text("// a word first\n// permitted: simd, alloc\n" + entry)
    (copy / "correct" / "2_all.c").write_text(entry)
    none, two, every = correct(copy)[:3]
    assert none.techniques == ()
    assert two.techniques == (Technique.SIMD, Technique.ALLOC)
    assert every.techniques == builtin("jacobi2d").techniques


def test_single_precision_holds_fewer_integers(tmp_path: Path) -> None:
    """The exact test of floats: 2^24, not 2^53; and what has an order has no padding."""
    from make import make

    text = "void f(int n, const float *x, float *y) { for (int i = 0; i < n; i++) y[i] = x[i]; }\n"
    x: dict[str, Any] = {"name": "x", "kind": "input", "dtype": "float", "shape": ["n"]}
    task: dict[str, Any] = {
        "entry": "f",
        "declaration": "void f(int n, const float *x, float *y)",
        "argument": [
            {"name": "n", "kind": "size", "dtype": "int"},
            x,
            {"name": "y", "kind": "output", "dtype": "float", "shape": ["n"]},
        ],
        "domain": {"n": [1, 100]},
        "correct": "analytic",
        "bound": {"terms": "1", "integer_bits": "25"},
    }
    oracle = "void f_exact(void) {}\nvoid f_scale(void) {}\n"
    with pytest.raises(WrongUse, match="no exact floats"):
        load(make(tmp_path / "bits", task, {"reference.c": text, "oracle.c": oracle}))
    task["bound"] = {"terms": "1", "integer_bits": "24"}
    assert load(make(tmp_path / "fits", task, {"reference.c": text, "oracle.c": oracle})).bound is not None
    scaled = {"name": "z", "kind": "output", "dtype": "double", "shape": ["n"]}
    more = {
        **task,
        "argument": [*task["argument"], scaled],
        "declaration": task["declaration"][:-1] + ", double *z)",
    }
    with pytest.raises(WrongUse, match="of single and of double precision"):
        load(make(tmp_path / "mixed", more, {"reference.c": text, "oracle.c": oracle}))
    x.update(shape=["n + 1"], extent=["n"], values={"kind": "sorted"})
    with pytest.raises(WrongUse, match="has no padding"):
        load(make(tmp_path / "sorted", task, {"reference.c": text, "oracle.c": oracle}))


def test_a_bands_centre_keeps_what_is_asked_of_sizes(tmp_path: Path) -> None:
    from make import make

    text = "void f(int n, const int *x, int *y) { for (int i = 0; i < n; i++) y[i] = x[i]; }\n"
    task = {
        "entry": "f",
        "declaration": "void f(int n, const int *x, int *y)",
        "argument": [
            {"name": "n", "kind": "size", "dtype": "int"},
            {"name": "x", "kind": "input", "dtype": "int", "shape": ["n"]},
            {"name": "y", "kind": "output", "dtype": "int", "shape": ["n"]},
        ],
        "domain": {"n": {"low": 2, "high": 64, "power_of": 2}},
        "band": [{"name": "a", "center": {"n": 24}, "spread": 0.0, "training": True}],
    }
    with pytest.raises(WrongUse, match="no power of 2"):
        load(make(tmp_path / "power", task, {"reference.c": text}))
    task["domain"] = {"n": [2, 64]}
    task["requires"] = ["n > 30"]
    with pytest.raises(WrongUse, match="does not keep"):
        load(make(tmp_path / "requires", task, {"reference.c": text}))
