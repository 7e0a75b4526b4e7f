"""What surrounds a call is the candidate's time: work before ready and after done is added to the call."""

from __future__ import annotations

import random
import statistics

import pytest
from hostile import CONTROL, HEAD, kernel, raw

from hayate import sandbox
from hayate.hosts import Slot
from hayate.judge import measure
from hayate.judge.charges import FREE_NS, around_ns, charged
from hayate.judge.failures import CandidateFailed
from hayate.judge.measure import _Measurer
from hayate.judge.native import natives
from hayate.judge.session import LaunchSession
from hayate.judge.subject import subject_of
from hayate.judge.times import CallTimes, PairTimes
from hayate.records import HostProfile, MeasurePlan, Outcome, Task, Technique

SHAPE = {"M": 96, "N": 96, "K": 96}


def call(ns: int = 2_000_000, *, around: int = 30_000, delay: int = 0, halt: int = 25_000) -> CallTimes:
    """One thread's: `around` beyond the call itself, `delay` of the call spent waiting for the core."""
    return CallTimes(
        ns=ns, delay_ns=delay, thaw_ns=around, thaw_delay_ns=0, halt_ns=halt, cpu_ns=ns - delay + around
    )


def pairs(mine: list[CallTimes], others: list[CallTimes]) -> list[PairTimes]:
    return [PairTimes(c, y, 0.0) for c, y in zip(mine, others, strict=True)]


