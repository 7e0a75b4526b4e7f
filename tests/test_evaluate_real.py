"""evaluate() with this machine's compiler, sandbox and judge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hayate import farm, sandbox, toolchains
from hayate.archive import Archive
from hayate.errors import Fault
from hayate.evaluate import Evaluator, judge_one
from hayate.farm import Farm
from hayate.records import Candidate, MeasurePlan, Origin, Outcome, Task, Verdict
from hayate.tasks import builtin, folder

ROOT = Path(__file__).parents[1]
CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=4)


@pytest.fixture(scope="module")
def local() -> Iterator[Farm]:
    try:
        toolchains.compilers()
        sandbox.best()
    except Fault as fault:
        pytest.skip(f"{fault.kind}: {fault.remedy}")
    with farm.open() as opened:
        yield opened


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive.db") as made:
        yield made


def _candidates(task: Task, sources: list[str]) -> list[Candidate]:
    return [
        Candidate(
            task=task.name,
            source=text,
            permitted=task.techniques,
            origin=Origin(kind="policy", run="r1", phase="grpo", step=0, index=index),
        )
        for index, text in enumerate(sources)
    ]


def test_a_mixed_batch_gets_the_outcomes_it_deserves(local: Farm, archive: Archive) -> None:
    task = builtin("dgemm")
    head = task.declaration.rstrip(";")
    batch = _candidates(
        task,
        [
            task.reference.text,
            f"/* the same object code */\n{task.reference.text}",
            "",
            "void dgemm(int",
            f"{head} {{ for (int i = 0; i < M * N; i++) C[i] = 1.0; }}",
            f"{head} {{ *(volatile int *)0 = 1; C[0] = A[0] + B[0]; }}",
        ],
    )
    results = Evaluator(local, archive, {"dgemm": task}).evaluate(batch, CHECK)
    assert [r.outcome for r in results if isinstance(r, Verdict)] == [
        Outcome.ACCEPTED,
        Outcome.ACCEPTED,
        Outcome.VIOLATION,
        Outcome.BUILD_FAILED,
        Outcome.WRONG,
        Outcome.CRASHED,
    ]
    first, second = results[:2]
    assert isinstance(first, Verdict)
    assert isinstance(second, Verdict)
    assert first.object_hash == second.object_hash
    assert sorted([first.reused, second.reused]) == [False, True]
    assert archive.counts("r1")["accepted"] == 2
    again = Evaluator(local, archive, {"dgemm": task}).evaluate(batch, CHECK)
    assert all(isinstance(r, Verdict) and r.reused for r in again if r.outcome is not Outcome.VIOLATION)  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_timed_batch_finds_the_faster_kernel(local: Farm, archive: Archive) -> None:
    """Timed for real: what is asserted is what must hold whatever the figures are."""
    task = builtin("dgemm")
    batch = _candidates(task, [task.reference.text, *(y.text for y in task.yardsticks)])
    results = Evaluator(local, archive, {"dgemm": task}).evaluate(batch)
    for result in results:
        assert isinstance(result, Verdict), result
        assert result.outcome is Outcome.ACCEPTED, result.reason
        assert result.timing is not None
        assert result.speedup is not None
        assert result.speedup.low <= result.speedup.median <= result.speedup.high
    best = archive.best("dgemm")
    assert best is not None
    assert best.candidate in {candidate.hash for candidate in batch}
    asked = len(archive.samples("r1"))
    again = Evaluator(local, archive, {"dgemm": task}).evaluate(batch)
    assert all(isinstance(result, Verdict) and result.reused for result in again)
    assert len(archive.samples("r1")) == asked + len(batch)


def test_what_few_shapes_let_pass_is_not_known_to_be_right(local: Farm, archive: Archive) -> None:
    """Wrong where K is 1 only: a look at one shape may see it or not, and says nothing to whoever asks for 12."""
    task = builtin("dgemm")
    text = (folder("dgemm") / "wrong" / "k_one.c").read_text()
    one = Evaluator(local, archive, {"dgemm": task})
    weak = MeasurePlan(purpose="check", launches=0, verify_shapes=1)
    one.evaluate(_candidates(task, [text]), weak)
    due = CHECK.model_copy(update={"verify_shapes": 12})
    (found,) = one.evaluate(_candidates(task, [text]), due)
    assert isinstance(found, Verdict), found
    assert found.outcome is Outcome.WRONG
    assert not found.reused


def test_judge_one_judges_a_persons_file(local: Farm) -> None:
    task = builtin("jacobi2d")
    verdict = judge_one(task, task.reference.text, farm=local, plan=CHECK)
    assert verdict.outcome is Outcome.ACCEPTED, verdict.reason
    assert verdict.sandbox == local.sandbox_tier


JUDGING = """
import sys
from hayate import farm
from hayate.archive import Archive
from hayate.evaluate import Evaluator
from hayate.records import Candidate, MeasurePlan, Origin
from hayate.tasks import builtin, folder

task = builtin("dgemm")
plan = MeasurePlan(purpose="check", launches=0, verify_shapes=4)
head = task.declaration.rstrip(";")
candidates = [
    Candidate(
        task="dgemm",
        source=head + " { for (int i = 0; i < M * N; i++) C[i] = %d.0; }" % i,
        permitted=(),
        origin=Origin(kind="policy", run="r1", phase="grpo", step=0, index=i),
    )
    for i in range(6)
]
with farm.open() as local, Archive(sys.argv[1]) as archive:
    evaluator = Evaluator(local, archive, {"dgemm": task})
    evaluator.evaluate(candidates, plan, lambda made, result: print(made.hash, result.reused, flush=True))
"""


def test_a_killed_evaluation_keeps_its_verdicts_and_does_not_judge_again(local: Farm, tmp_path: Path) -> None:
    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", JUDGING, str(tmp_path / "archive.db")],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    killed = start()
    assert killed.stdout is not None
    told = {killed.stdout.readline().split()[0] for _ in range(2)}
    killed.send_signal(signal.SIGKILL)
    told |= {line.split()[0] for line in killed.stdout.read().splitlines()}
    killed.wait(30)
    with Archive(tmp_path / "archive.db") as archive:
        assert told <= {row.hash for row in archive.samples("r1")}
        kept = {row.hash for row in archive.samples("r1")}
    resumed = start()
    said, _ = resumed.communicate(timeout=200)
    assert resumed.returncode == 0
    reused = {name for name, word in (line.split() for line in said.splitlines()) if word == "True"}
    assert reused == kept
