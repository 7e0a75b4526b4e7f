"""Tokens share the workers, and the farm's slots, by time: who has used least of late is next.

Long jobs can't be taken away from a slot without being lost, so three things keep one token from holding all:

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

HALF_LIFE_S = 120.0  # of what was used
START_S = 0.02  # what a start counts at least: so many short jobs of one token are turns, too


class Shares:
    """Any thread may call it. `workers` run anybody's jobs; `more` are for tokens that have none running."""

    def __init__(self, workers: int, more: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers, self.threads = workers, workers + more
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, int, float]] = {}  # job -> token, rank, when it was begun
        self._used: dict[str, tuple[float, float]] = {}  # token -> seconds used, as of when
        self._last: dict[str, int] = {}  # token -> rank of its latest job
        self._now = 0  # the rank of what runs

    def used_s(self) -> dict[str, float]:
        """Token -> seconds of a worker, those of long ago counted less. Tokens that never ran are not in it."""
        with self._lock:
            now = self._clock()
            found = {token: _faded(*used, now) for token, used in self._used.items()}
            for token, _, began in self._held.values():
                found[token] = found.get(token, 0.0) + now - began
            return found

    def excluded(self) -> set[str] | None:
        """Tokens that may begin nothing now; None: nobody may."""
        with self._lock:
            if len(self._held) < self._workers:
                return set()
            if len(self._held) >= self.threads:
                return None
            return {token for token, _, _ in self._held.values()}

    def begin(self, key: str, token: str) -> int:
        """The job is begun. Its rank in the farm's queue."""
        with self._lock:
            now = self._clock()
            running = [rank for _, rank, _ in self._held.values()]
            self._now = max(self._now, min(running, default=self._now))
            rank = max(self._now, self._last.get(token, -1) + 1)
            self._last[token] = rank
            self._held[key] = token, rank, now
            self._used[token] = _faded(*self._used.get(token, (0.0, now)), now) + START_S, now
            return rank

    def end(self, key: str) -> None:
        with self._lock:
            token, rank, began = self._held.pop(key)
            now = self._clock()
            self._used[token] = _faded(*self._used[token], now) + now - began, now
            if not self._held:
                self._now = max(self._now, rank)

    def running(self) -> dict[str, float]:
        """Key -> for how many seconds it has run."""
        with self._lock:
            now = self._clock()
            return {key: now - began for key, (_, _, began) in self._held.items()}

    def by_token(self) -> Counter[str]:
        """Token -> jobs running."""
        with self._lock:
            return Counter(token for token, _, _ in self._held.values())


def _faded(seconds: float, at: float, now: float) -> float:
    return float(seconds * 0.5 ** ((now - at) / HALF_LIFE_S))
