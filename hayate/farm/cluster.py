"""A cluster as a farm, by Parsl: jobs go to whatever nodes the scheduler gives, and to others when those are lost.

Each job's future is settled once, whatever becomes of the nodes that had it. Needs the extra `parsl`.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from hayate.errors import Fault, FaultKind
from hayate.farm import node
from hayate.farm.base import BuildJob, Farm, MeasureJob, closed, taken_back
from hayate.farm.node import Answer, Host, Wanted
from hayate.farm.settings import FarmSettings, ParslSettings
from hayate.farm.status import BlockStatus, Look, NodeStatus
from hayate.hosts import state_dir
from hayate.judge import JUDGE_VERSION
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, Record, decode, encode

log = logging.getLogger("hayate.farm.cluster")

_KINDS: dict[str, type[Record]] = {
    "host": Host,
    "built": Built,
    "rejection": Rejection,
    "measurement": Measurement,
}
UNFIT_MOST = 10  # times that a job comes upon a node that is not what was wanted
CLOSE_S = 60.0
DRAIN_S = 180  # before its walltime a block takes no more jobs


@dataclass
class _Job:
    """Something to be done by some node, and how often it was begun."""

    function: str  # of node.py
    arguments: tuple[str, ...]
    priority: int
    future: Future[Any] = field(default_factory=Future)
    tries: int = 0  # faults that another try can help
    losses: int = 0  # nodes that were lost with it
    unfit: int = 0  # nodes that were not what was wanted
    begun: int = 0  # the number of its last beginning; an earlier one's loss is no loss
    ended: bool = False  # nobody wants it any more
    handed_out: float | None = None  # when it was first seen that some node must have it


@dataclass
class _Node:
    """A machine that has answered."""

    answers: int = 0
    faults: int = 0
    heard: float = 0.0  # monotonic


class ParslFarm(Farm):
    """Blocks of nodes from a batch scheduler. `on_event` hears what becomes of them."""

    kind = "parsl"

    def __init__(
        self,
        settings: FarmSettings,
        *,
        on_event: Callable[[str], None] | None = None,
        work: ModuleType = node,
    ) -> None:
        """Waits for the first node. Raises Fault: no Parsl, no scheduler, no node within `patience_s`.

        `work` has node.py's functions, for tests.
        """
        assert settings.parsl is not None
        self.settings, self.retries = settings.parsl, settings.retries
        self._on_event = on_event or (lambda _: None)
        self._work = work
        self._lock = threading.Lock()
        self._pending: dict[Future[Any], _Job] = {}
        self._begun = self._under_way = 0
        self._answered: dict[int, int] = {}  # priority -> the latest beginning that was answered
        self._heard: dict[str, float] = {}  # pool of workers -> when it answered last, or was seen first
        self._closing = False
        self._blocks: dict[str, str] = {}  # block -> state as last told
        self._nodes: dict[str, _Node] = {}  # by name
        self._last_life = time.monotonic()
        self._dead = ""
        self._wanted = Wanted(
            judge_version=JUDGE_VERSION,
            host_class=self.settings.host_class,
            sandbox=settings.sandbox or "",
            compiler=settings.compiler or "",
            noise_max=self.settings.noise_max,
            priority=self.settings.priority,
        )
        wanted = self.settings.run_dir
        self._folder = Path(wanted).absolute() if wanted else state_dir() / "parsl"
        self._endings = self._folder / f"ended-{uuid.uuid4().hex[:12]}"  # a file for each job that was ended
        self._kernel, self._executor = self._start()
        try:
            host = self._first_node()
        except BaseException:
            self.close()
            raise
        self.host, self.sandbox_tier = host.profile, host.sandbox_tier
        self._wanted = self._wanted.model_copy(
            update={"host_class": host.profile.host_class, "sandbox": host.sandbox_tier}
        )

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        # Builds first: what is built can be looked up, and may not need to be measured.
        return self._submit(self._job("build", job, 2 * priority))

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        """`elsewhere` is left to chance: which node is free next is not ours to say."""
        return self._submit(self._job("measure", job, 2 * priority + 1))

    def end(self, future: Future[Any]) -> None:
        """The node that has it sees a file in `run_dir` and ends its processes; who has not begun it does not."""
        with self._lock:
            job = self._pending.get(future)
        if job is None:
            return
        job.ended = True
        try:
            Path(job.arguments[1]).touch()
        except OSError as error:  # then it runs for nobody
            log.warning("a node is not told that its job was ended: %s", error)
        self._settle(future, error=taken_back())

    def look(self) -> Look:
        trouble, managers = "", []
        try:
            managers = self._executor.connected_managers()
        except Exception as error:  # Parsl's own, of many kinds
            trouble = f"Parsl does not answer: {error}"
        now = time.monotonic()
        with self._lock:
            states, nodes = dict(self._blocks), dict(self._nodes)
        blocks = {}
        for name in {*states, *(m["block_id"] for m in managers)}:
            own = [m for m in managers if m["block_id"] == name]
            blocks[name] = BlockStatus(
                name=str(name),
                state=states.get(name, "running").lower(),
                slots=sum(m["worker_count"] for m in own),
                busy=sum(min(m["tasks"], m["worker_count"]) for m in own),
                leaving=any(m["draining"] or not m["active"] for m in own),
            )
        return Look(
            running=sum(block.busy for block in blocks.values()),
            blocks=tuple(blocks[name] for name in sorted(blocks, key=lambda name: (len(name), name))),
            nodes=tuple(
                NodeStatus(name=name, answers=one.answers, faults=one.faults, heard_s=now - one.heard)
                for name, one in sorted(nodes.items())
            ),
            trouble=trouble,
        )

    def close(self) -> None:
        """End the blocks; what is pending raises Fault(NODE_LOST)."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            pending = list(self._pending)
        for future in pending:
            self._settle(future, error=closed())
        # Scheduler commands may hang; a process that ends must not wait for them for ever.
        ending = threading.Thread(target=self._kernel.cleanup, name="hayate-parsl-close", daemon=True)
        ending.start()
        ending.join(CLOSE_S)
        shutil.rmtree(self._endings, ignore_errors=True)
        if ending.is_alive():
            self._say("the scheduler does not answer: blocks may be left; look with squeue or its kin")

    def _say(self, event: str) -> None:
        self.tally.event(event)
        self._on_event(event)

    # -- Parsl

    def _start(self) -> tuple[Any, Any]:
        try:
            from parsl.config import Config
            from parsl.dataflow.dflow import DataFlowKernel
            from parsl.executors import HighThroughputExecutor

            from hayate.farm.providers import provider
        except ImportError as error:
            raise Fault(
                FaultKind.DEPENDENCY_MISSING, "Parsl is missing", remedy="pip install 'hayate[parsl]'"
            ) from error
        wanted = self.settings
        folder = self._folder
        try:
            self._endings.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Fault(
                FaultKind.NOT_WRITABLE, f"{folder} can't be made: {error}", remedy="set farm.parsl.run_dir"
            ) from error
        # Workers are found through the PATH of the environment that this process runs in, as nodes see it.
        here = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
        options: dict[str, Any] = {"address": wanted.address} if wanted.address else {}
        walltime_s = _seconds(wanted.walltime)
        try:
            executor = HighThroughputExecutor(
                label="slots",
                provider=provider(wanted, f"{here}\n{wanted.worker_init}"),
                max_workers_per_node=wanted.slots_per_node,
                cores_per_worker=0.001,  # the number of workers is ours to say
                cpu_affinity="none",  # each worker takes its slot's cores
                available_accelerators=_accelerators(wanted),
                heartbeat_period=wanted.heartbeat_s,
                heartbeat_threshold=6 * wanted.heartbeat_s,
                drain_period=walltime_s - DRAIN_S if walltime_s > 2 * DRAIN_S else None,
                # The default gives up for good after three blocks that failed, whatever else works.
                block_error_handler=self._look_at_blocks,
                interchange_launch_cmd=[sys.executable, "-m", "hayate.farm.interchange"],
                encrypted=True,
                worker_logdir_root=str(folder),
                **options,
            )
            config = Config(
                executors=[executor],
                # "htex_auto_scale" ends blocks that have not started yet whenever there are fewer jobs than slots.
                strategy="simple",
                strategy_period=1,
                max_idletime=wanted.idle_s,
                retries=0,
                run_dir=str(folder),
                initialize_logging=False,
                usage_tracking=0,
            )
            logging.getLogger("parsl").setLevel(logging.CRITICAL)  # what matters is told as events
            return DataFlowKernel(config), executor
        except Exception as error:
            raise Fault(
                FaultKind.HOST_UNFIT,
                f"the cluster's scheduler can't be used: {type(error).__name__}: {error}",
                remedy="are sbatch, qsub or pjsub on PATH? see farm.parsl in docs/cluster.md",
            ) from error

    def _first_node(self) -> Host:
        job = _Job("describe", (), -1)
        found: Future[Host] = self._submit(job)
        self._say("waiting for the first node")
        try:
            host = found.result(self.settings.patience_s)
        except TimeoutError:
            raise Fault(
                FaultKind.NODE_LOST,
                f"no node within {self.settings.patience_s:.0f} s",
                remedy="look at the scheduler's queue; raise farm.parsl.patience_s",
            ) from None
        self._say(f"first node: {host.profile.host_class}, {host.slots} slots, {host.sandbox_tier}")
        return host

    def _look_at_blocks(self, executor: Any, statuses: Mapping[str, Any]) -> None:
        """Parsl calls it at each look: tell what ended, and give up when nothing has lived for too long."""
        if self._closing:
            return
        dead: list[str] = []
        alive = False
        self._look_for_lost_jobs(executor)
        for block, status in statuses.items():
            state = str(status.state).removeprefix("JobState.")
            if self._blocks.get(block) != state:
                self._blocks[block] = state
                why = _why(executor, block, status) if status.terminal else ""
                self._say(f"block {block}: {state.lower()}{': ' + why if why else ''}")
            if not status.terminal:
                alive = True
            elif state in ("FAILED", "MISSING", "TIMEOUT"):
                dead.append(_why(executor, block, status))
        if alive or not self._pending:
            self._last_life = time.monotonic()
        waited_s = time.monotonic() - self._last_life
        if len(dead) >= 3 and waited_s > self.settings.patience_s and not self._dead:
            self._dead = f"no node for {waited_s:.0f} s; {len(dead)} blocks failed, the last: {dead[-1]}"
            executor.set_bad_state_and_fail_all(RuntimeError(self._dead))

    def _look_for_lost_jobs(self, executor: Any) -> None:
        """A worker that is killed at the wrong moment takes its job along, or a lock that the others of its pool wait
        for, and Parsl hears nothing of it: what no node can still be busy with begins anew.
        """
        try:
            pools = executor.connected_managers()
        except Exception as error:  # the interchange ends
            log.debug("no word of the nodes: %s", error)
            return
        now = time.monotonic()
        late = now - self.settings.overdue_s
        mute: list[str] = []  # blocks
        overdue: list[_Job] = []
        with self._lock:
            waiting = self._under_way - sum(pool["tasks"] for pool in pools)
            busy = {str(pool["manager"]): str(pool["block_id"]) for pool in pools if pool["tasks"]}
            self._heard = {pool: self._heard.get(pool, now) for pool in busy}
            for pool, block in busy.items():
                if self._heard[pool] < late:
                    self._heard[pool] = now
                    mute.append(block)
            for job in self._pending.values():
                passed = (b for p, b in self._answered.items() if p >= job.priority)
                if job.handed_out is None and (waiting <= 0 or job.begun < max(passed, default=0)):
                    job.handed_out = now
                if job.handed_out is not None and job.handed_out < late:
                    overdue.append(job)
        for block in mute:
            self._end_block(executor, block)
        for job in overdue:
            self._lose(job, "a worker keeps a job for too long")

    def _end_block(self, executor: Any, block: str) -> None:
        job_id = executor.blocks_to_job_id.get(block)
        if job_id is not None:
            self._say(f"block {block}: a node of it has jobs and does not answer; it is ended")
            executor.provider.cancel([job_id])

    # -- jobs

    def _job(self, function: str, order: Record, priority: int) -> _Job:
        ended = self._endings / uuid.uuid4().hex
        return _Job(function, (encode(order), str(ended)), priority)

    def _submit(self, job: _Job) -> Future[Any]:
        with self._lock:
            if self._closing:
                raise closed()
            self._pending[job.future] = job
        job.future.set_running_or_notify_cancel()
        self._begin(job)
        return job.future

    def _begin(self, job: _Job) -> None:
        """Hand it to Parsl; what comes of that is looked at in one of its threads."""
        with self._lock:
            self._begun += 1
            self._under_way += 1
            number = job.begun = self._begun
            job.handed_out = None
        try:
            under_way = self._kernel.submit(
                getattr(self._work, job.function),
                app_args=(encode(self._wanted), *job.arguments),
                executors=["slots"],
                cache=False,
                ignore_for_cache=None,
                app_kwargs={"parsl_resource_specification": {"priority": 100 + job.priority}},
            )
        except Exception as error:
            with self._lock:
                self._under_way -= 1
            self._settle(job.future, error=closed() if self._closing else self._lost(job, error))
            return
        under_way.add_done_callback(lambda done: self._done(job, number, done))

    def _done(self, job: _Job, number: int, under_way: Future[Any]) -> None:
        with self._lock:
            self._under_way -= 1
        if job.ended and number == job.begun:
            with contextlib.suppress(OSError):
                Path(job.arguments[1]).unlink()  # who had it has answered, or is lost
        try:
            self._look_at(job, number, under_way)
        except Exception as error:  # nobody else would settle it
            said = f"the answer to a {job.function} makes no sense: {type(error).__name__}: {error}"
            remedy = "the same version of hayate on trainer and nodes"
            self._settle(job.future, error=Fault(FaultKind.INTERNAL, said, remedy=remedy))

    def _look_at(self, job: _Job, number: int, under_way: Future[Any]) -> None:
        if self._closing:
            self._settle(job.future, error=closed())
            return
        error = under_way.exception()
        late = number != job.begun  # it was begun anew meanwhile: only a result still counts
        if job.future.done() or (error is not None and late):
            return
        if error is not None:
            if not type(error).__module__.startswith("parsl.") and not self._dead:
                self._settle(job.future, error=Fault(FaultKind.INTERNAL, f"{type(error).__name__}: {error}"))
                return
            self._lose(job, error)
            return
        self._last_life = time.monotonic()
        answer = decode(Answer, under_way.result())
        self._note(job, number, answer)
        if answer.fault is None:
            self._settle(job.future, decode(_KINDS[answer.kind], answer.record))
            return
        if late:
            return
        fault = Fault(answer.fault, answer.message, remedy=answer.remedy)
        if answer.unfit:
            job.unfit += 1
            self._say(f"{answer.message}; it was sent away")
            if job.unfit < UNFIT_MOST:
                self._hold(answer.pool)
                self._begin(job)
                return
        elif fault.retriable and job.tries < self.retries:
            job.tries += 1
            self._begin(job)
            return
        self._settle(job.future, error=fault)

    def _hold(self, pool: str) -> None:
        """No more jobs for a node that leaves: it would be the first to be free again, and then be lost with them."""
        try:
            self._executor._hold_manager(pool)
        except Exception as error:  # the interchange ends, and others will say so
            log.debug("%s is not held: %s", pool, error)

    def _note(self, job: _Job, number: int, answer: Answer) -> None:
        with self._lock:
            self._answered[job.priority] = max(number, self._answered.get(job.priority, 0))
            self._heard[answer.pool] = self._last_life
            known = self._nodes.setdefault(answer.node, _Node())
            known.answers += 1
            known.faults += answer.fault is not None
            known.heard = self._last_life

    def _lose(self, job: _Job, why: object) -> None:
        job.losses += 1
        if self._dead or job.losses > self.settings.losses:
            self._settle(job.future, error=self._lost(job, why))
        else:
            self._say(f"{why}; its {job.function} runs elsewhere")
            self._begin(job)

    def _lost(self, job: _Job, error: object) -> Fault:
        if self._dead:
            return Fault(FaultKind.NODE_LOST, self._dead, remedy="look at the blocks' logs, then --resume")
        return Fault(
            FaultKind.NODE_LOST,
            f"{job.losses} nodes were lost with this {job.function}: {error}",
            remedy="look at the scheduler's log of the last one",
        )

    def _settle(self, future: Future[Any], result: Any = None, *, error: Fault | None = None) -> None:
        """Once: who comes second is not heard."""
        with self._lock:
            if self._pending.pop(future, None) is None:
                return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


def _accelerators(wanted: ParslSettings) -> list[str]:
    """For each worker the numbers that it sees of its node's (CUDA_VISIBLE_DEVICES and its kin)."""
    each = wanted.accelerators_per_slot
    if not each:
        return []
    return [",".join(str(slot * each + i) for i in range(each)) for slot in range(wanted.slots_per_node)]


def _seconds(walltime: str) -> int:
    hours, minutes, seconds = (int(part) for part in walltime.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def _why(executor: Any, block: str, status: Any) -> str:
    """The last line that a block's job wrote to stderr, else what Parsl makes of it."""
    texts = []
    if executor.provider.script_dir:
        logs = sorted(
            Path(executor.provider.script_dir).glob(f"*block-{block}.*err"), key=lambda p: p.stat().st_mtime
        )
        texts += [path.read_text(errors="replace") for path in reversed(logs)]
    for text in (*texts, status.stderr_summary, status.message):
        if text and text.strip():
            return str(text.strip().splitlines()[-1])[-300:]
    return ""
