"""Jobs from requests, and workers that take them from the queue and run them on a farm.

    submit -> queued -> running -> done | fault          all of it in the archive's database
                 ^         |
                 +---------+  the server died, was told to end before the job had, or the job gave way to another's

A job's key is a hash of all that determines its result (requests.py); what it does is in work.py, whose turn it is in
shares.py, and when a run has to give way to others in giving_way.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from hayate import __version__
from hayate.archive import Archive, DatabaseFault, Job, QueueFull
from hayate.errors import Fault, FaultKind
from hayate.evaluate import EvaluateSettings
from hayate.farm import Farm, Farms
from hayate.judge import JUDGE_VERSION
from hayate.records import Task
from hayate.rewards import RewardSettings
from hayate.serve.followed import Followed, Running
from hayate.serve.giving_way import GivingWay
from hayate.serve.limits import ServeSettings, Throughput
from hayate.serve.metrics import Metrics
from hayate.serve.models import BuildJob, HostReply, LimitsReply, MeasureJob, TaskReply, VerdictJob
from hayate.serve.refused import Refused
from hayate.serve.requests import Requests
from hayate.serve.shares import Shares
from hayate.serve.work import Work
from hayate.serve.worker import is_dead, worker_name

log = logging.getLogger("hayate.serve")

_TICK_S = 1.0
_LOOK_S = 0.25  # at who has waited too long
_FORGET_EVERY_S = 600.0
_JOIN_S = 10.0
# What is told to everybody of the database's trouble. The rest, with its paths, is the operator's: in the log.
DATABASE_TROUBLE = "the database can't be used"


class Service:
    """The queue and its workers. Any thread may call it."""

    def __init__(
        self,
        farm: Farm,
        archive: Archive,
        tasks: Mapping[str, Task],
        settings: ServeSettings | None = None,
        *,
        reward_settings: RewardSettings | None = None,
        evaluate_settings: EvaluateSettings | None = None,
    ) -> None:
        self.farm, self.archive, self.tasks = Followed(farm), archive, dict(tasks)
        self.settings = settings or ServeSettings()
        self.metrics = Metrics()
        self.throughput = Throughput()
        self.reward_settings = reward_settings or RewardSettings()
        evaluate_settings = evaluate_settings or EvaluateSettings()
        self.requests = Requests(self.farm, archive, self.tasks, self.reward_settings, evaluate_settings)
        self._work_of = Work(
            self.farm, archive, self.tasks, self.requests, self.reward_settings, evaluate_settings
        )
        self.shares = Shares(self.settings.workers, self.settings.more_workers)
        self.giving_way = GivingWay(self.settings.wait_s)
        self.metrics.info.labels(__version__, JUDGE_VERSION, farm.host.host_class, farm.sandbox_tier).set(1)
        self.worker = worker_name()
        self.on_end: Callable[[str], None] = lambda key: None  # hears of each job that ended, from any thread
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._queued = threading.Condition(
            lock
        )  # workers alone wait for it: as many are woken as there are jobs
        self._submissions = 0
        self._busy = 0  # workers that take or run a job
        self._taking = threading.Lock()  # so that each sees what the one before has begun
        self._draining = self._stopping = False
        self._trouble = ""  # of the database, while it lasts
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Queue again what an earlier server left, and begin. Raises Fault."""
        dead = {worker for worker in self.archive.job_workers() if is_dead(worker)}
        self._requeue(dead)
        # Daemons: the interpreter must end even if a farm never answers.
        self._threads = [
            threading.Thread(target=self._work, name=f"hayate-serve-{i}", daemon=True)
            for i in range(self.shares.threads)
        ]
        self._threads.append(threading.Thread(target=self._keep, name="hayate-serve-keeper", daemon=True))
        for thread in self._threads:
            thread.start()

    def drain(self) -> None:
        """Take nothing more; what runs goes on."""
        with self._changed:
            self._draining = True
            self._queued.notify_all()

    def stop(self) -> None:
        """Close the farm. What did not finish is queued again for the next server."""
        with self._changed:
            self._draining = self._stopping = True
            self._changed.notify_all()
            self._queued.notify_all()
        self.farm.close()
        deadline = time.monotonic() + _JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.archive.release_jobs(self.worker)

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def busy(self) -> int:
        """Workers that have not come to rest."""
        return self._busy

    def unready(self) -> list[str]:
        """Why no job should be sent here now, in words for everybody; empty: send them."""
        reasons = ["draining"] if self._draining else []
        if self._trouble:
            reasons.append(DATABASE_TROUBLE)
        alive, due = sum(thread.is_alive() for thread in self._threads), self.shares.threads + 1
        if not self._draining and alive < due:
            reasons.append(f"{alive} of {due} threads run")
        return reasons

    def host(self) -> HostReply:
        return HostReply(
            place=self.requests.place,
            host=self.farm.host,
            sandbox=self.farm.sandbox_tier,
            judge_version=JUDGE_VERSION,
            version=__version__,
            tasks=[
                TaskReply(
                    name=task.name,
                    title=task.title,
                    hash=task.hash,
                    languages=list(task.languages),
                    techniques=list(task.techniques),
                    bands=[band.name for band in task.bands],
                )
                for task in self.tasks.values()
            ],
            limits=LimitsReply(
                body_bytes=self.settings.body_bytes,
                requests_per_s=self.settings.rate,
                queued_jobs=self.settings.queue,
            ),
        )

    def status(self) -> Farms:
        """Raises Fault."""
        jobs: dict[str, dict[str, int]] = {}
        for (kind, state), number in sorted(self.archive.count_jobs().items()):
            jobs.setdefault(kind, {})[state] = number
        return Farms(farms={"": self.farm.status()}, jobs=jobs, draining=self._draining)

    def submit(self, token: str, requests: Sequence[BuildJob | MeasureJob | VerdictJob]) -> list[Job]:
        """The jobs, in the order of the requests; all or none are queued. Raises Refused, Fault."""
        if self._draining:
            raise Refused(503, "draining", "the server ends", "send it again after a while", retry_after_s=10)
        wanted = [self.requests.new_job(request) for request in requests]
        distinct = {job.key for job in wanted}
        if len(distinct) > self.settings.queue:
            raise Refused(
                413,
                "too_many_jobs",
                f"{len(distinct)} jobs, where a token may have {self.settings.queue} waiting",
                "send fewer at a time",
            )
        needs = {
            key
            for r in requests
            if isinstance(r, MeasureJob)
            for key in (r.build, r.rival)
            if key is not None
        }
        try:
            found, new = self.archive.submit_jobs(wanted, token=token, limit=self.settings.queue, needs=needs)
        except QueueFull as full:
            raise Refused(
                429,
                "queue_full",
                f"{full.queued} jobs of this token wait, at most {self.settings.queue} may",
                "wait as long as Retry-After says",
                retry_after_s=self.throughput.seconds_for(full.over),
            ) from None
        fresh = len(new)
        for job in wanted:
            if job.key in new:
                self.metrics.submitted.labels(job.kind).inc()
                new.discard(job.key)
            else:
                self.metrics.repeated.labels(job.kind).inc()
        self._wake(fresh)
        return found

    def drop(self, keys: Collection[str], token: str) -> list[str]:
        """Take back what waits or runs and is this token's alone; what runs is ended. Raises Fault."""
        runs = self.farm.runs(keys)  # these, and not what is submitted again while they are ended
        dropped = self.archive.drop_jobs(keys, token)
        for key in dropped:
            if key in runs:
                self.farm.end_run(runs[key])
        return dropped

    def _work(self) -> None:
        """One worker: take, run, record, until the server drains."""
        while True:
            with self._changed:
                if self._draining:
                    return
                self._busy += 1
                seen = self._submissions
            took = False
            try:
                took = self._take_and_run()
            except Exception:
                log.exception("a worker")
                seen = -1
            finally:
                with self._changed:
                    self._busy -= 1
            if not took:
                self._rest(seen)

    def _rest(self, seen: int) -> None:
        """Until there may be more to take than when `seen` submissions had come."""
        with self._changed:
            # What could not be taken because of trouble may be there later.
            timeout = _TICK_S if self._trouble or seen < 0 else None
            self._queued.wait_for(lambda: self._draining or 0 <= seen != self._submissions, timeout)

    def _take_and_run(self) -> bool:
        """False if there was nothing to take."""
        with self._taking:
            excluded = self.shares.excluded()
            if excluded is None:
                return False
            try:
                job = self.archive.take_job(
                    self.worker,
                    lease_s=self.settings.lease_s,
                    served=self.shares.used_s(),
                    excluded=excluded,
                )
                self._trouble = ""
            except Fault as fault:
                self._trouble = str(fault)
                log.error("the queue can't be read: %s", fault)
                return False
            if job is None:
                return False
            # A queue that is its own is no wait for others.
            alone = not self.shares.by_token()[job.token]
            waited_s = min(self.settings.wait_s, max(0.0, time.time() - job.created)) if alone else 0.0
            turn = self.shares.begin(job.key, job.token)
        try:
            with self.farm.of(job.key, job.token, turn.rank, waited_s) as running:
                self._run(job, running)
        finally:
            self.shares.end(turn)
        return True

    def _run(self, job: Job, running: Running) -> None:
        began = time.time()
        self.metrics.wait_s.labels(job.kind).observe(max(0.0, began - job.created))
        code: bytes | None = None
        result, fault = "", None
        try:
            result, code = self._do(job, running)
        except Fault as met:
            fault = met
        except Refused as refused:  # the build was forgotten meanwhile, say
            fault = Fault(FaultKind.NODE_LOST, refused.message, remedy=refused.remedy)
        except Exception as error:
            if not running.ended:  # what was cancelled raises this and that
                log.exception("job %s", job.key)
            fault = Fault(
                FaultKind.INTERNAL,
                f"the server failed: {type(error).__name__}",
                remedy="see the server's log",
            )
        if running.ended and running.why == "gave way" and fault is not None:
            self._put_back(job.key)  # what came of it all the same counts
            return
        if running.ended and running.why == "overdue":
            fault = Fault(
                FaultKind.OUT_OF_TIME,
                f"it ran for more than {self.settings.job_s:g} s, which is all that a job has here",
                remedy="ask for fewer launches, pairs or shapes",
            )
        elif running.ended and running.why == "taken back":
            self.giving_way.end(job.key)
            return  # there is no such job any more
        if fault is not None and self._stopping:
            return  # ended because it was told to: the next server runs it
        state = "done" if fault is None else "fault"
        self.giving_way.end(job.key)
        if self._record(job, result, code, fault):
            self.throughput.ended()
            self.metrics.ended.labels(job.kind, state).inc()
            self.metrics.run_s.labels(job.kind).observe(max(0.0, time.time() - began))
        self.on_end(job.key)

    def _do(self, job: Job, running: Running) -> tuple[str, bytes | None]:
        """Work.carry_out, again while the database takes nothing: an accepted job is no worse for a full disk."""
        while True:
            try:
                return self._work_of.carry_out(job)
            except DatabaseFault as trouble:
                if not trouble.passes or self._stopping or running.ended:
                    raise
                self._pause(trouble)

    def _record(self, job: Job, result: str, code: bytes | None, fault: Fault | None) -> bool:
        """As soon as the database takes it. False if another's result stands."""
        while True:
            try:
                if fault is not None:
                    return self.archive.fault_job(job.key, self.worker, fault)
                return self.archive.finish_job(job.key, result, code)
            except Fault as trouble:
                if self._stopping:
                    raise
                self._pause(trouble)

    def _put_back(self, key: str) -> None:
        """As soon as the database takes it; where the server ends before, `stop` does the same."""
        while True:
            try:
                if self.archive.put_back(key, self.worker):
                    self.metrics.gave_way.inc()
                    self._wake(1)
                return
            except Fault as trouble:
                if self._stopping:
                    return
                self._pause(trouble)

    def _pause(self, trouble: Fault) -> None:
        self._trouble = str(trouble)
        log.error("a result can't be recorded yet: %s", trouble)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, _TICK_S)

    def _keep(self) -> None:
        """Renews leases, takes over what other servers lost, forgets what nobody asked for in a long time."""
        ticked = renewed = forgotten = time.monotonic()
        while not self._stopping:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, _LOOK_S)
            try:
                now, running = time.monotonic(), self.shares.running()
                self._give_way()
                if now - ticked < _TICK_S:
                    continue
                ticked = now
                self._end_unwanted(running)
                if now - renewed >= self.settings.lease_s / 4:
                    renewed = now
                    self.archive.renew_leases(self.worker, running, lease_s=self.settings.lease_s)
                    self._requeue(set())
                if now - forgotten >= _FORGET_EVERY_S:
                    forgotten = now
                    self.archive.forget_jobs(time.time() - self.settings.keep_s)
                if self.archive.job_waits() and self._busy < self.settings.workers:
                    self._wake(1)  # another server on the same database took it in
                self._trouble = ""  # it answers
            except Fault as fault:
                self._trouble = str(fault)
                log.error("the database: %s", fault)
            except Exception as error:  # without its keeper a server loses its leases
                self._trouble = f"{type(error).__name__}: {error}"
                log.exception("the keeper")

    def _give_way(self) -> None:
        """End the runs whose places others have waited for too long."""
        queued: dict[str, float] = {}
        if self.shares.excluded() is None:
            now, has = time.time(), self.shares.by_token()
            queued = {
                token: now - since for token, since in self.archive.queued_since().items() if token not in has
            }
        for run in self.giving_way.choose(self.farm.all_runs(), queued):
            if run.holds:
                self.giving_way.gave_way(run.key)
            self.farm.end_run(run, "gave way")

    def _end_unwanted(self, running: Mapping[str, float]) -> None:
        """What took too long, and what was taken back, perhaps by way of another server on the same database."""
        if not running:
            return
        runs = self.farm.runs(running)
        unwanted = running.keys() - self.archive.jobs_over(running).keys()
        for key, run in runs.items():
            if key in unwanted or running[key] > self.settings.job_s:
                self.farm.end_run(run, "taken back" if key in unwanted else "overdue")

    def _requeue(self, dead: set[str]) -> None:
        queued, given_up = self.archive.requeue_jobs(dead)
        if queued or given_up:
            log.warning("%d jobs of a server that died are queued again, %d given up", queued, given_up)
            self.metrics.requeued.inc(queued)
            self._wake(queued)

    def _wake(self, jobs: int) -> None:
        """As many workers as there are new jobs: each looks into the queue by a transaction of its own."""
        with self._changed:
            self._submissions += jobs
            self._queued.notify(jobs)