@pytest.mark.parametrize("threads", [False, True])
def test_the_scatter_of_waking_and_stopping_is_free(threads: bool) -> None:
    rng = random.Random(1)
    alike = [
        [call(around=30_000 + rng.randint(-FREE_NS // 3, FREE_NS // 3)) for _ in range(9)] for _ in range(2)
    ]
    assert charged(pairs(*alike), threads) == [(0, 0)] * 9


def test_work_around_a_call_is_added_to_it_whoever_does_it() -> None:
    honest, busy = [call() for _ in range(5)], [call(around=130_000) for _ in range(5)]
    assert charged(pairs(busy, honest), threads=False) == [(100_000, 0)] * 5
    assert charged(pairs(honest, busy), threads=False) == [(0, 100_000)] * 5


def test_with_threads_the_time_to_stop_counts_too() -> None:
    honest, busy = [call() for _ in range(5)], [call(halt=225_000) for _ in range(5)]
    assert charged(pairs(busy, honest), threads=True) == [(200_000, 0)] * 5


def test_with_threads_no_more_waiting_is_believed_than_the_other_had() -> None:
    def waited(delay_ns: int) -> CallTimes:
        return CallTimes(2_000_000, 0, 30_000 + delay_ns, delay_ns, 25_000, 2_000_000)

    honest = [call() for _ in range(5)]
    assert charged(pairs([waited(90_000)] * 5, honest), threads=True) == [(90_000, 0)] * 5
    assert charged(pairs(honest, [waited(90_000)] * 5), threads=True) == [(0, 90_000)] * 5
    both = pairs([waited(90_000)] * 5, [waited(90_000)] * 5)  # a busy machine
    assert charged(both, threads=True) == [(0, 0)] * 5


def test_waiting_for_a_core_is_no_work() -> None:
    waited = [call(delay=900_000) for _ in range(5)]
    assert charged(pairs(waited, [call() for _ in range(5)]), threads=False) == [(0, 0)] * 5


def test_who_sleeps_within_its_call_gains_nothing_by_it() -> None:
    """Its CPU time is less than its call: the other side was once charged the difference."""
    asleep = [CallTimes(5_000_000, 0, 30_000, 0, 25_000, 3_230_000) for _ in range(5)]
    assert charged(pairs(asleep, [call() for _ in range(5)]), threads=False) == [(0, 30_000)] * 5


def test_one_pair_can_be_charged() -> None:
    ((mine, other),) = charged(pairs([call(around=900_000)], [call()]), threads=False)
    assert (mine, other) == (870_000, 0)


# A whole launch: the candidate runs the protocol itself from its first call on, and is busy before ready or after done.
_BUSY = (
    CONTROL
    + """
#include <time.h>
static void spin_us(long us)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while ((b.tv_sec - a.tv_sec) * 1000000L + (b.tv_nsec - a.tv_nsec) / 1000 < us);
}
"""
)


def _pairs(
    task: Task, host: HostProfile, slot: Slot, source: str, permitted: tuple[Technique, ...] = ()
) -> list[PairTimes]:
    """With an honest kernel, the first two left out."""
    with LaunchSession(
        task,
        raw(source, permitted),
        [raw(kernel(), name="opponent")],
        natives=natives(task, host),
        slot=slot,
        sandbox=sandbox.best(),
        shapes=[SHAPE],
    ) as session:
        times = [
            session.pair(
                SHAPE,
                function=0,
                candidate_first=bool(i % 2),
                distribution=0,
                seed=100 + 2 * i,
                timeout_s=5.0,
            )
            for i in range(15)
        ]
    return times[2:]


def _around(task: Task, host: HostProfile, slot: Slot, source: str) -> tuple[float, float]:
    """Medians of what the candidate and an honest kernel had around their calls, in nanoseconds."""
    times = _pairs(task, host, slot, source)
    return (
        statistics.median(around_ns(t.candidate, threads=False) for t in times),
        statistics.median(around_ns(t.yardstick, threads=False) for t in times),
    )


def test_work_before_ready_is_seen(task: Task, host: HostProfile, slot: Slot) -> None:
    source = kernel(
        head=_BUSY,
        after="""
    static int taken;
    if (taken) return;
    taken = 1;
    find();
    for (unsigned turn = page[TURN];;) {
        page[DONE] = turn;
        syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
        while (page[TURN] == turn) syscall(SYS_futex, page + TURN, 0, turn, 0, 0, 0);
        turn++;
        spin_us(200);
        page[READY] = turn;
        while (page[GO] != turn) {}
        const uint32_t *words = (const uint32_t *)page;
        const int64_t *size = (const int64_t *)(words + 82);
        (void)size;
        const uint64_t *offset = (const uint64_t *)(size + 64);
        dgemm((int)size[0], (int)size[1], (int)size[2], (const double *)((const char *)A - first[0] + offset[0]),
              (const double *)((const char *)A - first[0] + offset[1]),
              (double *)((char *)C - first[2] + offset[2]));
    }
""".replace("static int taken;", "static int taken; static uint64_t first[3];").replace(
            "    find();\n",
            "    find();\n    memcpy(first, (const char *)page + 328 + 512, sizeof first);\n",
            1,
        ),
    )
    mine, honest = _around(task, host, slot, source)
    assert mine > honest + 100_000


_HELD_UP = (
    _BUSY
    + HEAD
    + """;
#include <pthread.h>
#include <sched.h>
static uint64_t first[3];
static const char *a;
static const char *b;
static char *c;
static void *protocol(void *unused)
{
    for (unsigned turn = page[TURN];;) {
        page[DONE] = turn;
        syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
        while (page[TURN] == turn) syscall(SYS_futex, page + TURN, 0, turn, 0, 0, 0);
        turn++;
        spin_us(80);
        sched_yield(); /* what the first one waited is counted when it has its core again */
        page[READY] = turn;
        while (page[GO] != turn) {}
        const int64_t *size = (const int64_t *)((const char *)page + 328);
        const uint64_t *offset = (const uint64_t *)(size + 64);
        dgemm((int)size[0], (int)size[1], (int)size[2], (const double *)(a - first[0] + offset[0]),
              (const double *)(b - first[1] + offset[1]), (double *)(c - first[2] + offset[2]));
    }
    return unused;
}
"""
)


def test_a_thread_that_keeps_the_first_one_waiting_works_on_the_candidates_time(
    task: Task, host: HostProfile, slot: Slot
) -> None:
    """The first thread, which the kernel's figure is of, yields to another, which works before it says ready."""
    source = kernel(
        head=_HELD_UP,
        after="""
    static int taken;
    if (taken) return;
    taken = 1;
    find();
    memcpy(first, (const char *)page + 328 + 512, sizeof first);
    a = (const char *)A, b = (const char *)B, c = (char *)C;
    pthread_t thread;
    pthread_create(&thread, NULL, protocol, NULL);
    for (;;) sched_yield();
""",
    )
    times = _pairs(task, host, slot, source, (Technique.THREADS,))
    waited = statistics.median(t.candidate.thaw_delay_ns for t in times)
    assert waited > 50_000  # it does enlarge what was once taken off
    assert statistics.median(mine for mine, _ in charged(times, threads=True)) > 40_000


# -- how long a candidate can have a slot


def test_one_candidate_has_a_slot_for_a_bounded_time(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Launches that are repeated for ever end: by its own calls as a verdict, else as a fault."""
    plan = MeasurePlan(purpose="check", launches=0, verify_shapes=2, wall_s=5.0)
    measurer = _Measurer(subject_of(task, raw(kernel()), plan, host, slot, best, None))
    assert measurer.most_s == 10.0
    measurer.began -= 11.0
    measurer.candidate_s = 9.0
    with pytest.raises(CandidateFailed) as failed:
        measurer._within_limit()
    assert failed.value.outcome is Outcome.TIMED_OUT
    assert "in its own calls" in failed.value.reason


def test_a_slow_first_call_leaves_a_launch_all_its_pairs(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    """It once left two, of which the median took the middle: what is slow once may be lucky the other time."""
    slow = kernel(
        head="#include <time.h>\nstatic int calls;",
        before="""
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while (M > 200 && !calls && (b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec) < 0.5);
    calls += M > 200;
""",
    )
    plan = MeasurePlan(verify_shapes=2, bands=("256",))
    found = measure(task, raw(slow), plan, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.timing is not None
    assert len(found.timing.launches[0].candidate_ns) >= 3
