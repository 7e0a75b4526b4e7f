"""The launcher's server: forks one supervisor per command, which starts, feeds, bounds and buries it.

The server is a small process with one thread, so that forking is cheap and safe whatever the caller's process is
(many threads, gigabytes), and so that "die with parent" means the supervisor and not some thread of the caller.
A supervisor kills its command and everything that came of it as soon as the caller's end of the socket closes.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

from hayate.sandbox import cgroup
from hayate.sandbox.confine import become, prctl
from hayate.sandbox.identity import Identity, claim, hand_over

PR_SET_CHILD_SUBREAPER = 36
HEADER = struct.Struct("<II")  # length of the JSON, length of the bytes after it
CHECK_S = 0.2  # between two looks at the box's size
DRAIN_FACTOR = 16  # output beyond this many times its limit ends the command

FORWARDED = 65536


def serve(descriptor: int) -> NoReturn:
    """Answer requests on the socket until the caller closes it. Each is a byte with one end of a socket pair."""
    server = socket.socket(fileno=descriptor)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the caller decides when to end; we see its socket close
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    cgroup.sweep()
    gc.collect()
    gc.disable()
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(server, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not data:
            os._exit(0)
        control = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            server.close()
            status = 1
            try:
                Supervisor(control).run()
                status = 0
            except (BrokenPipeError, ConnectionResetError):
                pass
            except Exception as problem:
                with contextlib.suppress(OSError):
                    send(
                        control,
                        {"fault": "sandbox_broken", "message": f"{type(problem).__name__}: {problem}"},
                    )
            finally:
                os._exit(status)
        control.close()


def send(control: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(header).encode()
    control.sendall(HEADER.pack(len(text), len(body)) + text + body)


def _exactly(control: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = control.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise ConnectionResetError("the caller went away")
        parts += part
    return bytes(parts)


class Stream:
    """One captured output."""

    def __init__(self, limit: int) -> None:
        self.inner, self.outer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.inner, False)
        self.limit = limit
        self.kept = bytearray()
        self.total = 0
        self.open = True

    def read(self) -> None:
        """Take what is there."""
        while self.open:
            try:
                data = os.read(self.inner, FORWARDED)
            except BlockingIOError:
                return
            if not data:
                os.close(self.inner)
                self.open = False
                return
            self.total += len(data)
            self.kept += data[: max(0, self.limit - len(self.kept))]
            if self.total > self.limit * DRAIN_FACTOR:
                return


class Supervisor:
    """One command from its start to the end of its last process."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        header, self.passed, _, _ = socket.recv_fds(control, HEADER.size, 250, socket.MSG_CMSG_CLOEXEC)
        header += _exactly(control, HEADER.size - len(header))
        length, extra = HEADER.unpack(header)
        self.spec: dict[str, Any] = json.loads(_exactly(control, length))
        self.stdin = _exactly(control, extra)
        self.program = base64.b64decode(self.spec["program"])
        self.limits: dict[str, float] = self.spec["limits"]
        self.child = -1
        self.status: int | None = None  # of the child, as waitpid gives it
        self.ended = 0.0
        self.cpu_s = 0.0
        self.stopped = ""
        self.in_use = 0

    def run(self) -> None:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.out, self.err = (
            Stream(int(self.limits["output_bytes"])),
            Stream(int(self.limits["output_bytes"])),
        )
        self.status_pipe = Stream(1 << 16) if self.spec["status_fd"] is not None else None
        self.box = os.open(self.spec["box"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        identity = claim(self.box)
        if identity is not None:
            hand_over(self.box, identity.uid)
        group = cgroup.MemoryGroup.create(int(self.limits["memory_bytes"])) if self.spec["cgroup"] else None
        try:
            self._start(identity, group)
            try:
                self._watch(woken)
            finally:
                self._end_all(identity)
        finally:
            out_of_memory = False
            if group is not None:
                out_of_memory = group.out_of_memory()
                group.remove()
        self.control.setblocking(True)
        self._report(out_of_memory)

    def _start(self, identity: Identity | None, group: cgroup.MemoryGroup | None) -> None:
        trouble, trouble_end = os.pipe2(os.O_CLOEXEC)
        stdin, self.feed = self._open_stdin()
        descriptors = {0: stdin, 1: self.out.outer, 2: self.err.outer}
        descriptors.update(zip(self.spec["pass_fds"], self.passed, strict=True))
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
                identity=identity,
                group=group,
                supervisor=supervisor,
            )
        os.close(trouble_end)
        for descriptor in descriptors.values():
            os.close(descriptor)
        said = os.read(trouble, 4096)  # ends at the exec
        os.close(trouble)
        if said:
            raise RuntimeError(said.decode(errors="replace"))
        send(self.control, {"pid": self.child})
        self.control.setblocking(False)

    def _open_stdin(self) -> tuple[int, int | None]:
        if not self.stdin:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), None
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(writing, False)
        return reading, writing

    def _watch(self, woken: int) -> None:
        """Until the child has ended or was to be stopped."""
        deadline = self.began + self.limits["wall_s"]
        next_look = self.began + CHECK_S if self.spec["watch_box"] else float("inf")
        streams = [stream for stream in (self.out, self.err, self.status_pipe) if stream is not None]
        while True:
            self._reap()
            if self.status is not None or self.stopped:
                return
            poll = select.poll()
            poll.register(woken, select.POLLIN)
            poll.register(self.control, select.POLLIN)
            for stream in streams:
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
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
            if self.control.fileno() in ready:
                self.stopped = "killed"  # asked to, or the caller is gone
            for stream in streams:
                if stream.open and stream.inner in ready:
                    stream.read()
                    if stream.total > stream.limit * DRAIN_FACTOR:
                        self.stopped = "output"
            if self.feed in ready:
                self._feed()
            if now >= next_look:
                next_look = now + CHECK_S
                if usage_bytes(self.box) > self.limits["box_bytes"]:
                    self.stopped = "box"

    def _feed(self) -> None:
        assert self.feed is not None
        try:
            self.stdin = self.stdin[os.write(self.feed, self.stdin[:FORWARDED]) :]
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

    def _end_all(self, identity: Identity | None) -> None:
        """Kill until nothing is left: orphans come back to us, as we are their subreaper."""
        pause = 0.0
        while True:
            if identity is not None and identity.alone():
                _kill_user(identity.uid)
            for pid in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not self._reap():
                return
            self.out.read()
            self.err.read()
            time.sleep(pause)
            pause = min(0.01, pause + 0.0005)

    def _report(self, out_of_memory: bool) -> None:
        self.out.read()
        self.err.read()
        assert self.status is not None
        code, number = _decode(self.status)
        if self.status_pipe is not None:
            self.status_pipe.read()
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


def _decode(status: int) -> tuple[int, int | None]:
    code = os.waitstatus_to_exitcode(status)
    return code, -code if code < 0 else None


def _kill_user(uid: int) -> None:
    """Kill every process of the user at once."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def children(pid: int) -> list[int]:
    """Of all threads of the process, oldest first."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:  # noqa: PTH123
                found += [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def descendants(pid: int) -> list[int]:
    """All processes below, parents first."""
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def usage_bytes(folder: int) -> int:
    """Space that the files below the open folder take."""
    total = 0
    with contextlib.suppress(OSError):
        for _, _, files, descriptor in os.fwalk(".", dir_fd=folder):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_blocks * 512
    return total


if __name__ == "__main__":
    serve(int(sys.argv[1]))
