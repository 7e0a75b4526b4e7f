"""A small folder, whole and with one part broken at a time, proved by the real compiler, sandbox and judge."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from hayate import hosts, sandbox
from hayate.errors import Fault, FaultKind
from hayate.judge import Proof, prove
from hayate.judge.proving import harness
from hayate.judge.proving.variants import covering, variants
from hayate.tasks import Template, load
from hayate.toolchains import compilers

ROOM = importlib.import_module("hayate.judge.prove")  # the package has a function of the module's name
TASK = """
format = 1
name = "sums"
title = "sums of neighbours"
bound_by = "memory"
entry = "sums"
declaration = "void sums(int n, const double *restrict x, double *restrict y)"
description = "y[i] = x[i] + x[i + 1]; the last is x[n - 1]"
techniques = ["simd", "unrolling"]
headers = []
flops = "n"
bytes = "16 * n"
oracle_work = "n"
[[argument]]
name = "n"
kind = "size"
dtype = "int"
[[argument]]
name = "x"
kind = "input"
dtype = "double"
shape = ["n"]
[[argument]]
name = "y"
kind = "output"
dtype = "double"
shape = ["n"]
[domain]
n = [1, 100000]
[[band]]
name = "50000"
center = { n = 50000 }
training = true
[bound]
terms = "2"
integer_bits = "40"
"""
KERNEL = """void sums(int n, const double *restrict x, double *restrict y)
{
    for (int i = 0; i < n - 1; i++)
        y[i] = x[i] + x[i + 1];
    y[n - 1] = x[n - 1];
}
"""
ORACLE = """#include <math.h>
void sums_exact(int n, const double *x, double *exact, double *scale)
{
    for (int i = 0; i < n; i++) {
        exact[i] = x[i] + (i + 1 < n ? x[i + 1] : 0);
        scale[i] = fabs(x[i]) + (i + 1 < n ? fabs(x[i + 1]) : 0);
    }
}
void sums_scale(int n, const double *x, double *scale)
{
    for (int i = 0; i < n; i++)
        scale[i] = fabs(x[i]) + (i + 1 < n ? fabs(x[i + 1]) : 0);
}
"""
TEMPLATE = """void sums(int n, const double *restrict x, double *restrict y)
{
    int i = 0;
    for (; i + {{ U }} < n; i += {{ U }})
        for (int j = i; j < i + {{ U }}; j++)
            y[j] = x[j] + x[j + 1];
    for (; i < n; i++)
        y[i] = x[i] + (i + 1 < n ? x[i + 1] : 0);
}
"""
VARIANTS = """
[[template]]
name = "unrolled"
file = "unrolled.c.j2"
techniques = ["unrolling"]
[template.parameters]
U = [2, 4]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is timed is proved by figures in test_speeds."""
    monkeypatch.setattr(ROOM._Prover, "_speeds", lambda self: None)
    made = tmp_path / "my sums"
    files = {
        "task.toml": TASK,
        "reference.c": KERNEL,
        "oracle.c": ORACLE,
        "yardsticks/10_plain.c": KERNEL,
        "yardsticks/20_pairs.c": TEMPLATE.replace("{{ U }}", "2"),
        "correct/eights.c": TEMPLATE.replace("{{ U }}", "8"),
        "wrong/last.c": "// expect: wrong\n// why: the last one is doubled\n"
        + KERNEL.replace("y[n - 1] = x[n - 1]", "y[n - 1] = 2 * x[n - 1]"),
        "variants/variants.toml": VARIANTS,
        "variants/unrolled.c.j2": TEMPLATE,
    }
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


def proofs(folder: Path) -> dict[str, Proof]:
    try:
        host, slot, box = hosts.profile(), hosts.slots()[0], sandbox.best()
    except Fault as fault:
        pytest.skip(str(fault))
    return {proof.source: proof for proof in prove(folder, host=host, slot=slot, sandbox=box)}


def failed(found: dict[str, Proof]) -> dict[str, Proof]:
    return {name: proof for name, proof in found.items() if not proof.holds and proof.outcome != "fault"}


def sanitized() -> None:
    if missing := harness.sanitizers_missing(compilers()[0], sandbox.best()):
        pytest.skip(missing)


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge's verdicts on each source take most of the time, and have tests of their own."""
    monkeypatch.setattr(ROOM._Prover, "_judge", lambda *_: None)


@pytest.fixture
def unsanitized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ROOM._Prover, "_sanitized", lambda *_: None)


@pytest.mark.slow
def test_a_folder_that_fits_together_holds(folder: Path) -> None:
    found = proofs(folder)
    assert failed(found) == {}
    assert {"oracle.c", "inputs", "bound", "reference.c", "wrong/last.c"} <= set(found)
    assert {"variants/unrolled.c.j2 (U = 2)", "variants/unrolled.c.j2 (U = 4)"} <= set(found)
    if not harness.sanitizers_missing(compilers()[0], sandbox.best()):
        checked = {name.removesuffix(", sanitized") for name in found if name.endswith(", sanitized")}
        assert checked == {n for n in found if n.endswith((".c", ")"))} - {"wrong/last.c"}


