"""One command from its start to the end of its last process: start, feed, bound, bury, report.

A supervisor kills its command and everything that came of it as soon as the caller's end of the socket
closes.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import select
import signal
import socket
import time
from typing import Any

from hayate.sandbox.base import FIRST_FD
from hayate.sandbox.cgroup import NO_LIMIT, MemoryGroup
from hayate.sandbox.confine import become
from hayate.sandbox.identity import Identity, claim
from hayate.sandbox.processes import Wakeup, descendants, kill_user
from hayate.sandbox.streams import BLOCK, DRAIN_FACTOR, Stream
from hayate.sandbox.trees import usage_bytes
from hayate.sandbox.wire import HEADER, exactly, receive, send

PR_SET_CHILD_SUBREAPER = 36
MESSAGE_MOST = 1000  # characters; a path may have four thousand
CHECK_S = 0.2  # between two looks at the box's size


class SetupError(Exception):
    """The command could not be confined, and was not started."""


class Supervisor:
    """One command. `serve` never raises: what goes wrong is told to the caller as a fault."""

    def __init__(
        self, control: socket.socket, woken: Wakeup, group: MemoryGroup | None, badness: str | None
    ) -> None:
        self.control = control
        self.woken = woken
        self.group = group
        self.badness = badness
        self.child = -1
        self.status: int | None = None  # of the child, as waitpid gives it
        self.ended = 0.0
        self.cpu_s = 0.0
        self.stopped = ""
        self.descriptors: list[int] = []  # to close at the end
        self.streams: list[Stream] = []
        self.identity: Identity | None = None

    def serve(self) -> None:
        try:
            self._receive()
            self._run()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the caller is gone
        except Exception as problem:
            message = (
                str(problem) if isinstance(problem, SetupError) else f"{type(problem).__name__}: {problem}"
            )
            with contextlib.suppress(OSError):
                self.control.setblocking(True)
                send(self.control, {"fault": _kind(problem), "message": message[:MESSAGE_MOST]})
        finally:
            self._release()

    def _receive(self) -> None:
        header, self.passed = receive(self.control, HEADER.size)
        self.descriptors += self.passed
        header += exactly(self.control, HEADER.size - len(header))
        length, extra = HEADER.unpack(header)
        self.spec: dict[str, Any] = json.loads(exactly(self.control, length))
        self.stdin = exactly(self.control, extra)
        self.program = base64.b64decode(self.spec["program"])
        self.limits: dict[str, float] = self.spec["limits"]

    def _run(self) -> None:
        limit = int(self.limits["output_bytes"])
        self.out, self.err = Stream(limit), Stream(limit)
        self.streams += [self.out, self.err]
        self.status_pipe = Stream(1 << 16) if self.spec["status_fd"] is not None else None
        if self.status_pipe is not None:
            self.streams.append(self.status_pipe)
        self.box = os.open(self.spec["box"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.descriptors.append(self.box)
        self.identity = claim(self.box, self.spec["box_writable"])
        kills_before = 0
        if self.group is not None:
            self.group.limit(int(self.limits["memory_bytes"]) or NO_LIMIT)
            kills_before = self.group.kills()
        try:
            self._start()
            self._watch()
        finally:
            self._end_all()
        self._report(self.group is not None and self.group.kills() > kills_before)

    def _release(self) -> None:
        for descriptor in self.descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for stream in self.streams:
            stream.close()
        if self.identity is not None and self.identity.lock is not None:
            os.close(self.identity.lock)

    def _start(self) -> None:
        trouble, trouble_end = os.pipe2(os.O_CLOEXEC)
        stdin, self.feed = self._open_stdin()
        descriptors = {0: stdin, 1: self.out.outer, 2: self.err.outer}
        descriptors.update(enumerate(self.passed, start=FIRST_FD))
        if self.spec["filter_fd"] is not None:
            memory = os.memfd_create("filter", os.MFD_CLOEXEC)
            os.write(memory, self.program)
            os.lseek(memory, 0, os.SEEK_SET)
            descriptors[self.spec["filter_fd"]] = memory
        if self.status_pipe is not None:
            descriptors[self.spec["status_fd"]] = self.status_pipe.outer
        supervisor = os.getpid()
        self.began = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            become(
                self.spec,
                descriptors=descriptors,
                trouble=trouble_end,
                box=self.box,
                program=self.program,
                identity=self.identity,
                badness=self.badness,
                supervisor=supervisor,
            )
        os.close(trouble_end)
        for descriptor in descriptors.values():
            os.close(descriptor)
        said = os.read(trouble, 4096)  # ends at the exec
        os.close(trouble)
        if said:
            raise SetupError(said.decode(errors="replace"))
        send(self.control, {"pid": self.child})
        self.control.setblocking(False)

    def _open_stdin(self) -> tuple[int, int | None]:
        if not self.stdin:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), None
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(writing, False)
        return reading, writing

    def _watch(self) -> None:
        """Until the child has ended or was to be stopped."""
        deadline = self.began + self.limits["wall_s"]
        next_look = self.began + CHECK_S if self.spec["watch_box"] else float("inf")
        while True:
            self._reap()
            if self.status is not None or self.stopped:
                return
            poll = select.poll()
            poll.register(self.woken.descriptor, select.POLLIN)
            poll.register(self.control, select.POLLIN)
            for stream in self.streams:
                if stream.open:
                    poll.register(stream.inner, select.POLLIN)
            if self.feed is not None:
                poll.register(self.feed, select.POLLOUT)
            now = time.monotonic()
            ready = {
                descriptor
                for descriptor, _ in poll.poll(max(0.0, min(deadline, next_look) - now) * 1e3 + 0.5)
            }
            now = time.monotonic()
            if now >= deadline:
                self.stopped = "wall"
            if self.woken.descriptor in ready:
                self.woken.clear()
            if self.control.fileno() in ready:
                self.stopped = "killed"  # asked to, or the caller is gone
            for stream in self.streams:
                if stream.open and stream.inner in ready:
                    stream.read()
                    if stream.total > stream.limit * DRAIN_FACTOR:
                        self.stopped = "output"
            if self.feed in ready:
                self._feed()
            if now >= next_look:
                next_look = now + CHECK_S
                most = int(self.limits["box_bytes"])
                if usage_bytes(self.box, most) > most:
                    self.stopped = "box"

    def _feed(self) -> None:
        assert self.feed is not None
        try:
            self.stdin = self.stdin[os.write(self.feed, self.stdin[:BLOCK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.stdin = b""
        if not self.stdin:
            os.close(self.feed)
            self.feed = None

    def _reap(self) -> bool:
        """Bury what has ended; whether any child is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.cpu_s += usage.ru_utime + usage.ru_stime
            if pid == self.child:
                self.status = status
                self.ended = time.monotonic()

    def _end_all(self) -> None:
        """Kill until nothing is left: orphans come back to us, as we are their subreaper."""
        pause_s = 0.0
        while self._reap():
            if self.identity is not None and self.identity.alone():
                kill_user(self.identity.uid)
            for pid in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for stream in self.streams:
                stream.read()
            time.sleep(pause_s)
            pause_s = min(0.01, pause_s + 0.0002)

    def _report(self, out_of_memory: bool) -> None:
        self.control.setblocking(True)
        for stream in self.streams:
            stream.read()
        assert self.status is not None
        code, number = _decode(self.status)
        if self.status_pipe is not None:
            if number is None and 128 < code <= 192:
                code, number = 128 - code, code - 128  # bubblewrap reports a signal as a shell does
            if b'"exit-code"' not in self.status_pipe.kept and not self.stopped and not out_of_memory:
                message = (
                    self.err.kept.decode(errors="replace").strip() or f"bwrap ended with status {self.status}"
                )
                send(self.control, {"fault": "sandbox_broken", "message": message})
                return
        cpu_limit = number == signal.SIGXCPU or (
            number == signal.SIGKILL and not self.stopped and self.cpu_s >= self.limits["cpu_s"]
        )
        if cpu_limit and not self.stopped:
            self.stopped = "cpu"
        streams = (self.out, self.err)
        header = {
            "returncode": code,
            "signal": number,
            "stdout": len(self.out.kept),
            "wall_s": self.ended - self.began,
            "timed_out": self.stopped in ("wall", "cpu"),
            "truncated": any(stream.total > stream.limit for stream in streams),
            "out_of_memory": out_of_memory,
            "stopped": self.stopped,
        }
        send(self.control, header, bytes(self.out.kept + self.err.kept))


def _kind(problem: Exception) -> str:
    """Which FaultKind it is."""
    kinds = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.ENOMEM: "out_of_memory"}
    return kinds.get(getattr(problem, "errno", None) or 0, "sandbox_broken")


def _decode(status: int) -> tuple[int, int | None]:
    code = os.waitstatus_to_exitcode(status)
    return code, -code if code < 0 else None
