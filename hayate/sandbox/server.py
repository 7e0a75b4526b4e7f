"""The launcher's server: keeps supervisors waiting, each in a memory cgroup of its own where that is
possible.

The server is a small process with one thread, so that forking is cheap and safe whatever the caller's
process is (many threads, gigabytes), and so that "die with parent" means a supervisor and not some
thread of the caller. Supervisors are there before they are needed because joining a cgroup takes ten
milliseconds and more: the kernel waits for a grace period. Everything ends when the caller closes its
end of the socket, however it ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import time
from pathlib import Path
from typing import NoReturn

from hayate.sandbox.cgroup import MemoryGroup, remove_stale
from hayate.sandbox.confine import PR_SET_PDEATHSIG, prctl
from hayate.sandbox.processes import Wakeup
from hayate.sandbox.supervisor import PR_SET_CHILD_SUBREAPER, Supervisor
from hayate.sandbox.wire import receive

IDLE_LEAST = 2
STATE = struct.Struct("=ic")  # pid of a supervisor; b"b" for busy or b"i" for idle


def serve(descriptor: int) -> NoReturn:
    """Answer requests until the caller closes the socket. A request: a byte, one end of a socket pair."""
    os.set_inheritable(descriptor, False)  # it had to be, to come here
    requests = socket.socket(fileno=descriptor)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # the caller decides when to end; we see its socket close
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # commands get theirs from their request
    remove_stale()
    gc.collect()
    gc.freeze()
    Server(requests).run()
    os._exit(0)


class Server:
    def __init__(self, requests: socket.socket) -> None:
        self.requests = requests
        self.told, self.tell = os.pipe2(os.O_CLOEXEC)
        self.supervisors: dict[int, bool] = {}  # pid -> idle
        self.woken = Wakeup()

    def run(self) -> None:
        poll = select.poll()
        poll.register(self.told, select.POLLIN)
        poll.register(self.woken.descriptor, select.POLLIN)
        poll.register(self.requests, 0)  # only its end
        closed = False
        while self.supervisors or not closed:
            while not closed and sum(self.supervisors.values()) < IDLE_LEAST:
                self._fork()
            for ready, _ in poll.poll():
                if ready == self.requests.fileno():
                    closed = True
                    poll.unregister(self.requests)
                elif ready == self.told:
                    pid, state = STATE.unpack(os.read(self.told, STATE.size))
                    if pid in self.supervisors:
                        self.supervisors[pid] = state == b"i"
                else:
                    self.woken.clear()
            self._reap()

    def _fork(self) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() == parent:
                    self._supervise()
                status = 0
            finally:
                os._exit(status)
        self.supervisors[pid] = True

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                was_idle = self.supervisors.pop(pid, False)
                MemoryGroup.remove_of(pid)
                if status != 0 and was_idle:
                    time.sleep(0.1)  # it can't even start: don't spin

    def _supervise(self) -> None:
        """In a child: serve requests one after the other until the socket closes."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        group = MemoryGroup.create()
        badness = _protect()
        woken = Wakeup()
        me = os.getpid()
        while True:
            try:
                data, descriptors = receive(self.requests, 1)
            except ConnectionResetError:
                return
            if not data:
                return
            os.write(self.tell, STATE.pack(me, b"b"))
            with socket.socket(fileno=descriptors[0]) as control:
                Supervisor(control, woken, group, badness).serve()
            os.write(self.tell, STATE.pack(me, b"i"))


def _protect() -> str | None:
    """Keep the memory cgroup's killer off the supervisor; what to give back to the command, if it worked."""
    path = Path("/proc/self/oom_score_adj")
    try:
        before = path.read_text()
        path.write_text("-1000")
    except OSError:
        return None
    return before
