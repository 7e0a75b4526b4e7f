"""Processes that read, started when asked for and used again; none outlives its owner, and none is waited for long."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from hayate.errors import Fault, FaultKind
from hayate.toolchains.reading.worker import HEAD, REPLY, receive

CPU_MAX_S = 3.0  # of one request; real kernels take milliseconds
MEMORY_MAX_BYTES = 1 << 30  # of addresses; the interpreter and the parsers take some 200 MB of it
WALL_MAX_S = 60.0  # the limit that counts is of CPU time: a busy machine is no fault of a text
REPLY_MAX_BYTES = 8 << 20
_IDLE_MAX = 4
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from hayate.toolchains.reading.worker import main
main(int(sys.argv[2]))
"""


class Tangled(Exception):
    """What was to be read takes more time or memory than any real kernel does, or breaks the parser."""


class _Lost(Exception):
    """The process ended, or answers nothing. With its exit status, where it has one."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class _Reader:
    def __init__(self) -> None:
        self._link, theirs = socket.socketpair()
        self._process: subprocess.Popen[bytes]
        # The interpreter is told its path, and nothing of the environment changes what it imports.
        path = json.dumps([folder or str(Path.cwd()) for folder in sys.path])
        argv = [sys.executable, "-I", "-c", _START, path, str(MEMORY_MAX_BYTES)]
        try:
            self._process = subprocess.Popen(
                argv, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True, cwd="/"
            )
        except OSError as error:
            self._link.close()
            kind = FaultKind.OUT_OF_MEMORY if isinstance(error, BlockingIOError) else FaultKind.INTERNAL
            raise Fault(kind, f"the process that reads sources can't be started: {error}") from error
        finally:
            theirs.close()
        self._link.settimeout(WALL_MAX_S)

    def ask(self, *parts: bytes) -> bytes:
        """Raises _Lost; then this process is gone, and waited for."""
        try:
            cores = sorted(os.sched_getaffinity(0))
            lengths = HEAD.pack(CPU_MAX_S, *map(len, parts), len(cores))
            self._link.sendall(b"".join((lengths, struct.pack(f"<{len(cores)}I", *cores), *parts)))
            (size,) = REPLY.unpack(receive(self._link, REPLY.size))
            if size > REPLY_MAX_BYTES:
                raise EOFError
            return receive(self._link, size)
        except (OSError, EOFError):
            raise _Lost(self.close()) from None
        except (
            BaseException
        ):  # whoever is interrupted here leaves an answer behind that belongs to no question
            self.close()
            raise

    def close(self) -> int | None:
        """End it. The status is None where it was still alive, and had to be killed."""
        self._link.close()
        try:
            return self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def forget(self) -> None:
        """In a forked process: it is the other one's. Its end must be seen by the reader, so nothing stays open."""
        self._link.close()
        self._process.returncode = 0


class _Pool:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Reader] = []
        self._all: set[_Reader] = set()

    def ask(self, *parts: bytes) -> bytes:
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            reader = _Reader()
            with self._lock:
                self._all.add(reader)
        try:
            reply = reader.ask(*parts)
        except BaseException:
            with self._lock:
                self._all.discard(reader)
            raise
        with self._lock:
            spare = len(self._idle) >= _IDLE_MAX
            (self._all.discard if spare else self._idle.append)(reader)
        if spare:
            reader.close()
        return reply

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            self._all.difference_update(idle)
        for reader in idle:
            reader.close()

    def after_fork(self) -> None:
        """The lock may have been held by a thread that is not here."""
        for reader in list(self._all):
            with contextlib.suppress(OSError):
                reader.forget()
        self.__init__()  # type: ignore[misc]


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.after_fork)
atexit.register(_pool.close)


def ask(head: bytes, task: bytes, data: bytes) -> dict[str, Any]:
    """The answer to one request, by a process that is there or a new one. Raises Tangled, and Fault.

    A process that was ended from outside (by a person, or by a machine short of memory) is asked again, once.
    """
    status: int | None = None
    for _ in range(2):
        try:
            reply = json.loads(_pool.ask(head, task, data))
        except _Lost as lost:
            status = lost.status
            if status == -signal.SIGPROF:
                break
            continue
        except ValueError:
            break
        if isinstance(reply, dict) and "failed" not in reply:
            return reply
        break
    raise Tangled("it is too tangled to be looked through")
