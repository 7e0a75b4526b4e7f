"""Candidates that no guard has seen, against the running judge: what they do is a verdict, never a fault.

Where a candidate is accepted here, it did something odd that gained it nothing.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import CONTROL, kernel, raw

from hayate import hosts, sandbox
from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge import measure
from hayate.judge.failures import CandidateFailed, Starved
from hayate.judge.locks import slot_held
from hayate.judge.measure import ACCUSED, PERSISTS, _Measurer
from hayate.judge.native import natives
from hayate.judge.results import Measurement
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import sample
from hayate.judge.suspicion import Suspicion
from hayate.judge.verification import Cases
from hayate.records import HostProfile, Launch, MeasurePlan, Outcome, Task, Technique

TIERS = [report.tier for report in sandbox.probe() if report.works]
CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=4)
SHAPE = {"M": 33, "N": 41, "K": 29}

_SPIN = """
#include <time.h>
static void spin(double s)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while ((b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec) < s);
}
"""
_SELF = """
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
static void send(int signal) { syscall(SYS_tgkill, getpid(), getpid(), signal); }
"""
# Each with the outcome and words of its reason.
HOSTILE = {
    "fills its page with ones": (
        kernel(head=CONTROL, after="find(); memset((void *)page, 0xff, 4096);"),
        Outcome.ACCEPTED,
        "",
    ),
    "says the next call's words early": (
        kernel(
            head=CONTROL,
            after="find(); { page[DONE] = page[TURN] + 1; page[READY] = page[TURN] + 1; }",
        ),
        Outcome.ACCEPTED,
        "",
    ),
    "unmaps its page": (
        kernel(
            head=CONTROL + "#include <sys/mman.h>\n",
            after="find(); munmap((void *)page, 4096); *page = 1;",
        ),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "claims that it was not loaded": (
        CONTROL
        + """
