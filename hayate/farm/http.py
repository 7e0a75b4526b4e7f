"""A farm behind `hayate serve`: the client. Objects stay with the server, their hashes come here.

    build, measure, evaluate -> asks -> sender: batches of jobs -> server
    futures        <- settled by  poller: one long poll for all <- server

Both run in one background thread's event loop. A job's key is a hash of its content (with a nonce where a
fresh measurement is asked for), so that sending it again after a lost response does not run it again. What
the server lost is sent again; what cannot be had within `patience_s` is a Fault(NODE_LOST).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pydantic

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm.base import BuildJob, Farm, MeasureJob, closed
from hayate.farm.http_call import Caller, Refusal
from hayate.farm.settings import SENT_MAX_BYTES, FarmSettings
from hayate.judge import JUDGE_VERSION
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, Candidate, HostProfile, Task

log = logging.getLogger("hayate.farm.http")

_BATCH_JOBS = 64
_BATCH_BYTES = 2**20
_POLL_KEYS = 1024
_POLL_S = 25.0
_REPOLL_S = 0.2  # a poll under way is begun again for new keys, but not more often than this
_RESEND_S = 0.05  # between two batches that are not full: what is asked one by one goes together
_GATHER_S = 0.1  # after an answer: what ends meanwhile comes with the next one
_LAST_WORDS_S = 3.0  # on closing: for taking back what still waits
_JOIN_S = 10.0
_KEPT_RECIPES = 8192
_REBUILDS = 3

Parse = Callable[[dict[str, Any]], Any]


@dataclass(eq=False)
class _Recipe:
    """What was built there, and how to have it built again."""

    job: dict[str, Any]
    key: str  # of the build job
    object_hash: str


@dataclass(eq=False)
class _Ask:
    """One job for the server, and the future that it settles. Changed by the loop's thread alone."""

    body: Callable[[], dict[str, Any]]  # a measurement's changes when its object is built again
    parse: Parse  # of the job's reply
    priority: int
    number: int
    future: Future[Any] = field(default_factory=Future)
    needs: tuple[_Recipe, ...] = ()
    key: str = ""  # once the server has it
    rebuilds: int = 0

    @property
    def order(self) -> tuple[int, int]:
        return self.priority, self.number


