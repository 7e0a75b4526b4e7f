"""What a benchmark node does for a farm on a cluster: called by name in a worker process, one worker for each slot.

A worker builds and measures on its slot's cores, so that nobody else's are disturbed. Needs the package's core
alone. Answers are plain values, so that neither side has to trust how the other pickles exceptions.
`parsl_resource_specification` is Parsl's: it reads a job's priority there and hands it on.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from hayate import hosts, judge, sandbox
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm.base import BuildJob, MeasureJob
from hayate.farm.tracked import ended_by
from hayate.judge.locks import held
from hayate.judge.results import Measurement, Rejection
from hayate.records import HostProfile, Record, decode, encode
from hayate.sandbox import Sandbox
from hayate.toolchains import named

_PRIORITIES = ("none", "nice", "fifo")
LEAVE_S = 2.0  # an unfit node answers first, then takes itself out of the farm
CALIBRATION_WAIT_S = 120.0


class Wanted(Record):
    """What a node must be, for its verdicts to be this farm's."""

    judge_version: str
    host_class: str = ""  # "": any; the first node's is the farm's
    sandbox: str = ""  # tier; "": the strongest that works
    compiler: str = ""  # "gcc" or "clang"; "": the first that is there
    noise_max: float = 0.1
    priority: str = "none"  # at least


class Answer(Record):
    """What came of a job; `record` is the JSON of what it asked for, "" if there is a fault."""

    node: str
    pool: str = ""  # of workers, as Parsl names it
    kind: str = ""  # of the record: "host", "built", "rejection", "measurement"
    record: str = ""
    fault: FaultKind | None = None
    message: str = ""
    remedy: str = ""
    unfit: bool = False  # the node is not what was wanted, and leaves


class Host(Record):
    profile: HostProfile
    sandbox_tier: str
    slots: int


def describe(wanted: str, parsl_resource_specification: object = None) -> str:
    """The node itself, checked and calibrated."""

    def run(ready: _Ready) -> tuple[str, Record]:
        return "host", Host(profile=ready.host, sandbox_tier=ready.sandbox.tier, slots=len(hosts.slots()))

    return _answer(wanted, run)


def build(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    """`ended`: the path of a file; when it appears nobody wants the job any more."""

    def run(ready: _Ready) -> tuple[str, Record]:
        order = decode(BuildJob, job)
        os.sched_setaffinity(0, {*ready.slot.compute_cores, ready.slot.clock_core})
        with ended_by(Path(ended) if ended else None, ready.sandbox) as own:
            made = judge.build(
                order.task,
                order.source,
                order.permitted,
                host=ready.host,
                sandbox=own,
                compiler=ready.compiler,
                name=order.name,
                language=order.language,
            )
        return ("rejection" if isinstance(made, Rejection) else "built"), made

    return _answer(wanted, run)


def measure(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    """As `build`."""

    def run(ready: _Ready) -> tuple[str, Record]:
        order = decode(MeasureJob, job)
        with ended_by(Path(ended) if ended else None, ready.sandbox) as own:
            found: Measurement = judge.measure(
                order.task,
                order.built,
                order.plan,
                host=ready.host,
                slot=ready.slot,
                sandbox=own,
                rival=order.rival,
            )
        return "measurement", found

    return _answer(wanted, run)


class _Unfit(Exception):
    """This node can't be one of the farm's."""


class _Ready:
    """A worker's place on its node, checked once."""

    def __init__(self, wanted: Wanted) -> None:
        if wanted.judge_version != judge.JUDGE_VERSION:
            raise _Unfit(f"its judge is {judge.JUDGE_VERSION}, the farm's is {wanted.judge_version}")
        slots = hosts.slots()
        if rank() >= len(slots):
            raise _Unfit(f"it has {len(slots)} slots, and this is worker {rank() + 1}: lower slots_per_node")
        self.slot = slots[rank()]
        try:
            self.sandbox: Sandbox = sandbox.get(wanted.sandbox) if wanted.sandbox else sandbox.best()
            self.compiler = named(wanted.compiler) if wanted.compiler else None
            # One worker calibrates, the others find the profile made.
            lock = hosts.state_dir() / "hosts" / f"calibrating-{socket.gethostname()}"
            with held(lock, CALIBRATION_WAIT_S, "a calibration"):
                self.host = hosts.profile()
                if self.compiler is not None:
                    self.host = self.host.model_copy(update={"compiler": self.compiler.label})
        except (Fault, WrongUse) as trouble:
            raise _Unfit(str(trouble)) from trouble
        if wanted.host_class and self.host.host_class != wanted.host_class:
            raise _Unfit(f"it is of the class {self.host.host_class}, the farm of {wanted.host_class}")
        if self.host.noise is not None and self.host.noise > wanted.noise_max:
            raise _Unfit(f"its noise is {self.host.noise:.3f}, more than {wanted.noise_max:.3f}")
        if _PRIORITIES.index(self.host.priority) < _PRIORITIES.index(wanted.priority):
            raise _Unfit(f"its priority is {self.host.priority}, at least {wanted.priority} is wanted")


@lru_cache(maxsize=4)
def _ready(wanted: str) -> _Ready:
    return _Ready(decode(Wanted, wanted))


def rank() -> int:
    """The worker's number on its node, from 0."""
    return int(os.environ.get("PARSL_WORKER_RANK", "0"))


def pool() -> str:
    """The pool that the worker is of: all of one node in one block."""
    return os.environ.get("PARSL_WORKER_POOL_ID", "")


def _answer(wanted: str, run: Any) -> str:
    place = {"node": socket.gethostname(), "pool": pool()}

    def fault(kind: FaultKind, message: str, remedy: str = "", unfit: bool = False) -> str:
        return encode(Answer(**place, fault=kind, message=message, remedy=remedy, unfit=unfit))

    try:
        ready = _ready(wanted)
    except _Unfit as reason:
        _leave()
        message = f"node {place['node']} is unfit: {reason}"
        return fault(FaultKind.NODE_LOST, message, "hayate doctor, on that node", unfit=True)
    except Exception as error:
        return fault(FaultKind.INTERNAL, f"{type(error).__name__}: {error}")
    try:
        kind, record = run(ready)
    except Fault as trouble:
        return fault(trouble.kind, trouble.message, trouble.remedy)
    except Exception as error:  # a fault of ours: the farm tells it, the worker lives
        return fault(FaultKind.INTERNAL, f"{type(error).__name__}: {error}")
    return encode(Answer(**place, kind=kind, record=encode(record)))


def _leave() -> None:
    """End the workers of this node a moment from now: it would swallow job after job."""
    manager = os.getppid()

    def end() -> None:
        time.sleep(LEAVE_S)
        if os.getppid() == manager:
            # Its helpers would outlive a pool that is killed: the whole of this block's part here ends.
            os.killpg(os.getpgid(manager), signal.SIGTERM)

    if "PARSL_WORKER_RANK" in os.environ:
        threading.Thread(target=end, daemon=True).start()
