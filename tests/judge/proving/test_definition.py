"""Oracle, values, reference and yardsticks of tasks of every kind against each other, in every tier that works here."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from folders import ALL, CLIPPED_ORACLE, ORACLES, SUMS_ORACLE
from make import make, needs_cxx

from hayate import sandbox
from hayate.judge import native
from hayate.judge.library import Library
from hayate.judge.proving.blame import Finding
from hayate.judge.proving.definition import Definition
from hayate.judge.proving.harness import EXACT, Asked, Broken, Harness, sanitizers_missing
from hayate.judge.shapes import UNIFORM, sample
from hayate.records import HostProfile, SourceText
from hayate.tasks import load
from hayate.toolchains import compilers

TIERS = [report.tier for report in sandbox.probe() if report.works]
Write = Callable[..., Path]


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> sandbox.Sandbox:
    return sandbox.get(request.param)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    oracles = dict(ORACLES)
    monkeypatch.setattr(native, "oracle_text", lambda task: oracles[task.entry])

    def written(name: str, files: dict[str, str] | None = None, *, automatic: str = "") -> Path:
        if automatic:
            oracles[name] = automatic
        task, texts = ALL[name]
        return make(tmp_path / name, task, {**texts, **(files or {})})

    return written


@contextmanager
def defined(folder: Path, host: HostProfile, tier: sandbox.Sandbox) -> Iterator[Definition]:
    task = load(folder)
    needs_cxx(task)
    with Harness(task, host.arch, compilers()[0], tier) as harness:
        yield Definition(task, harness, Library(host), harness.own_code())


def findings(folder: Path, host: HostProfile, tier: sandbox.Sandbox) -> list[Finding]:
    with defined(folder, host, tier) as definition:
        task = definition.task
        trusted = [("reference.c", task.reference), *((f"yardsticks/{y.name}", y) for y in task.yardsticks)]
        return definition.findings(trusted)


@pytest.mark.parametrize("name", ALL)
def test_what_fits_together_blames_nobody(
    name: str, write: Write, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    assert findings(write(name), host, tier) == []


def text(name: str, file: str, old: str, new: str) -> dict[str, str]:
    found = ALL[name][1][file]
    assert old in found
    return {file: found.replace(old, new, 1)}


def yardstick(name: str, old: str, new: str) -> dict[str, str]:
    changed = text(name, "reference.c", old, new)["reference.c"]
    return {"yardsticks/10_right.c": ALL[name][1]["reference.c"], "yardsticks/20_wrong.c": changed}


WRONG = "yardsticks/20_wrong.c"
BLAMED: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a yardstick of another scalar": (
        "axpby",
        yardstick("axpby", "b * y", "a * y"),
        WRONG,
        "times the bound",
    ),
    "a reference of another scalar": (
        "axpby",
        {**text("axpby", "reference.c", "b * y", "a * y"), "yardsticks/10.c": ALL["axpby"][1]["reference.c"]},
        "reference.c",
        "times the bound",
    ),
    "an oracle of another scalar": (
        "axpby",
        {
            **text("axpby", "oracle.c", "exact[i] = (double)a", "exact[i] = 2 * (double)a"),
            "yardsticks/10.c": ALL["axpby"][1]["reference.c"],
        },
        "oracle.c",
        "agree with each other",
    ),
    "an integer off by one": ("histogram", yardstick("histogram", "]++", "] += 1 + !i"), WRONG, "counts["),
    "an integer unwritten": (
        "histogram",
        text("histogram", "reference.c", "b++) counts", "b++) if (b) counts"),
        "reference.c",
        "depends on what was in memory",
    ),
    "padding written": ("scaled", yardstick("scaled", "j < n", "j < lda"), WRONG, "writes the padding of A"),
    "padding read": (
        "scaled",
        yardstick("scaled", "d[i * ldd]", "(d[i * ldd] + 0 * d[i * ldd + ldd - 1])"),
        WRONG,
        "times the bound",
    ),
    "a returned sum of less": ("dot", yardstick("dot", "i < n", "i + 1 < n"), WRONG, "times the bound"),
    "a field of a struct": ("shifted", yardstick("shifted", "+ by->add", ""), WRONG, "to["),
    "an imaginary part": (
        "zaxpy",
        yardstick("zaxpy", "a * x", "__builtin_conj(a) * x"),
        WRONG,
        "times the bound",
    ),
    "a generated ring": ("ranked", yardstick("ranked", "at = ring[at]", "at++"), WRONG, "rank["),
    "half precision in float": (
        "sums",
        yardstick("sums", "y[i] = x[i]", "y[i] = (float)(_Float16)x[i]"),
        WRONG,
        "miss the reference's",
    ),
}


@pytest.mark.parametrize("case", BLAMED)
def test_who_is_wrong_is_blamed(case: str, write: Write, host: HostProfile, tier: sandbox.Sandbox) -> None:
    name, files, part, said = BLAMED[case]
    (found,) = findings(write(name, files), host, tier)
    assert found.part == part, found
    assert said in found.reason


def test_a_bound_that_excludes_nothing_is_the_references(
    write: Write, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    wide = ORACLES["sums"].replace("0x1p-24", "0x1p-4")
    (found,) = findings(write("sums", automatic=wide), host, tier)
    assert found.part == "reference.c"
    assert "half precision would pass" in found.reason


def test_what_is_mostly_unknown_or_near_a_branch(
    write: Write, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    unknown = SUMS_ORACLE.replace("UNKNOWN", "true").replace("NEAR", "0")
    assert [x.part for x in findings(write("sums", automatic=unknown), host, tier)] == ["values"]
    near = SUMS_ORACLE.replace("UNKNOWN", "false").replace("NEAR", "n % 2")
    assert [x.part for x in findings(write("sums", automatic=near), host, tier)] == ["branches"]
    nan = CLIPPED_ORACLE.replace("want[0][i] = v", "want[0][i] = i == 1 ? NAN : v")
    (found,) = findings(write("clipped", automatic=nan), host, tier)
    assert found.part == "reference.c"
    assert "no numbers" in found.reason


CRASH = "*(volatile int *)8 = 1;"
OWN = {
    "crashes": ("int order[512];", f"int order[512]; {CRASH}", "signal 11"),
    "writes nothing": ("int order[512];", "int order[512]; return;", "leaves elements of ring unwritten"),
    "does not compile": ("int order[512];", "int order[512]; undeclared;", "does not compile"),
}


@pytest.mark.parametrize("case", OWN)
def test_a_generator_that_fails_is_named(
    case: str, write: Write, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    old, new, said = OWN[case]
    with pytest.raises(Broken, match=said) as broken:
        findings(write("ranked", text("ranked", "inputs.c", old, new)), host, tier)
    assert broken.value.part == "inputs.c"


def test_its_own_code_runs_in_the_sandbox(
    write: Write, host: HostProfile, tier: sandbox.Sandbox, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    opened = f'{{\n    FILE *f = fopen("{left}", "w"); if (f) fclose(f); printf("hello");'
    oracle = "#include <stdio.h>\n" + ALL["axpby"][1]["oracle.c"].replace("{", opened, 1)
    assert findings(write("axpby", {"oracle.c": oracle}), host, tier) == []
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("inverted", "i < h; i++)", "i < h + (h == 1); i++)"),
        ("histogram", "counts[keys[i]]++", "counts[keys[i]]++; (void)*(const volatile int *)(keys + n)"),
        ("dot", "double s = 0;", "double s = 0 * *(const volatile double *)(x + n);"),
    ],
)
def test_one_element_behind_an_array_of_any_type_is_seen(
    name: str, old: str, new: str, write: Write, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    if missing := sanitizers_missing(compilers()[0], tier):
        pytest.skip(missing)
    with defined(write(name), host, tier) as definition:
        task = definition.task
        calls = [
            Asked(shape, definition.given(shape, UNIFORM, 5), offset=i % 2)
            for i, shape in enumerate(sample(task, 8, random.Random(2)))
        ]
        wrong = SourceText(name="wrong.c", text=text(name, "reference.c", old, new)["reference.c"])
        right = definition.harness.solution(task.reference, sanitized=True)
        assert len(definition.harness.call(right, calls)) == len(calls)
        with pytest.raises(Broken, match="heap-buffer-overflow"):
            definition.harness.call(definition.harness.solution(wrong, sanitized=True), calls)


def test_the_same_key_and_seed_give_the_same_arguments(write: Write, host: HostProfile) -> None:
    tier = sandbox.best()
    for name in ("axpby", "spmv", "ranked", "shifted"):
        with defined(write(name), host, tier) as definition:
            shape = sample(definition.task, 3, random.Random(1))[2]
            one, other, third = (definition.given(shape, UNIFORM, seed) for seed in (7, 7, 8))
            assert one.values == other.values
            pairs = list(zip(one.arrays, other.arrays, third.arrays, strict=True))
            assert all(a is None or (a == b).all() for a, b, _ in pairs)
            assert any(a is not None and (a.shape != c.shape or (a != c).any()) for a, _, c in pairs)
            answers = definition.harness.call(definition.own, [Asked(shape, one, EXACT)])
            assert len(answers) == 1
