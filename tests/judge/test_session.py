"""The protocol between clock and runners, with real processes in every sandbox tier that works here."""

from __future__ import annotations

import contextlib
import random
import threading
from pathlib import Path

import pytest

from hayate import hosts, sandbox
from hayate.errors import Fault, FaultKind
from hayate.judge import build
from hayate.judge.failures import CandidateFailed
from hayate.judge.native import natives
from hayate.judge.results import Rejection
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import sample
from hayate.records import Built, HostProfile, Outcome, Task, Technique

TIERS = [report.tier for report in sandbox.probe() if report.works]
SHAPE = {"M": 33, "N": 41, "K": 29}

BODY = """
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    BEFORE
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
    AFTER
}
"""


def source(before: str = "", after: str = "", head: str = "") -> str:
    return head + BODY.replace("BEFORE", before).replace("AFTER", after)


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> sandbox.Sandbox:
    return sandbox.get(request.param)


def make(task: Task, text: str, host: HostProfile, permitted: tuple[Technique, ...] = ()) -> Built:
    made = build(task, text, permitted, host=host, sandbox=sandbox.best())
    assert not isinstance(made, Rejection), made
    return made


def launched(
    task: Task, host: HostProfile, tier: sandbox.Sandbox, text: str, opponent: str = ""
) -> LaunchSession:
    return LaunchSession(
        task,
        make(task, text, host),
        [make(task, opponent or source(), host)],
        natives=natives(task, host),
        slot=hosts.slots()[0],
        sandbox=tier,
        shapes=[SHAPE, *sample(task, 12, random.Random(0))],
    )


def outcome(task: Task, host: HostProfile, tier: sandbox.Sandbox, text: str) -> tuple[Outcome, str]:
    try:
        with launched(task, host, tier, text) as session:
            for i in range(6):
                session.verify(SHAPE, i % 4, i, timeout_s=1.0)
    except CandidateFailed as failed:
        return failed.outcome, failed.reason
    pytest.fail("it was accepted")


@pytest.mark.parametrize("broken", ["candidate", "yardstick"])
def test_a_sandbox_that_does_not_start_leaves_nothing_of_the_other(
    task: Task, host: HostProfile, tier: sandbox.Sandbox, broken: str
) -> None:
    session = launched(task, host, tier, source())
    started: list[sandbox.Process] = []
    one_runs = threading.Event()

    class Half(type(tier)):  # type: ignore[misc]
        def start(self, command: sandbox.Command) -> sandbox.Process:
            if command.argv[0].endswith("examiner"):
                assert one_runs.wait(30)
                raise Fault(FaultKind.SANDBOX_BROKEN, "scripted")
            if any(word.endswith("peak.so") for word in command.argv) == (broken == "yardstick"):
                assert one_runs.wait(30)
                raise Fault(FaultKind.SANDBOX_BROKEN, "scripted")
            started.append(super().start(command))
            one_runs.set()
            return started[-1]

    session.sandbox = Half()
    with pytest.raises(Fault, match="scripted"), session:
        pass
    (other,) = started
    assert other.poll() is not None


def test_an_honest_kernel_is_verified_and_paired(
    task: Task, host: HostProfile, tier: sandbox.Sandbox
) -> None:
    with launched(task, host, tier, source()) as session:
        for i, shape in enumerate(sample(task, 12, random.Random(0))):
            assert session.verify(shape, i % 4, i, timeout_s=5.0).worst_error <= 1.0
        for first in (True, False):
            times = session.pair(
                SHAPE, function=0, candidate_first=first, distribution=0, seed=9, timeout_s=5.0
            )
            assert times.candidate_ns > 0
            assert times.yardstick_ns > 0
            assert times.worst_error <= 1.0
        assert session.peak_gflops(16) > 0


def test_state_between_calls_is_legal(task: Task, host: HostProfile, tier: sandbox.Sandbox) -> None:
    text = source("static double last; static long calls; last = A[calls++ % K];")
    with launched(task, host, tier, text) as session:
        for i in range(5):
            session.verify(SHAPE, i % 4, i, timeout_s=5.0)


