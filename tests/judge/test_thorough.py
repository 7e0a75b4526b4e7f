"""A source from all sides: more shapes, checks for undefined behaviour, another build."""

from __future__ import annotations

import pytest
from hostile import HEAD, kernel

from hayate import sandbox
from hayate.hosts import Slot
from hayate.judge import Thorough, thorough
from hayate.records import HostProfile, Outcome, Task, Technique
from hayate.tasks import builtin, builtin_names
from hayate.toolchains import compilers


def look(
    task: Task,
    source: str,
    host: HostProfile,
    slot: Slot,
    best: sandbox.Sandbox,
    permitted: tuple[Technique, ...] = (),
) -> Thorough:
    return thorough(task, source, permitted, host=host, slot=slot, sandbox=best, shapes=30, wall_s=6.0)


@pytest.mark.parametrize("name", builtin_names())
def test_what_is_right_passes_and_it_is_said_what_was_covered(
    name: str, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    task = builtin(name)
    parts: list[str] = []
    found = thorough(
        task,
        task.yardsticks[-1].text,
        task.yardsticks[-1].techniques,
        host=host,
        slot=slot,
        sandbox=best,
        shapes=30,
        wall_s=6.0,
        on_part=parts.append,
    )
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert len(parts) == 3
    assert len(found.covered) == 3 and "30" in parts[0]
    assert any("second compiler" in words for words in found.not_covered) == (len(compilers()) == 1)
    assert found.numbers["verified_shapes"] >= 30


def test_what_is_wrong_somewhere_fails(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    found = look(task, kernel(before="if (M > 600) return;"), host, slot, best)
    assert found.outcome is Outcome.WRONG
    assert "never written" in found.reason
    assert found.covered == ()


def test_undefined_behaviour_that_does_no_harm_here_fails(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    source = kernel(before="int large = 0x7ffffff0 + M; if (large < 0 && N < 0) C[0] = 1;")
    found = look(task, source, host, slot, best)
    assert found.outcome is Outcome.CRASHED, found.reason
    assert "undefined behaviour: a check ended the process" in found.reason
    assert len(found.covered) == 1


def test_what_depends_on_the_optimiser_fails(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    """Right by one compiler, or with its optimiser, and wrong by the other or without."""
    other = "defined __clang__" if len(compilers()) > 1 else "!defined __OPTIMIZE__"
    source = kernel(after=f"\n#if {other}\n C[0] += 1;\n#endif\n")
    found = look(task, source, host, slot, best)
    assert found.outcome is Outcome.WRONG, found.reason
    assert found.reason.startswith("built by ")


def test_what_does_not_build_is_said(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    found = look(task, f"{HEAD} {{ nothing(); }}", host, slot, best)
    assert found.outcome in (Outcome.BUILD_FAILED, Outcome.VIOLATION)