__attribute__((constructor)) static void early(void)
{
    find();
    memset((void *)(page + ERROR), 'x', 256);
    strcpy((char *)(page + ERROR), "first\\nverified 1 0");
    page[STATE] = 3;
    _exit(0);
}
"""
        + kernel(),
        Outcome.BUILD_FAILED,
        "can't be loaded",
    ),
    "exits while it is loaded": (
        "#include <unistd.h>\n__attribute__((constructor)) static void early(void) { _exit(0); }\n"
        + kernel(),
        Outcome.CRASHED,
        "status 0",
    ),
    "exits after the work": (
        kernel(head="#include <unistd.h>", after="_exit(0);"),
        Outcome.CRASHED,
        "status 0",
    ),
    "kills itself": (
        kernel(head=_SELF, before="send(SIGKILL);"),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "continues itself": (
        kernel(head=_SELF, after="send(SIGCONT);"),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "executes another program": (
        kernel(
            head="#include <unistd.h>", after='execl("/bin/true", "true", (char *)0); execl("/bin/true", 0);'
        ),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "closes every descriptor": (
        kernel(head="#include <unistd.h>", before="for (int i = 0; i < 2000; i++) close(i);"),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "prints without end": (
        kernel(
            head="#include <unistd.h>",
            before="static char b[65536]; for (;;) { write(1, b, sizeof b); write(2, b, sizeof b); }",
        ),
        Outcome.CRASHED,
        "a system call that is not allowed",
    ),
    "leaves rounding and flushing changed": (
        kernel(head="#include <xmmintrin.h>", after="_mm_setcsr(_mm_getcsr() | 0xe040);"),
        Outcome.ACCEPTED,
        "",
    ),
}


def check(
    task: Task, source: str, host: HostProfile, slot: Slot, tier: str, permitted: tuple[Technique, ...] = ()
) -> tuple[Outcome, str]:
    found = measure(task, raw(source, permitted), CHECK, host=host, slot=slot, sandbox=sandbox.get(tier))
    return found.outcome, found.reason


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_a_verdict(task: Task, host: HostProfile, slot: Slot, name: str, tier: str) -> None:
    source, outcome, word = HOSTILE[name]
    found, reason = check(task, source, host, slot, tier)
    assert found is outcome, reason
    assert word in reason
    assert "\n" not in reason


def launched(
    task: Task, source: str, host: HostProfile, opponent: str = "", wall_s: float = 60.0
) -> LaunchSession:
    return LaunchSession(
        task,
        raw(source),
        [raw(opponent or kernel(), name="opponent")],
        natives=natives(task, host),
        slot=hosts.slots()[0],
        sandbox=sandbox.best(),
        shapes=[SHAPE, *sample(task, 12, random.Random(0))],
        wall_s=wall_s,
    )


def test_running_while_it_should_be_stopped_is_cheating(task: Task, host: HostProfile) -> None:
    """However it managed to be continued: here we continue it ourselves, as often as it takes to be no accident."""
    source = kernel(
        head=CONTROL + _SPIN,
        after="find(); page[DONE] = page[TURN]; syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0); spin(0.2);",
    )
    with launched(task, source, host) as open_one:
        continued = 0

        def go_on() -> None:
            nonlocal continued
            for seed in range(1, 10):
                open_one.verify(SHAPE, 0, seed, timeout_s=5.0)
                os.kill(open_one._runners["candidate"].payload_pid(), signal.SIGCONT)
                continued += 1
                time.sleep(0.05)

        with pytest.raises(CandidateFailed) as failed:
            go_on()
        assert continued >= 3
    assert failed.value.outcome is Outcome.CHEATED
    assert "while it was stopped" in failed.value.reason


def test_slow_calls_end_the_launch_as_a_verdict(task: Task, host: HostProfile) -> None:

    def all_calls() -> None:
        with launched(task, kernel(head=_SPIN, before="spin(0.4);"), host, wall_s=1.0) as open_one:
            for i in range(100):
                open_one.verify(SHAPE, 0, i, timeout_s=5.0)

    with pytest.raises(CandidateFailed) as failed:
        all_calls()
    assert failed.value.outcome is Outcome.TIMED_OUT
    assert "in the candidate's calls" in failed.value.reason


def test_a_launch_that_others_made_slow_is_a_fault(task: Task, host: HostProfile) -> None:
    with pytest.raises(Fault) as fault, launched(task, kernel(), host, wall_s=0.0) as open_one:
        open_one.verify(SHAPE, 0, 1, timeout_s=5.0)
    assert fault.value.kind is FaultKind.HOST_TOO_NOISY


def test_many_open_descriptors_do_not_matter(task: Task, host: HostProfile) -> None:
    """The clock's pipe is then beyond what select() takes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1400:
        pytest.skip("needs 1400 descriptors: ulimit -Hn 1400")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1400), hard))
    many = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with launched(task, kernel(), host) as open_one:
            open_one.verify(SHAPE, 0, 1, timeout_s=5.0)
    finally:
        for fd in many:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_launch_at_a_time_runs_on_a_core(
    task: Task, host: HostProfile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from hayate.judge import locks

    # Other runs on this machine are none of this test's business.
    monkeypatch.setattr(locks, "CORES", tmp_path)
    slot = hosts.slots()[0]
    for core in (*slot.compute_cores, slot.clock_core):
        (tmp_path / f"cpu{core}").mkdir()
    monkeypatch.setattr(locks, "SLOT_WAIT_S", 0.05)
    with slot_held(slot), pytest.raises(Fault) as fault, launched(task, kernel(), host):
        pass
    assert fault.value.kind is FaultKind.HOST_TOO_NOISY
    with launched(task, kernel(), host) as open_one:
        open_one.verify(SHAPE, 0, 1, timeout_s=5.0)


def test_a_starved_runner_is_the_hosts_trouble(task: Task, host: HostProfile) -> None:
    """What the clock says then, and what follows: no verdict."""
    with launched(task, kernel(), host) as open_one, pytest.raises(Starved) as fault:
        open_one._failed("host", "starved", ["candidate", "1000000", "5000000000"])
    assert fault.value.kind is FaultKind.HOST_TOO_NOISY
    assert "0.001 s of its core's time in 5 s" in fault.value.message


def complain(
    monkeypatch: pytest.MonkeyPatch, task: Task, host: HostProfile, slot: Slot, complaints: list[Exception]
) -> tuple[Measurement, list[Exception]]:
    """Measure with these complaints about the first launches; what is left of them comes back, too."""
    left = list(complaints)
    launch = _Measurer._try_launch

    def complaining(self: _Measurer, wanted: Cases) -> list[Launch]:
        if left:
            raise left.pop(0)
        return launch(self, wanted)

    monkeypatch.setattr(_Measurer, "_try_launch", complaining)
    return measure(task, raw(kernel()), CHECK, host=host, slot=slot, sandbox=sandbox.best()), left


def noise() -> Exception:
    return Suspicion(None, "the host is noisy", {})


def suspicion() -> Exception:
    return Suspicion(Outcome.CHEATED, "it looks odd", {})


def doubt() -> Exception:
    return CandidateFailed(Outcome.CRASHED, "ended by signal 9", doubtful=True)


def test_only_what_persists_is_held_against_a_candidate(
    monkeypatch: pytest.MonkeyPatch, task: Task, host: HostProfile, slot: Slot
) -> None:
    starved = Starved(FaultKind.HOST_TOO_NOISY, "starved")
    found, left = complain(monkeypatch, task, host, slot, [noise(), suspicion(), doubt(), starved])
    assert not left
    assert found.outcome is Outcome.ACCEPTED
    # Whatever ended a launch before all was checked, it is checked in full: once two shapes were enough then.
    assert found.numbers["verified_shapes"] == CHECK.verify_shapes


@pytest.mark.parametrize(
    ("make", "outcome", "launches"),
    [(suspicion, Outcome.CHEATED, ACCUSED), (doubt, Outcome.CRASHED, PERSISTS)],
)
def test_what_persists_is_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
    task: Task,
    host: HostProfile,
    slot: Slot,
    make: Callable[[], Exception],
    outcome: Outcome,
    launches: int,
) -> None:
    again = [make() for _ in range(launches - 1)]
    found, left = complain(monkeypatch, task, host, slot, [make(), noise(), *again, noise()])
    assert len(left) == 1
    assert found.outcome is outcome


def test_an_accusation_by_times_waits_for_a_burst_to_end(
    monkeypatch: pytest.MonkeyPatch, task: Task, host: HostProfile, slot: Slot
) -> None:
    """Three launches in a row fit into a second of somebody else's work."""
    found, left = complain(monkeypatch, task, host, slot, [suspicion() for _ in range(PERSISTS)])
    assert not left
    assert found.outcome is Outcome.ACCEPTED


def test_noise_that_persists_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, task: Task, host: HostProfile, slot: Slot
) -> None:
    with pytest.raises(Fault) as fault:
        complain(monkeypatch, task, host, slot, [noise(), suspicion(), noise(), noise()])
    assert fault.value.kind is FaultKind.HOST_TOO_NOISY
