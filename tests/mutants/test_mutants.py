"""Every mutant compiles, stays in memory and, unless it may be equivalent, computes something else."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import compiled
import pytest
import references

from hayate.mutants import Kind, Mutant, mutants
from hayate.mutants.guarded import guard
from hayate.mutants.mutant import Draft
from hayate.mutants.reference import Reference
from hayate.records import Technique
from hayate.records.problem import SizeRange
from hayate.records.task import SourceText, Task
from hayate.toolchains.syntax import inspect

QUICK = ("spmv", "prefix", "gemv_strided")
ENTRIES = [pytest.param(entry, marks=() if entry in QUICK else pytest.mark.slow) for entry in references.ALL]
DIFFER_MIN = 0.95  # of those that are not said to be perhaps equivalent


def alike(task: Task, found: dict[str, str]) -> list[str]:
    """Those that nobody said might be the same, and are."""
    return [m.name for m in mutants(task) if not m.may_be_equivalent and found[m.name] == "same"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_they_compile_end_and_differ(entry: str, tmp_path: Path) -> None:
    task = references.ALL[entry]
    all_of_them = mutants(task)
    found = compiled.run(task, all_of_them, tmp_path)
    assert {name: said for name, said in found.items() if said not in ("same", "differs")} == {}
    sure = [m for m in all_of_them if not m.may_be_equivalent]
    same = alike(task, found)
    assert len(same) <= (1 - DIFFER_MIN) * len(sure), same
    assert len(sure) >= 0.7 * len(all_of_them)


@pytest.mark.parametrize(
    "entry", [pytest.param(e, marks=() if e == "prefix" else pytest.mark.slow) for e in references.ALL]
)
@pytest.mark.timeout(600)
def test_they_stay_in_memory(entry: str, tmp_path: Path) -> None:
    task = references.ALL[entry]
    # A third of them each, so that every kind is met in some reference: a sanitized build takes twice as long.
    first = list(references.ALL).index(entry) % 3
    found = compiled.run(task, mutants(task)[first::3], tmp_path, sanitized=True)
    assert {name: said for name, said in found.items() if said not in ("same", "differs")} == {}


def changed(task: Task, *texts: tuple[str, str]) -> Mutant:
    text = task.reference.text
    for old, new in texts:
        assert old in text
        text = text.replace(old, new)
    return Mutant(name="by hand", kind=Kind.INDEX, line=1, text=text, why="By hand.")


def test_the_sanitizer_sees_what_is_outside(tmp_path: Path) -> None:
    outside = changed(references.AXPBY, ("i < n", "i < n + 1"))
    assert "ended" in compiled.run(references.AXPBY, [outside], tmp_path, sanitized=True)["by hand"]


@pytest.mark.parametrize("entry", references.ALL)
def test_a_guarded_reference_is_the_reference(entry: str, tmp_path: Path) -> None:
    reference = Reference(references.ALL[entry])
    text = reference.text(Draft(Kind.INDEX, "nothing", 1, "", guarded=True))
    assert text is not None and text.count("hayate_within") and guard(reference.source, reference.types)
    same = Mutant(name="nothing", kind=Kind.INDEX, line=1, text=text, why="")
    assert compiled.run(references.ALL[entry], [same], tmp_path) == {"nothing": "same"}


@pytest.mark.parametrize("entry", references.ALL)
def test_they_are_named_and_placed(entry: str) -> None:
    task = references.ALL[entry]
    found = mutants(task)
    assert found == mutants(task)
    assert (
        len({m.name for m in found}) == len({m.text for m in found} | {task.reference.text}) - 1 == len(found)
    )
    lines = task.reference.text.count("\n")
    for mutant in found:
        assert 1 <= mutant.line <= lines and len(mutant.name) <= 100
        assert mutant.why.endswith(".") and mutant.may_be_equivalent == ("may be equivalent" in mutant.why)


@pytest.mark.parametrize("entry", references.ALL)
def test_the_judge_reads_them_as_it_reads_kernels(entry: str) -> None:
    """They are to be refused for what they compute: nothing in them is a violation by itself."""
    headers = ("stdlib.h", "string.h", "math.h", "complex.h", "stddef.h", "stdint.h", "cmath", "algorithm")
    task = references.ALL[entry].model_copy(update={"headers": headers})
    for mutant in mutants(task):
        facts = inspect(task, mutant.text, tuple(Technique), task.reference.language)
        assert facts.violations == (), mutant.name


@pytest.mark.parametrize("kernel", ["duffs_device", "pairwise_by_stack"])
def test_pointers_that_walk_and_stacks_of_sums_stay_in_memory(kernel: str, tmp_path: Path) -> None:
    """Loops that never end by themselves, and subscripts that an earlier iteration prepares."""
    text = (Path(__file__).parents[1] / "honest" / "dgemm" / f"{kernel}.c").read_text()
    source = SourceText(name="reference.c", text=text)
    task = references.DGEMM.model_copy(update={"reference": source})
    chosen = [m for m in mutants(task) if m.kind in (Kind.LOOP, Kind.OPERATOR)]
    found = compiled.run(task, chosen, tmp_path)
    assert {name: said for name, said in found.items() if said not in ("same", "differs")} == {}


def test_all_kinds_are_made_of_a_matrix_product() -> None:
    found = Counter(m.kind for m in mutants(references.DGEMM))
    assert set(found) == set(Kind) - {Kind.BRANCH}  # it has none
    assert Counter(m.kind for m in mutants(references.SORT))[Kind.BRANCH] > 10


def test_names_say_what_and_where() -> None:
    names = {m.name: m for m in mutants(references.DGEMM)}
    for name, line in {
        "single precision in all in line 1": 1,
        "single precision in accumulator t in line 7": 7,
        "single precision in products in line 1": 1,
        "last iteration left out in line 6": 6,
        "subscripts exchanged in line 7": 7,
        "-= for += in line 7": 7,
        "A taken for zeros": 1,
        "C as it was": 1,
        "behind the end of C written": 1,
        "right for M = N": 1,
    }.items():
        assert names[name].line == line


@pytest.mark.parametrize("entry", ["spmv", "layer_norm"])
def test_they_compile_with_openmp(entry: str, tmp_path: Path) -> None:
    task = references.ALL[entry]
    for k, mutant in enumerate(mutants(task)):
        if mutant.kind in (Kind.PRECISION, Kind.LOOP, Kind.OPERATOR):
            compiled.build(mutant.text, "c", tmp_path, f"m{k}", "-fopenmp")


def test_what_cannot_be_guarded_has_no_mutants_that_would_have_to_be() -> None:
    text = references.AXPBY.reference.text
    jumps = text.replace("        y[i] =", "    again:\n        if (n < 0) goto again;\n        y[i] =")
    task = references.AXPBY.model_copy(update={"reference": SourceText(name="reference.c", text=jumps)})
    kinds = Counter(m.kind for m in mutants(task))
    assert not kinds[Kind.INDEX] and not kinds[Kind.BRANCH]
    assert kinds[Kind.PRECISION] and kinds[Kind.INPUT] and kinds[Kind.STATE]


def test_sizes_that_c_does_not_know() -> None:
    """The number of nonzeros is no argument: it is read from the offsets; without them nothing is guarded."""
    signature = Reference(references.CSR).signature
    count = next(a.count for a in signature.arrays if a.name == "value")
    assert "start" in count and not signature.unknown
    plain = tuple(a.model_copy(update={"values": None}) for a in references.CSR.arguments)
    task = references.CSR.model_copy(update={"arguments": plain})
    assert Reference(task).signature.unknown == ["column", "value"]
    assert not [m for m in mutants(task) if m.kind == Kind.INDEX]


def test_sizes_of_blocks_are_marked() -> None:
    """Where every size is a multiple of 4, who computes whole blocks of 4 is right."""
    domain = {"n": SizeRange(low=4, high=64, multiple_of=4)}
    task = references.AXPBY.model_copy(update={"domain": domain})
    found = {m.name: m.may_be_equivalent for m in mutants(task)}
    assert found["blocks of 4 only"] and not found["blocks of 8 only"]


def test_a_reference_without_the_function_is_refused() -> None:
    task = references.AXPBY
    with pytest.raises(ValueError, match="no function other"):
        mutants(task.model_copy(update={"entry": "other"}))
    with pytest.raises(ValueError, match="other arguments"):
        mutants(task.model_copy(update={"arguments": task.arguments[:-1]}))


def test_a_wrong_text_does_not_pass_for_compiled(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not compile"):
        compiled.build("void f(void) { return 1 +; }", "c", tmp_path, "broken")


def test_a_person_can_run_gcc_on_them(tmp_path: Path) -> None:
    """No flag is needed but that of the language."""
    (tmp_path / "m.c").write_text(mutants(references.FLOYD)[0].text)
    command = ["gcc", "-std=gnu17", "-w", "-fsyntax-only", str(tmp_path / "m.c")]
    subprocess.run(command, check=True, timeout=60)
