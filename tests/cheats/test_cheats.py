"""Each file here cheats in a way that was published or that we thought of, and must be caught for that very reason.

The first lines of a file say what is expected:
    // expect: an outcome, e.g. cheated; or several, where it depends on how far a race got: cheated, wrong
    // reason: words that the verdict's reason must contain; several: these words | or those
    // how: one line on how it cheats
    // guard: off        the guard has been passed: what must catch it is the running judge
    // permitted: simd   techniques, comma-separated
    // timed: yes        needs timed calls to show; else verification alone must do
    // slow: yes         left out of the quick tests
"""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogue import FILES, declared, page
from hostile import CONTROL, HEAD, PRODUCT, raw

from hayate import hosts, sandbox
from hayate.hosts import Slot
from hayate.judge import Rejection, build, measure
from hayate.judge.results import Measurement
from hayate.records import HostProfile, Language, MeasurePlan, Task, Technique
from hayate.tasks import builtin
from hayate.toolchains import compilers

CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=8)
TIMED = MeasurePlan(verify_shapes=6, bands=("256",))


@pytest.fixture(scope="module")
def task() -> Task:
    return builtin("dgemm")


@pytest.fixture(scope="module")
def host() -> HostProfile:
    return hosts.profile()


@pytest.fixture(scope="module")
def slot() -> Slot:
    return hosts.slots()[0]


@pytest.fixture(scope="module")
def best() -> sandbox.Sandbox:
    return sandbox.best()


def parameter(path: Path) -> object:
    slow = "slow" in declared(path.read_text())
    return pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("path", [parameter(path) for path in FILES])
def test_it_is_caught_for_the_right_reason(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox, path: Path
) -> None:
    text = path.read_text()
    says = declared(text)
    assert all(says[key] for key in ("expect", "reason", "how"))
    assert "accepted" not in says["expect"]
    permitted = tuple(Technique(t.strip()) for t in says.get("permitted", "").split(",") if t)
    for name, replacement in (("CONTROL", CONTROL), ("PRODUCT", PRODUCT), ("HEAD", HEAD)):
        text = text.replace(f"\n@{name}\n", f"\n{replacement}\n")
    if says.get("guard") == "off":
        made = raw("#define _GNU_SOURCE\n" + text, permitted, path.stem)
    else:
        language: Language = "c++" if path.suffix == ".cpp" else "c"
        if language == "c++" and not compilers()[0].cxx:
            pytest.skip("no compiler of C++: apt install g++")
        found = build(task, text, permitted, host=host, sandbox=best, language=language)
        if isinstance(found, Rejection):
            _caught(says, found)
            return
        made = found
    plan = TIMED if says.get("timed") else CHECK
    _caught(says, measure(task, made, plan, host=host, slot=slot, sandbox=best))


def _caught(says: dict[str, str], found: Rejection | Measurement) -> None:
    assert found.outcome.value in says["expect"].split(", "), found.reason
    assert any(words.strip() in found.reason for words in says["reason"].split("|")), found.reason


def test_there_are_cheats_and_the_docs_list_them_all() -> None:
    assert len(FILES) >= 60
    written = Path(__file__).parents[2] / "docs" / "cheats.md"
    assert written.read_text() == page(), "make cheats"