WRONG = {
    "float32": (source().replace("double s", "float s"), "outside the error bound"),
    "skips": (source().replace("i < M", "i < M - 1"), "never written"),
    "guard after": (source(after="C[(long)M * N] = 1;"), "next to the output"),
    "guard before": (source(before="C[-1] = 1;"), "next to the output"),
    "nan": (source(after="C[0] = 0.0 / 0.0;"), "outside the error bound"),
    "inputs of an earlier call": (
        source("static double a0; static int calls; if (!calls++) a0 = A[0];", "C[0] += a0 - A[0];"),
        "outside the error bound",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(task: Task, host: HostProfile, tier: sandbox.Sandbox, name: str) -> None:
    text, reason = WRONG[name]
    found, said = outcome(task, host, tier, text)
    assert found is Outcome.WRONG, said
    assert reason in said


CRASHED = {
    "null": source("*(volatile int *)0 = 1;"),
    "writes an input": source("((double *)A)[0] = 1;"),
    "writes inputs through a new mapping": source("*(volatile double *)(A + 1) = 0;"),
    "divides by zero": source("volatile int z = 0; volatile int q = 7 / z; (void)q;"),
    "exits": source("exit(0);", head="#include <stdlib.h>\n"),
    "aborts": source("abort();", head="#include <stdlib.h>\n"),
}


@pytest.mark.parametrize("name", CRASHED)
def test_crashed(task: Task, host: HostProfile, tier: sandbox.Sandbox, name: str) -> None:
    text = CRASHED[name]
    made = build(task, text, (), host=host, sandbox=tier)
    if isinstance(made, Rejection):  # the guard may see it coming
        assert made.outcome is Outcome.VIOLATION
        return
    found, said = outcome(task, host, tier, text)
    assert found is Outcome.CRASHED, said


def test_timed_out(task: Task, host: HostProfile, tier: sandbox.Sandbox) -> None:
    found, said = outcome(task, host, tier, source("for (volatile long i = 0;; i++) {}"))
    assert found is Outcome.TIMED_OUT, said


def test_a_broken_yardstick_is_a_fault(task: Task, host: HostProfile, tier: sandbox.Sandbox) -> None:
    from hayate.errors import Fault, FaultKind

    with (
        pytest.raises(Fault) as fault,
        launched(task, host, tier, source(), opponent=source("*(volatile int *)0 = 1;")) as session,
    ):
        session.pair(SHAPE, function=0, candidate_first=True, distribution=0, seed=1, timeout_s=5.0)
    assert fault.value.kind is FaultKind.YARDSTICK_BROKEN


def test_nothing_is_left_behind(task: Task, host: HostProfile, tier: sandbox.Sandbox) -> None:
    """Descriptors, processes, boxes of ours: other judges on this machine have their own."""

    def descriptors() -> set[str]:
        return {p.name for p in Path("/proc/self/fd").iterdir()}

    with launched(task, host, tier, source()) as session:
        session.verify(SHAPE, 0, 1, timeout_s=5.0)
    before = descriptors()
    for text, ends in (
        (source(), False),
        (source("for (;;) {}"), True),
        (source("*(volatile int *)0 = 1;"), True),
    ):
        pids: list[int] = []
        with (
            pytest.raises(CandidateFailed) if ends else contextlib.nullcontext(),
            launched(task, host, tier, text) as session,
        ):
            pids = [p.payload_pid() for p in session._runners.values()]
            assert session._clock is not None
            pids.append(session._clock.pid)
            session.verify(SHAPE, 0, 1, timeout_s=0.2)
        assert len(pids) == 4  # the clock, two runners and the examiner
        assert not [p for p in pids if Path(f"/proc/{p}").exists()]
        assert not [b for b in session._shelves if b.exists()]
    assert len(descriptors()) <= len(before)
