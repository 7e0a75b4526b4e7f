"""What a farm is doing: slots, nodes, queue, throughput, faults. For `hayate farm` and `GET /v1/farm`."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hayate.errors import Fault
from hayate.records import Record, encode

T = TypeVar("T")

WINDOW_S = 60.0  # throughput is that of the last minute
EVENTS = 50  # the last so many are kept
PUBLISH_S = 2.0


class SlotStatus(Record):
    """One slot, or a core that builds."""

    name: str  # "slot 0: calls on 2, clock on 3"
    job: str = ""  # "build", "measure", or whoever else has it; "": idle
    for_s: float = 0.0  # how long it has run


class BlockStatus(Record):
    """A job of a cluster's scheduler that lends nodes."""

    name: str
    state: str  # as the scheduler said last: "pending", "running", "completed", ...
    slots: int = 0  # connected
    busy: int = 0
    leaving: bool = False  # takes no more jobs


class NodeStatus(Record):
    """A machine that has answered."""

    name: str
    answers: int
    faults: int
    heard_s: float  # since its last answer


class Event(Record):
    at: float  # seconds since 1970
    text: str


class Look(Record):
    """What a farm knows of its places at this moment."""

    running: int = 0  # of the jobs that were asked for
    slots: tuple[SlotStatus, ...] = ()
    blocks: tuple[BlockStatus, ...] = ()
    nodes: tuple[NodeStatus, ...] = ()
    trouble: str = ""  # why it can't be seen further


class FarmStatus(Look):
    """One farm. Counts are since it was opened; times are seconds since 1970."""

    kind: str
    host_class: str = ""
    sandbox: str = ""
    judge_version: str = ""
    opened: float
    at: float
    closed: bool = False
    pending: dict[str, int] = {}  # asked for and not ended, "build" and "measure"
    waiting: int = 0  # of these, those that do not run yet
    ended: dict[str, int] = {}  # with a result
    faults: dict[str, int] = {}  # without one, by kind
    per_minute: float = 0.0  # results within the last minute
    events: tuple[Event, ...] = ()


class Farms(Record):
    """What `farm.json` of a run's folder holds, and what `hayate farm --json` prints.

    `farms`: by the names of a run's further classes of hosts; the run's own, and a server's, has the name "".
    `jobs`: of a server's queue, kind -> state -> how many.
    """

    farms: dict[str, FarmStatus]
    jobs: dict[str, dict[str, int]] = {}
    draining: bool = False


class Tally:
    """Counts what goes through a farm. Any thread may call it."""

    def __init__(self) -> None:
        self.opened = time.time()
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._times: deque[float] = deque()
        self._events: deque[Event] = deque(maxlen=EVENTS)

    def follow(self, kind: str, future: Future[T]) -> Future[T]:
        """Count it now, and again when it is settled."""
        with self._lock:
            self._asked[kind] += 1
        future.add_done_callback(lambda done: self._over(kind, done))
        return future

    def event(self, text: str) -> None:
        with self._lock:
            self._events.append(Event(at=time.time(), text=text))

    def status(self, kind: str, look: Look, **more: str) -> FarmStatus:
        now = time.monotonic()
        with self._lock:
            while self._times and now - self._times[0] > WINDOW_S:
                self._times.popleft()
            opened_s = max(1.0, time.time() - self.opened)
            left = {name: n - self._ended[name] - self._dropped[name] for name, n in self._asked.items()}
            return FarmStatus(
                kind=kind,
                opened=self.opened,
                at=time.time(),
                pending=left,
                waiting=max(0, sum(left.values()) - look.running),
                ended=dict(self._ended),
                faults=dict(self._faults),
                per_minute=60.0 * len(self._times) / min(WINDOW_S, opened_s),
                events=tuple(self._events),
                **look.model_dump(),
                **more,
            )

    def _over(self, kind: str, done: Future[T]) -> None:
        try:
            error = done.exception()
        except CancelledError:
            with self._lock:
                self._dropped[kind] += 1
            return
        with self._lock:
            if error is None:
                self._ended[kind] += 1
                self._times.append(time.monotonic())
            else:
                self._dropped[kind] += 1
                self._faults[error.kind.value if isinstance(error, Fault) else "error"] += 1


@contextmanager
def published(farms: Mapping[str, Callable[[], FarmStatus]], path: Path) -> Iterator[None]:
    """Keep `path` (a Farms, JSON) up to date while inside. A disk that takes nothing costs the view alone."""
    ended = threading.Event()

    def write(closed: bool = False) -> None:
        found = {name: status().model_copy(update={"closed": closed}) for name, status in farms.items()}
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(encode(Farms(farms=found)) + "\n")
            partial.replace(path)
        except OSError:
            return

    def keep() -> None:
        while not ended.wait(PUBLISH_S):
            write()

    write()
    thread = threading.Thread(target=keep, name="hayate-farm-status", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(PUBLISH_S)
        write(closed=True)
