"""Tokens share the workers, and the farm's slots, by time: who has used least of late is next.

What a long job did is lost when it is taken away from its slot (giving_way.py), so three things come before that:

    workers  when all are busy, some more serve tokens that have nothing running
    turns    the next job is of the token that used least, where what is long past counts less
    rank     in the farm's own queue a token's first job stands beside the others' first, its second beside the
             others' second (start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996)
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

HALF_LIFE_S = 120.0  # of what was used
START_S = 0.02  # what a start counts at least: so many short jobs of one token are turns, too


@dataclass(frozen=True, eq=False)
class Turn:
    """One run of a job. The same job may be submitted again while its last run still ends."""

    key: str
    token: str
    rank: int  # in the farm's queue
    began: float


class Shares:
    """Any thread may call it. `workers` run anybody's jobs; `more` are for tokens that have none running."""

    def __init__(self, workers: int, more: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers, self.threads = workers, workers + more
        self._clock = clock
        self._lock = threading.Lock()
        self._held: set[Turn] = set()
        self._used: dict[str, tuple[float, float]] = {}  # token -> seconds used, as of when
        self._last: dict[str, int] = {}  # token -> rank of its latest job
        self._now = 0  # the rank of what runs

    def used_s(self) -> dict[str, float]:
        """Token -> seconds of a worker, those of long ago counted less. Tokens that never ran are not in it."""
        with self._lock:
            now = self._clock()
            found = {token: faded(*used, now) for token, used in self._used.items()}
            for turn in self._held:
                found[turn.token] = found.get(turn.token, 0.0) + now - turn.began
            return found

    def excluded(self) -> set[str] | None:
        """Tokens that may begin nothing now; None: nobody may."""
        with self._lock:
            if len(self._held) < self._workers:
                return set()
            if len(self._held) >= self.threads:
                return None
            return {turn.token for turn in self._held}

    def begin(self, key: str, token: str) -> Turn:
        """The job is begun."""
        with self._lock:
            now = self._clock()
            self._now = max(self._now, min((turn.rank for turn in self._held), default=self._now))
            rank = max(self._now, self._last.get(token, -1) + 1)
            self._last[token] = rank
            turn = Turn(key, token, rank, now)
            self._held.add(turn)
            self._used[token] = faded(*self._used.get(token, (0.0, now)), now) + START_S, now
            return turn

    def end(self, turn: Turn) -> None:
        with self._lock:
            self._held.remove(turn)
            now = self._clock()
            self._used[turn.token] = faded(*self._used[turn.token], now) + now - turn.began, now
            if not self._held:
                self._now = max(self._now, turn.rank)

    def running(self) -> dict[str, float]:
        """Key -> for how many seconds it has run."""
        with self._lock:
            now = self._clock()
            return {turn.key: now - turn.began for turn in self._held}

    def by_token(self) -> Counter[str]:
        """Token -> jobs running."""
        with self._lock:
            return Counter(turn.token for turn in self._held)


def faded(seconds: float, at: float, now: float) -> float:
    """What was used until `at`, as it counts now."""
    return float(seconds * 0.5 ** ((now - at) / HALF_LIFE_S))
