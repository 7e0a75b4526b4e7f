"""A judge that sleeps: jobs of known length for the real farms, to see what all that lies around the judge costs.

The first line of a source names the job, how many seconds its measurement takes, and how large its object is. A build
answers at once. A measurement sleeps, leaves a line in the log as it answers (name, start, end, process), and gives
the job's name as its reason, so that answers that were lost, doubled or mixed up show.

`python -m benchmarks.simulated FOLDER PORT SLOTS [child]` is `hayate serve` over such a judge, with the
tokens of the environment's HAYATE_TOKENS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hayate import tasks
from hayate.errors import Fault, FaultKind
from hayate.farm import BuildJob, FarmSettings, LocalFarm, MeasureJob
from hayate.farm.node import Answer, Host, pool
from hayate.farm.tracked import ended_by
from hayate.hosts import Slot
from hayate.judge import Measurement
from hayate.records import (
    Built,
    HostProfile,
    Interval,
    Launch,
    Metric,
    Outcome,
    Record,
    Speedup,
    Task,
    Technique,
    Timing,
    content_hash,
    decode,
    encode,
)
from hayate.sandbox import Command, Exit, Process, Sandbox

FOLDER = "HAYATE_SIMULATED"  # environment variable: the folder of the log, and of a pool's workers
TASK = "dgemm"
RETRIES = 20  # a benchmark kills the same job's runner more often than a day does
_CHILD_S = 1.0
MORE_WORKERS = 8  # of a server, than it has slots: while one job is recorded, the next is there
HOST = HostProfile(
    fingerprint="simulated",
    host_class="simulated",
    cpu="simulated",
    cores=2,
    arch="x86-64-v3",
    memory_bytes=1 << 30,
    kernel="simulated",
    compiler="none",
    peak_gflops=Interval(value=100, low=100, high=100),
    noise=0.0,
    calibrated_at="2026-01-01T00:00:00+00:00",
    expires_at="2099-01-01T00:00:00+00:00",
)


def source(name: str, seconds: float, object_bytes: int, text: str = "") -> str:
    return f"// simulated {name} {seconds:.6f} {object_bytes}\n{text}"


def build_simulated(
    task: Task, text: str, permitted: Sequence[Technique], *, name: str = "", **_: object
) -> Built:
    job, seconds, size = text.split("\n", 1)[0].split()[2:]
    code = f"{job} {seconds} ".encode().ljust(int(size), b"\0")
    return Built(
        name=name,
        object_code=code,
        object_hash=content_hash(task.name, code),
        permitted=tuple(permitted),
        compiler=HOST.compiler,
        arch=HOST.arch,
    )


def measure_simulated(
    task: Task,
    built: Built,
    *_: object,
    child: bool = False,
    sandbox: Sandbox | None = None,
    **__: object,
) -> Measurement:
    """`child`: the sleep is a process of its own, as a runner is; when it is killed, that is a Fault.

    It is started by the sandbox, where there is one, so that a farm can end it as it ends a runner.
    """
    job, seconds = built.object_code.split(b" ", 2)[:2]
    began = time.monotonic()
    if child:
        command = Command(("sleep", seconds.decode()), box=Path("/"))
        ended = (sandbox or _Unconfined()).start(command).wait().returncode
        if ended:
            raise Fault(FaultKind.RUNNER_LOST, f"the simulated runner ended with {ended}")
    else:
        time.sleep(float(seconds))
    name = job.decode()
    with log(Path(os.environ[FOLDER])).open("a") as file:
        file.write(f"{name} {began:.6f} {time.monotonic():.6f} {os.getpid()}\n")
    return _accepted(task, name)


def log(folder: Path) -> Path:
    return folder / "log"


def _accepted(task: Task, name: str) -> Measurement:
    """As large as a training verdict's; the speeds differ a little, so that rewards do."""
    speed = 10 * (1 + int(content_hash(name)[:4], 16) / 2**20)
    launches = []
    for band in (b for b in task.bands if b.training):
        pairs = range(band.pairs)
        launches.append(
            Launch(
                band=band.name,
                yardstick="simulated",
                shapes=tuple(tuple(band.center.values()) for _ in pairs),
                candidate_ns=tuple(4_000_001 + i for i in pairs),
                yardstick_ns=tuple(8_000_007 + i for i in pairs),
                candidate_delay_ns=tuple(0 for _ in pairs),
                yardstick_delay_ns=tuple(0 for _ in pairs),
                flops=tuple(2.0e8 + i for i in pairs),
                peak_gflops=100.0,
                yardstick_gflops=50.0,
                yardstick_speedup=5.0,
            )
        )
    return Measurement(
        outcome=Outcome.ACCEPTED,
        reason=name,
        numbers={"shapes": 12.0},
        timing=Timing(launches=tuple(launches)),
        metric=Metric(name="GFLOPS", value=3 * speed, low=2.9 * speed, high=3.1 * speed),
        speedup=Speedup(
            baseline="reference", median=speed, low=0.99 * speed, high=1.01 * speed, confidence=0.95
        ),
    )