@pytest.mark.parametrize(
    ("file", "old", "new", "part", "says"),
    [
        ("oracle.c", "scale[i] = fabs(x[i]) + (i", "scale[i] = 0 * (i", "oracle.c", "the scale is 0"),
        ("oracle.c", "exact[i] = x[i] +", "exact[i] = 2 * x[i] +", "oracle.c", "all 3 solutions agree"),
        ("oracle.c", "#include", "#inklude", "oracle.c", "does not compile"),
        (
            "oracle.c",
            "for (int i",
            "for (volatile int *i = 0; *i < n;);\n    for (int i",
            "oracle.c",
            "signal 11",
        ),
        ("reference.c", "x[i] + x[i + 1]", "x[i] - x[i + 1]", "reference.c", "times the bound"),
        ("yardsticks/20_pairs.c", "x[j] + x[j + 1]", "x[j]", "yardsticks/20_pairs.c", "times the bound"),
        ("task.toml", 'terms = "2"', 'terms = "10000000000"', "bound", "single precision would pass"),
    ],
)
@pytest.mark.usefixtures("unjudged", "unsanitized")
def test_the_part_that_is_broken_is_blamed(
    file: str, old: str, new: str, part: str, says: str, folder: Path
) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    found = failed(proofs(folder))
    blamed = [proof for proof in found.values() if proof.outcome == "blamed"]
    assert blamed[0].source == part
    assert says in blamed[0].reason
    assert str(folder) in blamed[0].remedy


@pytest.mark.usefixtures("unjudged")
def test_what_reads_past_the_end_is_seen_by_the_sanitizer(folder: Path) -> None:
    sanitized()
    text = TEMPLATE.replace(
        "{\n    int i = 0;", "{\n    volatile double next = x[n];\n    (void)next;\n    int i = 0;", 1
    )
    (folder / "variants" / "unrolled.c.j2").write_text(text)
    found = failed(proofs(folder))
    assert set(found) == {f"variants/unrolled.c.j2 (U = {u}), sanitized" for u in (2, 4)}
    one = found["variants/unrolled.c.j2 (U = 2), sanitized"]
    assert "heap-buffer-overflow" in one.reason
    assert str(folder) in one.remedy


@pytest.mark.usefixtures("unjudged")
def test_without_sanitizers_it_is_skipped_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ROOM, "sanitizers_missing", lambda *_: "gcc 12 has no sanitizer here")
    found = proofs(folder)
    assert found["sanitizers"].outcome == "skipped"
    assert found["sanitizers"].holds
    assert found["sanitizers"].reason == "gcc 12 has no sanitizer here"
    assert not [name for name in found if name.endswith(", sanitized")]


def test_a_compiler_without_sanitizers_is_known(tmp_path: Path) -> None:
    from dataclasses import replace

    poor = tmp_path / "gcc"
    poor.write_text('#!/bin/sh\ncase "$*" in *-fsanitize*) exit 1;; esac\nexec gcc "$@"\n')
    poor.chmod(0o755)
    assert "no address" in harness.sanitizers_missing(replace(compilers()[0], path=str(poor)), sandbox.best())


def test_every_value_of_every_parameter_is_covered(folder: Path) -> None:
    template = Template(
        name="t",
        file="t.c.j2",
        parameters={"A": (1, 2, 3), "B": (1, 2), "C": ("x", "y", "z", "w")},
        constraints=("A + B < 5",),
    )
    chosen = covering(template)
    assert {item for one in chosen for item in one.items()} == {
        *(("A", a) for a in (1, 2, 3)),
        *(("B", b) for b in (1, 2)),
        *(("C", c) for c in "xyzw"),
    }
    assert len(chosen) <= 6
    assert all(template.allows(one) for one in chosen)
    assert covering(template) == chosen
    task = load(folder)
    assert len(list(variants(task, folder, "all"))) == 2
    assert list(variants(task, folder, "none")) == []


def test_a_broken_oracle_asks_for_no_package(folder: Path) -> None:
    """By the judge itself, as `hayate judge FOLDER kernel.c` meets it."""
    from hayate.judge.native import natives

    for broken in (ORACLE.replace("#include", "#inklude"), ORACLE + "\nvoid missing(void);\n"):
        text = broken if "inklude" in broken else broken.replace("exact[i] =", "missing(), exact[i] =")
        (folder / "oracle.c").write_text(text)
        with pytest.raises(Fault) as told:
            natives(load(folder), hosts.profile())
        assert told.value.kind is FaultKind.YARDSTICK_BROKEN
        assert "oracle.c" in told.value.message
        assert "apt" not in told.value.remedy
        assert "mend oracle.c" in told.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("name", ["histogram", "scaled", "shifted", "sums", "ranked"])
def test_folders_of_any_kind_hold(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact, analytic with padding, structs, automatic, with a generator: all but the timing, sanitizers included."""
    from folders import ALL, ORACLES
    from make import make

    from hayate.judge import native

    monkeypatch.setattr(native, "oracle_text", lambda task: ORACLES[task.entry])
    task, files = ALL[name]
    found = proofs(make(tmp_path / name, task, files))
    assert failed(found) == {}
    assert not [proof for proof in found.values() if proof.outcome == "fault"]
    assert found["reference.c"].outcome == "accepted"
    if not harness.sanitizers_missing(compilers()[0], sandbox.best()):
        assert found["reference.c, sanitized"].outcome == "accepted"