class HttpFarm(Farm):
    """`farm = "http://host:8177"` in a run file. The token comes from the environment."""

    kind = "http"

    def __init__(self, settings: FarmSettings) -> None:
        """Asks the server for its host. Raises Fault(NODE_LOST) if it is not there within `patience_s`,
        WrongUse if it has another judge or does not know the token.
        """
        assert settings.http is not None
        self.url = settings.http.url.rstrip("/")
        self._patience_s = settings.http.patience_s
        self._token_env = settings.http.token_env
        self._caller = Caller(self.url, self._token_env, self._patience_s)
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._asked = 0
        self._closing = False
        self._recipes: OrderedDict[tuple[object, ...], _Recipe] = OrderedDict()
        # Of the loop's thread:
        self._live: set[_Ask] = set()
        self._unsent: list[_Ask] = []
        self._sent: dict[str, list[_Ask]] = {}
        self._posting = asyncio.Lock()  # while a batch is on its way
        self._unwanted: set[str] = set()
        self._something_to_send = asyncio.Event()
        self._something_to_poll = asyncio.Event()
        self._something_to_drop = asyncio.Event()
        self._end = asyncio.Event()

        self._first_answer: Future[dict[str, Any]] = Future()
        self._batch_jobs = 1
        self._thread = threading.Thread(target=self._run, name="hayate-http", daemon=True)
        self._thread.start()
        try:
            said = self._first_answer.result()
        except BaseException:  # Ctrl-C, too
            self.close()
            raise
        self._take_in(said)

    def expect(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            there = self.task_hashes.get(task.name)
            if there != task.hash:
                raise WrongUse(
                    f"the server has no task {task.name!r}"
                    if there is None
                    else f"the task {task.name} is {there} there, {task.hash} here",
                    where=self.url,
                    allowed="the same version of hayate and its tasks on both sides",
                )

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        """The Built's object code is empty: it stays with the server."""
        request = {
            "kind": "build",
            "task": job.task.name,
            "task_hash": job.task.hash,
            "source": _cut(job.source),
            "language": job.language,
            "permitted": [str(technique) for technique in job.permitted],
            "priority": priority,
        }
        return self._ask(
            lambda: request, lambda reply: self._built(job.task, request, job.name, reply), priority
        )

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        """Of what this farm built; of other objects the future raises Fault(HOST_UNFIT).

        Raises WrongUse for a plan with a seed (the judge over there draws its own) or with a width to reach.
        """
        plan = job.plan
        if plan.seed is not None:
            raise WrongUse("a seed can't be set over HTTP", where="plan.seed", allowed="none")
        if plan.until_width is not None:
            raise WrongUse(
                "a server decides a head-to-head by time alone",
                where="plan.until_width",
                allowed="none, or a farm that is no server",
            )
        needs = []
        for one in (job.built, job.rival):
            if one is None:
                continue
            recipe = self._recipe(_recipe_key(job.task, one))
            if recipe is None:
                failed: Future[Measurement] = Future()
                failed.set_exception(
                    Fault(
                        FaultKind.HOST_UNFIT,
                        f"{self.url} measures what it built; {one.name or one.object_hash} is not of it",
                        remedy="build it with this farm, or measure on a local one",
                    )
                )
                return failed
            needs.append(recipe)
        # Asked for again on purpose: not to be answered by what is known.
        fresh = job.elsewhere or plan.purpose in ("confirm", "report")
        nonce = uuid.uuid4().hex if fresh else ""
        said = {**plan.model_dump(mode="json", exclude={"seed", "until_width"}), "nonce": nonce}

        def body() -> dict[str, Any]:
            return {
                "kind": "measure",
                "build": needs[0].key,
                "rival": needs[1].key if job.rival is not None else None,
                "plan": said,
                "elsewhere": job.elsewhere,
                "priority": priority,
            }

        def parse(reply: dict[str, Any]) -> Measurement:
            return Measurement.model_validate(reply["measurement"])

        return self._ask(body, parse, priority, tuple(needs))

    def evaluate(
        self, candidate: Candidate, *, task_hash: str = "", priority: int = 0
    ) -> Future[dict[str, Any]]:
        """A whole evaluation over there, kept in the server's archive, paid with its reward: the verdict as
        `hayate judge --json` prints it.

        The future raises Fault, and WrongUse if the server does not have the task, or not with this hash.
        """
        request = {
            "kind": "verdict",
            "task": candidate.task,
            "task_hash": task_hash or None,
            "source": _cut(candidate.source),
            "language": candidate.language,
            "permitted": [str(technique) for technique in candidate.permitted],
            "priority": priority,
        }
        return self._ask(lambda: request, _verdict, priority)

    def close(self) -> None:
        """Takes a few seconds at most, whether the server answers or not."""
        with self._lock:
            first, self._closing = not self._closing, True
            if first:
                self._loop.call_soon_threadsafe(self._end.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_S)

    # From here on: the loop's thread, but for _ask.

    def _ask(
        self,
        body: Callable[[], dict[str, Any]],
        parse: Parse,
        priority: int,
        needs: tuple[_Recipe, ...] = (),
    ) -> Future[Any]:
        """Raises Fault(NODE_LOST) once closing."""
        with self._lock:
            if self._closing:
                raise closed()
            self._asked += 1
            ask = _Ask(body, parse, priority, self._asked, needs=needs)
            self._loop.call_soon_threadsafe(self._begin, ask)
        ask.future.add_done_callback(lambda future: self._cancelled(ask) if future.cancelled() else None)
        return ask.future

    def _cancelled(self, ask: _Ask) -> None:
        """In any thread: somebody cancelled the future."""
        with self._lock:
            if not self._closing:
                self._loop.call_soon_threadsafe(self._drop, ask)

    def _run(self) -> None:
        fault = closed()
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            log.exception("the client failed")
            fault = Fault(FaultKind.INTERNAL, f"the client failed: {error!r}", remedy="report this")
        with self._lock:
            self._closing = True
        with contextlib.suppress(BaseException):
            self._loop.run_until_complete(asyncio.sleep(0))  # asks that came last
        for ask in list(self._live):
            self._settle(ask, fault)
        if not self._first_answer.done():
            self._first_answer.set_exception(fault)
        self._loop.close()

    async def _main(self) -> None:
        async with self._caller:
            ending = asyncio.ensure_future(self._end.wait())
            hello = asyncio.ensure_future(self._hello())
            await asyncio.wait({ending, hello}, return_when=asyncio.FIRST_COMPLETED)
            hello.cancel()
            try:
                self._first_answer.set_result(hello.result() if hello.done() else {})
            except Exception as error:
                self._first_answer.set_exception(error)
                ending.cancel()
                return
            work = [asyncio.ensure_future(part) for part in (self._send(), self._poll(), self._tell())]
            done, _ = await asyncio.wait({ending, *work}, return_when=asyncio.FIRST_COMPLETED)
            if ending in done:
                for ask in list(self._live):
                    self._settle(ask, closed())
            with contextlib.suppress(TimeoutError):  # of a batch on its way the answer has the keys
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self._posting.acquire()
            for task in (*work, ending):
                task.cancel()
            waiting = {*self._sent, *self._unwanted}
            await asyncio.gather(*work, ending, return_exceptions=True)
            if waiting:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(_LAST_WORDS_S):
                        await self._drop_there(waiting, patience_s=0)
            for task in done - {ending}:
                task.result()  # none of them ends by itself

    def _begin(self, ask: _Ask) -> None:
        if self._end.is_set():
            self._settle(ask, closed())
            return
        self._live.add(ask)
        self._unsent.append(ask)
        self._something_to_send.set()

    def _drop(self, ask: _Ask) -> None:
        """Nobody wants it any more."""
        if ask not in self._live:
            return
        self._live.discard(ask)
        if ask in self._unsent:
            self._unsent.remove(ask)
        others = self._sent.get(ask.key, [])
        if ask in others:
            others.remove(ask)
            if not others:
                del self._sent[ask.key]
                self._unwanted.add(ask.key)
                self._something_to_drop.set()

    def _settle(self, ask: _Ask, result: object) -> None:
        """With a reply's result, or an exception."""
        self._live.discard(ask)
        if ask.future.done() or not ask.future.set_running_or_notify_cancel():
            return
        if isinstance(result, BaseException):
            ask.future.set_exception(result)
        else:
            ask.future.set_result(result)

    def _over(self, ask: _Ask, reply: dict[str, Any]) -> None:
        self._caller.heard()
        try:
            if reply["state"] == "fault":
                fault = _fault(reply["fault"])
                if fault.kind is not FaultKind.NODE_LOST or not self._again(ask):
                    self._settle(ask, fault)
            else:
                self._settle(ask, ask.parse(reply))
        except (KeyError, TypeError, ValueError, pydantic.ValidationError) as error:
            self._settle(ask, _no_sense(self.url, error))

    def _again(self, ask: _Ask) -> bool:
        """Its server was lost, or is another one now: send it once more, and build before what it measures."""
        if ask.rebuilds >= _REBUILDS or ask not in self._live:
            return False
        if ask.needs:
            self._build_again(ask)
        else:
            ask.rebuilds += 1
            ask.key = ""
            self._unsent.append(ask)
            self._something_to_send.set()
        return True

    def _built(self, task: Task, job: dict[str, Any], name: str, reply: dict[str, Any]) -> Built | Rejection:
        if reply.get("rejection") is not None:
            return Rejection.model_validate(reply["rejection"])
        found = Built.model_validate(reply["built"])
        built = found.model_copy(update={"name": name or found.object_hash, "object_code": b""})
        key = _recipe_key(task, built)
        with self._lock:
            self._recipes[key] = _Recipe(job, reply["key"], built.object_hash)
            self._recipes.move_to_end(key)
            if len(self._recipes) > _KEPT_RECIPES:
                self._recipes.popitem(last=False)
        return built

    def _recipe(self, key: tuple[object, ...]) -> _Recipe | None:
        """In any thread. What is asked for is kept longest."""
        with self._lock:
            found = self._recipes.get(key)
            if found is not None:
                self._recipes.move_to_end(key)
            return found

    async def _send(
        self,
    ) -> None:
        while True:
            await self._something_to_send.wait()
            self._something_to_send.clear()
            await asyncio.sleep(0)  # what is asked in one go goes in one batch
            while self._unsent:
                self._unsent.sort(key=lambda ask: ask.order)
                batch: list[_Ask] = []
                size = 0
                while self._unsent and len(batch) < self._batch_jobs and size < _BATCH_BYTES:
                    batch.append(self._unsent.pop(0))
                    size += len(json.dumps(batch[-1].body()))
                async with self._posting:
                    await self._send_batch(batch)
                if len(self._unsent) < self._batch_jobs:
                    await asyncio.sleep(_RESEND_S)

    async def _send_batch(self, batch: list[_Ask]) -> None:
        try:
            replies = await self._caller.call("POST", "/v1/jobs", [ask.body() for ask in batch])
            if len(replies) != len(batch):
                raise ValueError(f"{len(replies)} replies to {len(batch)} jobs")
            keys = [str(reply["key"]) for reply in replies]
        except Refusal as refusal:
            if len(batch) > 1:  # one of them is the cause
                for ask in batch:
                    await self._send_batch([ask])
            else:
                self._refused(batch[0], refusal)
            return
        except Fault as fault:
            for ask in batch:
                self._settle(ask, fault)
            return
        except (KeyError, TypeError, ValueError) as error:
            for ask in batch:
                self._settle(ask, _no_sense(self.url, error))
            return
        if any(reply.get("place") != self._place for reply in replies):
            try:
                await self._meet_again()
            except (Fault, WrongUse) as trouble:
                for ask in batch:
                    self._settle(ask, trouble)
                return
        for ask, key, reply in zip(batch, keys, replies, strict=True):
            ask.key = key
            if ask not in self._live:  # cancelled meanwhile
                if key not in self._sent:
                    self._unwanted.add(key)
                    self._something_to_drop.set()
            elif reply["state"] in ("done", "fault"):
                self._over(ask, reply)
            else:
                self._unwanted.discard(key)
                self._sent.setdefault(key, []).append(ask)
                self._something_to_poll.set()

    def _refused(self, ask: _Ask, refusal: Refusal) -> None:
        if refusal.kind in ("unknown_build", "build_unfinished") and ask.needs:
            self._build_again(ask)
        elif refusal.kind == "build_rejected":
            self._settle(ask, Fault(FaultKind.INTERNAL, refusal.message, remedy="report this"))
        else:
            self._settle(ask, self._wrong(refusal))

    def _wrong(self, refusal: Refusal) -> WrongUse:
        allowed = refusal.remedy
        if refusal.status == 401:
            allowed = f"a token that the server knows, in the environment variable {self._token_env}"
        return WrongUse(refusal.message, where=self.url, allowed=allowed)

    def _build_again(self, ask: _Ask) -> None:
        """The server has forgotten an object: build what the measurement needs, then ask for it once more."""
        ask.rebuilds += 1
        if ask.rebuilds > _REBUILDS:
            self._settle(
                ask,
                Fault(
                    FaultKind.NODE_LOST,
                    f"{self.url} forgets its builds",
                    remedy="look at the server's log and its --keep-days",
                ),
            )
            return
        left = set(ask.needs)

        def built_again(recipe: _Recipe, found: Future[Any]) -> None:
            try:
                key, object_hash = found.result()
            except BaseException as error:
                self._settle(ask, error)
                return
            if object_hash != recipe.object_hash:
                self._settle(
                    ask,
                    Fault(
                        FaultKind.NODE_LOST,
                        f"{self.url} builds other code from the same source than before",
                        remedy="go on with --resume: its compiler changed",
                    ),
                )
                return
            recipe.key = key
            left.discard(recipe)
            if not left and ask in self._live:
                self._unsent.append(ask)
                self._something_to_send.set()

        def parse(reply: dict[str, Any]) -> tuple[str, str]:
            built = reply.get("built") or {}
            return reply["key"], str(built.get("object_hash", ""))

        for recipe in ask.needs:
            again = _Ask(partial(_job_of, recipe), parse, ask.priority, ask.number)
            again.future.add_done_callback(partial(built_again, recipe))
            self._begin(again)

    async def _poll(
        self,
    ) -> None:
        while True:
            if not self._sent:
                await self._something_to_poll.wait()
            self._something_to_poll.clear()
            keys = sorted(self._sent, key=lambda key: min(ask.order for ask in self._sent[key]))[:_POLL_KEYS]
            if not keys:
                continue
            body = {"keys": keys, "wait_s": _POLL_S}
            asking = asyncio.ensure_future(self._caller.call("POST", "/v1/results", body, more_s=_POLL_S))
            try:
                reply = await self._unless_new(asking)
                if reply is None:
                    continue
                over, unknown = reply["over"], reply["unknown"]
                for one in over:
                    for ask in self._sent.pop(one["key"], []):
                        self._over(ask, one)
                self._send_again(unknown)
                await asyncio.sleep(_GATHER_S)
            except Fault as fault:
                self._lose(keys, fault)
            except Refusal as refusal:
                self._lose(keys, self._wrong(refusal))
            except (KeyError, TypeError, ValueError) as error:
                self._lose(keys, _no_sense(self.url, error))
            finally:
                asking.cancel()

    async def _unless_new(self, asking: asyncio.Future[Any]) -> Any:
        """The answer; None if there are new keys to ask for."""
        await asyncio.wait({asking}, timeout=_REPOLL_S)
        new = asyncio.ensure_future(self._something_to_poll.wait())
        try:
            await asyncio.wait({asking, new}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            new.cancel()
        return asking.result() if asking.done() else None

    def _send_again(self, unknown: Iterable[str]) -> None:
        """The server lost these jobs, or somebody with the same token took them back."""
        for key in unknown:
            for ask in self._sent.pop(key, []):
                ask.key = ""
                self._unsent.append(ask)
                self._something_to_send.set()

    def _lose(self, keys: Iterable[str], error: Exception) -> None:
        for key in keys:
            for ask in self._sent.pop(key, []):
                self._settle(ask, error)

    async def _tell(
        self,
    ) -> None:
        """Tells the server what nobody wants any more."""
        while True:
            await self._something_to_drop.wait()
            self._something_to_drop.clear()
            await asyncio.sleep(0.05)  # a batch is cancelled one by one
            keys = self._unwanted - self._sent.keys()
            self._unwanted.clear()
            with contextlib.suppress(Fault, Refusal):  # then it runs for nobody
                await self._drop_there(keys, patience_s=self._patience_s)

    async def _drop_there(self, keys: Iterable[str], *, patience_s: float) -> None:
        wanted = sorted(keys)
        for start in range(0, len(wanted), _POLL_KEYS):
            body = {"keys": wanted[start : start + _POLL_KEYS]}
            await self._caller.call("POST", "/v1/drop", body, patience_s=patience_s)

    def _take_in(self, said: dict[str, Any]) -> None:
        self.host, self.sandbox_tier = HostProfile.model_validate(said["host"]), str(said["sandbox"])
        self.task_hashes: dict[str, str] = {task["name"]: task["hash"] for task in said["tasks"]}
        self._place = str(said["place"])
        self._batch_jobs = max(1, min(_BATCH_JOBS, int(said["limits"]["queued_jobs"]) // 4))

    async def _meet_again(self) -> None:
        """The server is on another machine or has another compiler now. Raises Fault(HOST_UNFIT), WrongUse."""
        said = await self._hello()
        known = self.host.host_class
        if said["host"]["host_class"] != known:
            raise Fault(
                FaultKind.HOST_UNFIT,
                f"{self.url} is {said['host']['host_class']} now, and was {known}",
                remedy="go on with --resume, with a server of the same class of hosts",
            )
        self._take_in(said)

    async def _hello(
        self,
    ) -> dict[str, Any]:
        try:
            said: dict[str, Any] = await self._caller.call("GET", "/v1/host")
            version = said["judge_version"]
            HostProfile.model_validate(said["host"])
            _ = said["sandbox"], [task["hash"] for task in said["tasks"]], said["limits"]["queued_jobs"]
            _ = said["place"]
        except Refusal as refusal:
            raise self._wrong(refusal) from None
        except (KeyError, TypeError, ValueError) as error:
            raise WrongUse("no hayate server", where=self.url, allowed="`hayate serve`'s address") from error
        if version != JUDGE_VERSION:
            raise WrongUse(
                f"the server judges by version {version}, this hayate by {JUDGE_VERSION}",
                where=self.url,
                allowed="the same version of hayate on both sides",
            )
        return said


def _job_of(recipe: _Recipe) -> dict[str, Any]:
    return recipe.job


def _recipe_key(task: Task, built: Built) -> tuple[object, ...]:
    return task.hash, built.object_hash, built.flags, tuple(sorted(built.permitted))


def _verdict(reply: dict[str, Any]) -> dict[str, Any]:
    verdict: dict[str, Any] = reply["verdict"]
    if not {"outcome", "reward", "speedup"} <= verdict.keys():
        raise ValueError("no verdict")
    return verdict


def _cut(source: str) -> str:
    """As much as a server takes. What is cut off changes no verdict: the rest is still too long for the judge."""
    return source.encode()[:SENT_MAX_BYTES].decode(errors="ignore")


def _fault(said: dict[str, Any]) -> Fault:
    try:
        kind = FaultKind(said["kind"])
    except ValueError:
        kind = FaultKind.INTERNAL
    return Fault(kind, str(said["message"]), remedy=str(said["remedy"]))


def _no_sense(url: str, error: Exception) -> Fault:
    return Fault(
        FaultKind.INTERNAL,
        f"the answer of {url} makes no sense: {type(error).__name__}: {error}",
        remedy="the same version of hayate on both sides",
    )