class _Sleep(Process):
    """As much of a sandbox's process as is asked of one that sleeps."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(argv)

    def wait(self, timeout_s: float | None = None) -> Exit:
        returncode = self._process.wait(timeout_s)
        return Exit(returncode=returncode, signal=None, stdout=b"", stderr=b"", wall_s=0.0)

    def kill(self) -> None:
        self._process.kill()


class _Unconfined(Sandbox):
    """Nothing is confined in it."""

    tier = "simulated"

    def start(self, command: Command) -> Process:
        return _Sleep(command.argv)

    def weaknesses(self) -> tuple[str, ...]:
        return ()


def local(slots: int, *, child: bool = False) -> LocalFarm:
    """The local farm with so many slots, on cores that this machine need not have: builds share none with them."""
    places = [Slot(compute_cores=(10_000 + 2 * i,), clock_core=10_001 + 2 * i) for i in range(slots)]
    return LocalFarm(
        FarmSettings(retries=RETRIES),
        host=HOST,
        slots=places,
        sandbox=_Unconfined(),
        build=build_simulated,
        measure=partial(measure_simulated, child=child),
    )


# -- what node.py does, for a farm on Parsl


def describe(wanted: str, parsl_resource_specification: object = None) -> str:
    return _say("host", Host(profile=HOST, sandbox_tier=_Unconfined.tier, slots=1))


def build(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    order = decode(BuildJob, job)
    return _say("built", build_simulated(order.task, order.source, order.permitted, name=order.name))


def measure(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    order = decode(MeasureJob, job)
    seconds = float(order.built.object_code.split(b" ", 2)[1])
    try:
        with ended_by(Path(ended), _Unconfined()) as own:
            # To start a process would cost more than a short job.
            found = measure_simulated(order.task, order.built, child=seconds > _CHILD_S, sandbox=own)
    except Fault as fault:
        return encode(Answer(node="simulated", pool=pool(), fault=fault.kind, message=fault.message))
    return _say("measurement", found)


def workers(folder: Path) -> Path:
    """A file for each worker process that ever answered here: its PID, and in it the manager's and the processor time
    that it had taken until then.
    """
    return folder / "workers"


def starts_cpu_s(folder: Path) -> list[float]:
    """Of each worker: seconds of a core from its start to its first answer."""
    return [float(file.read_text().split()[1]) for file in workers(folder).glob("[0-9]*")]


def _say(kind: str, record: Record) -> str:
    mine = workers(Path(os.environ[FOLDER])) / str(os.getpid())
    if not mine.exists():
        mine.parent.mkdir(exist_ok=True)
        partial_file = mine.with_name(f".{mine.name}")  # who looks meanwhile finds all of it or nothing
        partial_file.write_text(f"{os.getppid()} {time.process_time():.3f}")
        partial_file.replace(mine)
    return encode(Answer(node="simulated", pool=pool(), kind=kind, record=encode(record)))


def serve(folder: Path, port: int, slots: int, child: bool) -> None:
    from hayate.archive import Archive
    from hayate.serve import ServeSettings, Service, tokens
    from hayate.serve import serve as run

    settings = ServeSettings(workers=slots + MORE_WORKERS)
    with Archive(folder / "archive.db") as kept, local(slots, child=child) as farm:
        service = Service(farm, kept, {TASK: tasks.builtin(TASK)}, settings)
        run(
            service,
            tokens.load(None, os.environ),
            bind=f"127.0.0.1:{port}",
            say=lambda text: print(text, flush=True),
        )


def main(arguments: list[str]) -> Any:
    folder, port, slots, *child = arguments
    serve(Path(folder), int(port), int(slots), bool(child))


if __name__ == "__main__":
    main(sys.argv[1:])
