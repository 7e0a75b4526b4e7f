"""Who waits for which job: long polls and streams, woken when a job is over."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from hayate.archive import Archive, Job

_POLL_S = 5.0  # another server on the same database may have ended a job without a word here


class _Waiter:
    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.woken: set[str] = set()  # keys of jobs that ended since the last look


@dataclass(frozen=True)
class Seen:
    over: list[Job]  # since the last look
    waiting: set[str]  # keys of those that are known and not over


class Waiting:
    """Woken by the service's workers, from their threads."""

    def __init__(self, archive: Archive) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._archive = archive
        self._waiters: dict[str, set[_Waiter]] = {}
        self._ending = False

    def wake(self, key: str) -> None:
        """From any thread: the job is over."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._wake, key)

    def end(self) -> None:
        """Every answer is due now. In the loop's thread."""
        self._ending = True
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.event.set()

    async def over(
        self, keys: Collection[str], wait_s: float, request: Request, *, alive_s: float | None = None
    ) -> AsyncGenerator[Seen]:
        """Jobs as they are over, each once, until all are or `wait_s` are past or the client has gone.

        What is unknown is not waited for. The last look may have seen nothing new; with `alive_s` such a one comes
        at least that often.
        """
        left = set(keys)
        waiter = _Waiter()
        gone = asyncio.ensure_future(_gone(request))
        for key in left:
            self._waiters.setdefault(key, set()).add(waiter)
        deadline = time.monotonic() + wait_s
        try:
            said, looked = time.monotonic(), -math.inf
            while True:
                look, whole = left & waiter.woken, True
                if not look or time.monotonic() - looked >= _POLL_S:
                    # At all of them: another server on the same database may have ended some.
                    look, whole, looked = left, False, time.monotonic()
                waiter.event.clear()  # before looking, so that what ends meanwhile is not missed
                waiter.woken.clear()
                over, waits = await run_in_threadpool(self._look, look, whole)
                left = (left - look) | waits
                if over:
                    yield Seen(over, left)
                    said = time.monotonic()
                rest = deadline - time.monotonic()
                if not left or rest <= 0 or gone.done() or self._ending:
                    yield Seen([], left)
                    return
                woken = asyncio.ensure_future(waiter.event.wait())
                pause = min(rest, _POLL_S, alive_s or _POLL_S)
                await asyncio.wait({woken, gone}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if alive_s is not None and time.monotonic() - said >= alive_s:
                    yield Seen([], left)
                    said = time.monotonic()
        finally:
            gone.cancel()
            for key in keys:
                waiters = self._waiters.get(key, set())
                waiters.discard(waiter)
                if not waiters:
                    self._waiters.pop(key, None)

    def _look(self, keys: Collection[str], whole: bool) -> tuple[list[Job], set[str]]:
        """Those that are over, and which are known and not over. `whole`: most are over, so read them at once."""
        if whole:
            found = self._archive.jobs(keys)
            return [job for job in found if job.over], {job.key for job in found if not job.over}
        known = self._archive.jobs_over(keys)
        ended = [key for key, over in known.items() if over]
        return self._archive.jobs(ended) if ended else [], {key for key, over in known.items() if not over}

    def _wake(self, key: str) -> None:
        for waiter in self._waiters.get(key, ()):
            waiter.woken.add(key)
            waiter.event.set()


async def _gone(request: Request) -> None:
    """Ends when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
