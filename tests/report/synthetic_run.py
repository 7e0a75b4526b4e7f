"""A run's folder as training leaves it, made through the archive's API: figures invented, shapes real."""

from __future__ import annotations

import json
import random
from pathlib import Path

from record_examples import accepted, refused

from hayate import tasks
from hayate.archive import Archive
from hayate.errors import Fault, FaultKind
from hayate.records import Candidate, HostProfile, Interval, Origin, Outcome, Technique, Verdict

T = Technique
LADDER = (
    (T.BLOCKING,),
    (T.BLOCKING, T.SIMD),
    (T.BLOCKING, T.SIMD, T.REGISTER_BLOCKING, T.UNROLLING),
    (T.BLOCKING, T.SIMD, T.REGISTER_BLOCKING, T.UNROLLING, T.PACKING, T.ALLOC),
)
HOST = HostProfile(
    fingerprint="f0",
    host_class="Example CPU x86-64-v4",
    cpu="Example CPU 9000",
    cores=2,
    arch="x86-64-v4",
    memory_bytes=8 * 2**30,
    kernel="6.1.0",
    compiler="gcc 12.2.0",
    peak_gflops=Interval(value=118.0, low=116.0, high=120.0),
    bandwidth_gbs={"L1": Interval(value=400, low=390, high=410), "DRAM": Interval(value=14, low=13, high=15)},
    noise=0.0123,
    priority="nice",
    calibrated_at="2026-01-02T03:04:05+00:00",
    warnings=("real-time priority is not allowed here: run as a user who may use it",),
)
FAILURES = (
    (Outcome.WRONG, "at shape (17, 5, 33): C[4] is 1.25, must be 3.5 within 4.4e-16"),
    (Outcome.BUILD_FAILED, "line 12: error: 'x' undeclared <first use> & more"),
    (Outcome.VIOLATION, "malloc at line 7 is not permitted"),
    (Outcome.CRASHED, "signal 11"),
    (Outcome.TIMED_OUT, "over 2.0 s at shape (480, 481, 470)"),
)


def _kernel(number: int) -> str:
    source = (tasks.folder("dgemm") / "reference.c").read_text()
    return f"/* kernel {number} <b>&amp;</b> */\n" + source.replace(
        "double t = 0;", f"double t = 0;  // {number}"
    )


def _origin(**values: object) -> Origin:
    return Origin.model_validate({"kind": "policy", "policy": "tiny", **values})


def make_run(
    folder: Path,
    *,
    steps: int = 24,
    group: int = 16,
    end: bool = True,
    baselines: bool = True,
    right: float = 0.85,
    names: tuple[str, ...] = ("dgemm",),
    abandoned_steps: int = 0,
    staged: bool = True,
    probes: bool = False,
) -> Path:
    """`right` is the share of accepted samples; speed grows with the step. Faults and lineage occur."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(5)
    config = {"run": {"name": "demo", "seed": 0, "tasks": list(names)}, "phases": {"grpo": {"steps": steps}}}
    parent: Candidate | None = None
    best: tuple[float, Candidate] | None = None
    with Archive(folder / "archive.db") as archive:
        archive.start_run("demo", config, HOST.host_class)
        number = 0
        phases = [("sft", 1), ("selftrain", 2), ("before", probes), ("grpo", steps), ("after", probes)]
        for phase, count in phases:
            if not count:
                continue
            archive.start_phase("demo", phase)
            for step in range(count):
                progress = step / max(1, count - 1) if phase == "grpo" else float(phase == "after")
                ladder = LADDER[min(3, int(4 * progress * 1.6))] if phase == "grpo" and staged else LADDER[-1]
                for index in range(group):
                    number += 1
                    name = names[step % len(names)]
                    origin = _origin(
                        run="demo",
                        phase=phase,
                        step=step,
                        group=0,
                        index=index,
                        parents=(parent.hash,) if parent is not None and index == 0 else (),
                    )
                    one = Candidate(task=name, source=_kernel(number), permitted=ladder, origin=origin)
                    fault = rng.random() < 0.01
                    good = rng.random() < right
                    verdict: Verdict | None
                    if fault:
                        verdict = None
                    elif good:
                        used = tuple(t for t in ladder if rng.random() < 0.7)
                        speed = rng.lognormvariate(0, 0.35) * (12 + 50 * progress) * (0.6 + 0.1 * len(used))
                        verdict = accepted(
                            one,
                            gflops=min(speed, 110),
                            speedup=min(speed, 110) / 2.9,
                            techniques=used,
                            object_hash=f"o{number % 97}",
                            task_hash=tasks.builtin(name).hash,
                            host=HOST,
                        )
                    else:
                        outcome, reason = rng.choice(FAILURES)
                        verdict = refused(one, outcome).model_copy(update={"reason": reason, "host": HOST})
                    verdict_id = archive.record_sample(
                        one,
                        verdict,
                        None if verdict is None else (verdict.metric.value / 10 if verdict.metric else -1.0),
                        fault=Fault(FaultKind.HOST_TOO_NOISY, "delayed in 30% of calls") if fault else None,
                    )
                    if verdict is not None and verdict.speedup is not None and name == names[0]:
                        parent = one
                        if best is None or verdict.speedup.low > best[0]:
                            best = verdict.speedup.low, one
                            archive.put_elite(verdict, verdict_id, confirmed=True)
                archive.record_step("demo", phase, step, {"loss": 0.1})
            if end or phase != "grpo":
                archive.end_phase("demo", phase)
        if abandoned_steps:
            archive.mark_abandoned("demo", "grpo", steps - abandoned_steps)
        if end:
            archive.end_run("demo")
    if baselines and best is not None:
        _write_baselines(folder, best[1].hash)
    return folder


def _write_baselines(folder: Path, best: str) -> None:
    top = {"value": 101.0, "low": 99.5, "high": 102.4, "confidence": 0.95}

    def one(name: str, value: float, detail: str = "") -> dict[str, object]:
        ratio = {"value": value / 101, "low": value / 103, "high": value / 100, "confidence": 0.95}
        return {
            "name": name,
            "value": value,
            "low": value * 0.98,
            "high": value * 1.01,
            "ratio_to_best": ratio,
            "detail": detail,
        }

    found = {
        "task": "dgemm",
        "best": best,
        "best_gflops": top,
        "peak_share": {"value": 0.855, "low": 0.84, "high": 0.87, "confidence": 0.95},
        "baselines": [
            one("reference", 2.9),
            one("reference, best flags", 3.4, "reference -funroll-loops"),
            one("OpenBLAS, best core type", 89.0, "OpenBLAS SkylakeX"),
            one("measured FMA peak", 118.0),
        ],
        "bands": [
            {
                "band": b,
                "baseline": "OpenBLAS, best core type",
                "ratio": {"value": v, "low": v - 0.01, "high": v},
            }
            for b, v in (("256", 1.02), ("480", 1.13), ("960", 1.15))
        ],
    }
    (folder / "baselines.json").write_text(json.dumps(found))
