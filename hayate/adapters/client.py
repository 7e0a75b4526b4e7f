"""What the adapters share: replies go to a served farm as candidates, verdicts come back.

    replies -> sources -> candidates -> HttpFarm.evaluate -> verdicts or faults -> rewards, None for a fault

What is asked at the same time, by whichever coroutine, goes in one batch. Back-pressure, a server that is
away, a lost answer: HttpFarm's matter.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import pydantic

from hayate.adapters.questions import Question
from hayate.errors import Fault, WrongUse, too_many
from hayate.farm.http import HttpFarm
from hayate.farm.settings import FarmSettings, HttpSettings

Verdict = dict[str, Any]  # as `hayate judge --json` prints it

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0


class Client:
    """Verdicts from `hayate serve`. Any thread, any event loop; it can be pickled, and connects where it is used."""

    def __init__(
        self,
        url: str,
        *,
        token_env: str = "HAYATE_TOKEN",
        patience_s: float = 600.0,
        again_s: float = 60.0,
    ) -> None:
        """`patience_s`: how long a server that is away or asks to wait is tried again. `again_s`: how long a
        candidate that met the machine's trouble is judged again, where another try can help.

        Nothing is sent yet. Raises WrongUse.
        """
        try:
            self._http = HttpSettings(url=url, token_env=token_env, patience_s=patience_s)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            raise WrongUse(
                first["msg"], where=f"{first['loc'][0]} = {first['input']!r}", allowed="http://host:8177"
            ) from error
        self._again_s = again_s
        self._lock = threading.Lock()
        self._farm: HttpFarm | None = None
        self._process = 0

    def __reduce__(self) -> tuple[object, ...]:
        return partial(Client, **self._http.model_dump(), again_s=self._again_s), ()

    async def verdicts(self, questions: Sequence[Question], replies: Sequence[str]) -> list[Verdict | Fault]:
        """What became of each reply, in order: a model's text, in the format that the prompt asks for.

        Raises WrongUse (a task that the server does not have, an unknown token), and Fault if the server
        is not there at the first use.
        """
        return await self.judge(
            questions, [question.source(reply) for question, reply in zip(questions, replies, strict=True)]
        )

    async def judge(
        self, questions: Sequence[Question], sources: Sequence[str | None]
    ) -> list[Verdict | Fault]:
        """As `verdicts`, of sources. None is a reply whose format was violated."""
        known = self._farm if self._process == os.getpid() else None
        farm = known if known is not None else await asyncio.to_thread(self._connected)
        return await asyncio.gather(
            *(self._judge(farm, q, source) for q, source in zip(questions, sources, strict=True))
        )

    async def _judge(self, farm: HttpFarm, question: Question, source: str | None) -> Verdict | Fault:
        candidate = question.candidate(source)
        until, pause_s = time.monotonic() + self._again_s, _FIRST_PAUSE_S
        while True:
            try:
                return await asyncio.wrap_future(farm.evaluate(candidate, task_hash=question.task_hash))
            except Fault as fault:
                left_s = until - time.monotonic()
                if not fault.retriable or left_s <= 0:
                    return fault
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    def _connected(self) -> HttpFarm:
        with self._lock:
            if self._farm is None or self._process != os.getpid():  # a forked child has no thread of it
                self._farm = HttpFarm(FarmSettings(kind="http", http=self._http))
                self._process = os.getpid()
                atexit.register(self._farm.close)  # takes back what still waits
            return self._farm

    def close(self) -> None:
        """Takes back what waits. The next question connects anew."""
        with self._lock:
            farm, self._farm = self._farm, None
        if farm is not None and self._process == os.getpid():
            atexit.unregister(farm.close)
            farm.close()


@cache
def shared(url: str, token_env: str, patience_s: float, again_s: float) -> Client:
    """One client for all calls of a function that trainers load by its name."""
    return Client(url, token_env=token_env, patience_s=patience_s, again_s=again_s)


def rewards(verdicts: Sequence[Verdict | Fault], fault_share: float = 0.1) -> list[float | None]:
    """The server's rewards; None for a fault. Raises Fault(TOO_MANY_FAULTS) beyond `fault_share` of them."""
    too_many([v for v in verdicts if isinstance(v, Fault)], len(verdicts), fault_share)
    return [None if isinstance(v, Fault) else float(v["reward"]) for v in verdicts]


def speedup(verdict: Verdict) -> float | None:
    """Times the reference's speed, the median; None unless the candidate was accepted and timed."""
    found = verdict["speedup"]
    return None if found is None else float(found["median"])
