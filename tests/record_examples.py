"""Records for tests: a host, verdicts and candidates of given figures."""

from __future__ import annotations

from hayate.judge import Measurement
from hayate.records import (
    Candidate,
    HostProfile,
    Interval,
    Launch,
    Metric,
    Origin,
    Outcome,
    Speedup,
    Technique,
    Timing,
    Verdict,
)

HOST = HostProfile(
    fingerprint="f0",
    host_class="Example CPU x86-64-v4",
    cpu="Example CPU",
    cores=2,
    arch="x86-64-v4",
    memory_bytes=8 * 2**30,
    kernel="6.1",
    compiler="gcc 12.2.0",
    peak_gflops=Interval(value=118.0, low=116.0, high=120.0),
    noise=0.01,
)


# Machines of another class.
OTHER_HOST = HOST.model_copy(
    update={"fingerprint": "f1", "host_class": "Other CPU aarch64", "cpu": "Other CPU"}
)


def candidate(
    source: str = "void f(void) {}", *, permitted: tuple[Technique, ...] = (), **origin: object
) -> Candidate:
    values: dict[str, object] = {
        "kind": "policy",
        "run": "r1",
        "phase": "grpo",
        "step": 0,
        "index": 0,
        **origin,
    }
    return Candidate(task="dgemm", source=source, permitted=permitted, origin=Origin.model_validate(values))


def timing() -> Timing:
    launch = Launch(
        band="480",
        yardstick="blocked",
        shapes=((480, 481, 470), (479, 480, 482)),
        candidate_ns=(4_000_001, 4_100_003),
        yardstick_ns=(8_000_007, 8_200_011),
        flops=(2.0e8, 2.1e8),
        peak_gflops=118.0,
    )
    return Timing(launches=(launch,))


def measured(
    ratio: float,
    *,
    gflops: float | None = None,
    baseline: str = "reference",
    half: float = 0.01,
    **more: object,
) -> Measurement:
    """Accepted, `ratio` times as fast as the baseline; `gflops` None: three times the ratio."""
    rate = 3 * ratio if gflops is None else gflops
    values: dict[str, object] = {
        "outcome": Outcome.ACCEPTED,
        "reason": f"right, {ratio:.3g} times",
        "timing": timing(),
        "metric": Metric(name="GFLOPS", value=rate, low=0.97 * rate, high=1.03 * rate),
        "speedup": Speedup(
            baseline=baseline,
            median=ratio,
            low=(1 - half) * ratio,
            high=(1 + half) * ratio,
            confidence=0.95,
        ),
        **more,
    }
    return Measurement.model_validate(values)


def accepted(
    of: Candidate,
    *,
    gflops: float = 50.0,
    speedup: float = 15.0,
    width: float = 0.02,
    techniques: tuple[Technique, ...] = (),
    object_hash: str = "o1",
    task_hash: str = "t1",
    host: HostProfile = HOST,
) -> Verdict:
    low, high = 1 - width, 1 + width
    return Verdict(
        task=of.task,
        task_hash=task_hash,
        candidate=of.hash,
        outcome=Outcome.ACCEPTED,
        reason=f"correct, {speedup} times the reference",
        numbers={"shapes": 12.0},
        techniques=techniques,
        timing=timing(),
        metric=Metric(name="GFLOPS", value=gflops, low=gflops * low, high=gflops * high),
        speedup=Speedup(
            baseline="reference", median=speedup, low=speedup * low, high=speedup * high, confidence=0.95
        ),
        object_hash=object_hash,
        host=host,
        sandbox="landlock",
        judge_version="1",
        wall_s=0.5,
    )


def refused(of: Candidate, outcome: Outcome, *, object_hash: str = "", task_hash: str = "t1") -> Verdict:
    return Verdict(
        task=of.task,
        task_hash=task_hash,
        candidate=of.hash,
        outcome=outcome,
        reason=f"{outcome} for a test",
        object_hash=object_hash,
        host=HOST,
        sandbox="landlock",
        judge_version="1",
        wall_s=0.1,
    )
