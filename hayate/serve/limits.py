"""What one client may take: requests per second, waiting jobs, bytes. And how long to wait for more."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

_BURST_S = 5.0  # a bucket holds what flows in this time
_COUNT_S = 0.5  # so often it is counted how many tokens ask
_REMEMBERED = 256  # ends of jobs that the throughput is taken from
_LONGEST_WAIT_S = 600
_UNKNOWN_WAIT_S = 10.0  # nothing has ended yet


class ServeSettings(BaseModel):
    """Limits of the server and of each token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(default=4 * 2**20, ge=1024)
    head_s: float = Field(default=10.0, gt=0)  # within which a request's head must have come
    connections: int = Field(default=4096, ge=1)  # open at a time
    connections_per_peer: int = Field(default=512, ge=1)  # of one address; a proxy is one
    body_s: float = Field(default=30.0, gt=0)  # within which a body must have come
    rate: float = Field(default=50.0, gt=0)  # requests per second and token, however many tokens ask
    rate_alone: float = Field(default=6.0, ge=1)  # times `rate`: for one that asks alone; several share it
    open_requests: int = Field(default=64, ge=1)  # per token at a time, long polls and streams among them
    queue: int = Field(default=2000, ge=1)  # waiting jobs per token
    workers: int = Field(default=8, ge=1)  # jobs given to the farm at a time
    more_workers: int = Field(default=2, ge=0)  # when those are busy: for tokens that have nothing running
    job_s: float = Field(default=300.0, gt=0)  # a job that runs longer is ended
    wait_s: float = Field(default=2.0, gt=0)  # before another token's run, which has used more, gives way
    lease_s: float = Field(default=30.0, gt=0)  # a server that is silent so long has lost its jobs
    keep_s: float = Field(
        default=7 * 86400.0, gt=0
    )  # results are kept so long after they were last submitted
    drain_s: float = Field(default=120.0, ge=0)


class Bucket:
    """A token bucket: `rate` per second, and what five seconds let in at once. `rate` may be changed."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._level, self.asked = self.size, clock()

    @property
    def size(self) -> float:
        return max(1.0, self.rate * _BURST_S)

    def take(self) -> float:
        """0 if one was taken, else how many seconds until there is one."""
        now = self._clock()
        self._level = min(self.size, self._level + (now - self.asked) * self.rate)
        self.asked = now
        if self._level < 1:
            return (1 - self._level) / self.rate
        self._level -= 1
        return 0.0


class Rates:
    """A bucket per name. There are as many names as tokens.

    Each has `rate`; `alone` times as much is shared by those that ask now, so that a few may have more of what the
    server could take from many.
    """

    def __init__(self, rate: float, alone: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._alone = rate, alone
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._counted = -math.inf
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """As Bucket.take."""
        with self._lock:
            if name not in self._buckets:
                self._buckets[name] = Bucket(self._rate, self._clock)
                self._counted = -math.inf
            wait_s = self._buckets[name].take()
            now = self._clock()
            if now - self._counted >= _COUNT_S:
                self._counted = now
                asking = sum(now - bucket.asked < _BURST_S for bucket in self._buckets.values())
                for bucket in self._buckets.values():
                    bucket.rate = max(self._rate, self._alone * self._rate / asking)
            return wait_s


class Throughput:
    """How fast jobs end, from the last ones that did."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: deque[float] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    def ended(self) -> None:
        with self._lock:
            self._ends.append(self._clock())

    def per_s(self) -> float | None:
        """None if it isn't known yet. A standstill since the last end counts."""
        with self._lock:
            if len(self._ends) < 2:
                return None
            return len(self._ends) / max(1e-3, self._clock() - self._ends[0])

    def seconds_for(self, jobs: int) -> int:
        """About how long until so many jobs have ended; whole seconds, 1 at least."""
        rate = self.per_s()
        return whole_seconds(jobs / rate if rate else _UNKNOWN_WAIT_S)


def whole_seconds(seconds: float) -> int:
    """For Retry-After."""
    return max(1, min(_LONGEST_WAIT_S, math.ceil(seconds)))
