"""A sandbox whose commands can be ended by who did not start them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hayate.farm.base import closed
from hayate.sandbox import Command, Process, Sandbox

_LOOK_S = 0.25


class Tracked(Sandbox):
    """Every command it runs is known, so that who closes the farm, or takes a job back, can end them."""

    def __init__(self, inner: Sandbox) -> None:
        self.tier = inner.tier
        self._inner = inner
        self._lock = threading.Lock()
        self._live: weakref.WeakSet[Process] = weakref.WeakSet()
        self._ended = False

    def start(self, command: Command) -> Process:
        if self._ended:
            raise closed()
        process = self._inner.start(command)
        with self._lock:
            self._live.add(process)
            if self._ended:
                process.kill()
        return process

    def weaknesses(self) -> tuple[str, ...]:
        return self._inner.weaknesses()

    def end_all(self) -> None:
        """Kill what runs and start nothing more."""
        with self._lock:
            self._ended = True
            for process in self._live:
                process.kill()


@contextmanager
def ended_by(file: Path | None, inner: Sandbox) -> Iterator[Sandbox]:
    """A sandbox for one job on a node: its commands are ended when `file` appears. Raises Fault(NODE_LOST) if it
    is there already. None: nobody ends them.

    A file, since it reaches every node without a connection; where it is seen late (NFS keeps for some seconds that
    there is none) the job ends so much later.
    """
    own = Tracked(inner)
    if file is None:
        yield own
        return
    if file.exists():
        raise closed()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if file.exists():
                own.end_all()
                return

    watching = threading.Thread(target=watch, name="hayate-ended", daemon=True)
    watching.start()
    try:
        yield own
    finally:
        over.set()
        watching.join()
