"""The caller's side: hand a command to the launcher's server and hold on to it as a `Process`.

Why a server: subprocess with a `preexec_fn` runs Python in a fork of a process that may have other
threads (it can deadlock), and copies the page tables of a trainer of gigabytes each time. The server is
started once per process.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import select
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.sandbox.base import BASE_ENV, FDS_MOST, PROFILES, Command, Exit
from hayate.sandbox.boxes import reachable
from hayate.sandbox.identity import pool
from hayate.sandbox.processes import children
from hayate.sandbox.wire import HEADER

_BOOT = """
import sys
sys.path.insert(0, sys.argv[2])
from hayate.sandbox.server import serve
serve(int(sys.argv[1]))
"""
SHALLOWEST = 2  # parts of a path like /home: what lies at the root of the file system is nobody's box
DOCTOR = "run `hayate doctor`"
_HELPERS = ("bwrap", "prlimit")  # names of what execs on the way to the command


class _Server:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).resolve().parents[2])
        argv = [sys.executable, "-I", "-S", "-c", _BOOT, str(theirs.fileno()), root]
        self.process = subprocess.Popen(
            argv,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self.socket = ours
        self.owner = os.getpid()


_server: _Server | None = None
_lock = threading.Lock()


def _forget() -> None:
    """In a fork: the server and its socket are the parent's."""
    global _server, _lock
    if _server is not None:
        _server.socket.close()
        _server.process.returncode = 0  # not our child: nothing to wait for
    _server, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


@atexit.register
def _end() -> None:
    """At the end of the caller: let the server tidy up, but not for long."""
    if _server is not None:
        _server.socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            _server.process.wait(1.0)


def _connect() -> socket.socket:
    """A socket to a fresh supervisor. Raises Fault(SANDBOX_BROKEN)."""
    global _server
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs, _lock:
        for _ in range(2):
            if _server is not None and _server.process.poll() is not None:
                _server.socket.close()
                _server = None
            if _server is None:
                _server = _Server()
            try:
                socket.send_fds(_server.socket, [b"+"], [theirs.fileno()])
            except OSError:
                _server.socket.close()
                _server.process.kill()
                _server.process.wait()
                _server = None
            else:
                return ours
    ours.close()
    raise Fault(FaultKind.SANDBOX_BROKEN, "the sandbox's launcher does not start")


def launch(command: Command, tier: str, spec: Mapping[str, Any], program: bytes) -> Process:
    """Start what `spec` says for `command`. Raises Fault or WrongUse."""
    limits = command.limits
    whole = {
        "limits": {**asdict(limits), "processes": 0},
        "cores": sorted(command.cores if command.cores is not None else os.sched_getaffinity(0)),
        "box": str(command.box),
        "program": base64.b64encode(program).decode(),
        "watch_box": command.profile == "build" and command.box_writable,
        "box_writable": command.box_writable,
        "landlock": None,
        "filter_fd": None,
        "status_fd": None,
        "install_filter": False,
        "exec_is_ours": False,
        **spec,
    }
    text = json.dumps(whole).encode()
    try:
        return _hand_over(text, command, tier)
    except Fault as fault:
        if fault.kind != FaultKind.RUNNER_LOST:
            raise
    # The server was killed just now, and a supervisor that was about to follow it took the request.
    return _hand_over(text, command, tier)


def _hand_over(text: bytes, command: Command, tier: str) -> Process:
    control = _connect()
    try:
        socket.send_fds(control, [HEADER.pack(len(text), len(command.stdin))], list(command.pass_fds))
        control.sendall(text + command.stdin)
    except OSError as problem:
        control.close()
        raise Fault(FaultKind.RUNNER_LOST, f"the sandbox's launcher went away: {problem}") from problem
    return Process(control, tier)


def check(command: Command) -> None:
    """Raise WrongUse for a command that can't be right, Fault for paths that commands can't reach here."""
    if not command.argv:
        raise WrongUse("a command needs at least its name", where="argv")
    if command.profile not in PROFILES:
        raise WrongUse(f"no profile {command.profile!r}", where="profile", allowed=", ".join(PROFILES))
    if not command.box.is_absolute() or not command.box.is_dir():
        raise WrongUse(f"{command.box} is no folder with an absolute path", where="box")
    if command.box_writable and not _may_be_handed_over(command.box):
        raise WrongUse(
            f"{command.box} is a folder that others use too: a box is given to the command's user with all in it",
            where="box",
            allowed="a folder made for the purpose, by new_box()",
        )
    for path in command.readonly:
        if not path.is_absolute() or not path.exists():
            raise WrongUse(f"{path} does not exist or is not absolute", where="readonly")
    if command.cores is not None and not command.cores:
        raise WrongUse("a command needs at least one core", where="cores")
    if len(command.pass_fds) > FDS_MOST or any(fd < 0 for fd in command.pass_fds):
        raise WrongUse(f"at most {FDS_MOST} open descriptors can be passed", where="pass_fds")
    if pool() is not None:
        for path in (command.box, *command.readonly):
            if not reachable(path):
                raise Fault(
                    FaultKind.SANDBOX_BROKEN,
                    f"{path} lies in a folder that the unprivileged user of a command can't enter",
                    remedy="move it to a folder that others can enter, or chmod o+x the folders above it",
                )


def _may_be_handed_over(box: Path) -> bool:
    """Whether it is somebody's alone: no mount point, not shared like /tmp, owned by us or by a command's user."""
    found = box.lstat()
    shared = stat.S_ISLNK(found.st_mode) or found.st_mode & stat.S_ISVTX
    ids = pool()
    ours = found.st_uid == os.geteuid() or (ids is not None and found.st_uid in ids)
    return ours and not shared and not os.path.ismount(box) and len(box.parts) > SHALLOWEST


def environment(command: Command, temporary: str) -> dict[str, str]:
    """What the command finds in its environment."""
    return {**BASE_ENV, "HOME": str(command.box), "TMPDIR": temporary, **command.env}


class Process:
    """A running command. Leaving the `with` block, or losing it, kills it and all that it started."""

    def __init__(self, control: socket.socket, tier: str) -> None:
        self.tier = tier
        self._control = control
        self._buffer = bytearray()
        self._reading = threading.Lock()
        self._exit: Exit | None = None
        self._fault: Fault | None = None
        self._child: int | None = None
        try:
            while self._child is None and not self._over:
                self._read(None)
        except BaseException:
            control.close()
            raise
        if self._fault is not None:
            control.close()
            raise self._fault

    @property
    def _over(self) -> bool:
        return self._exit is not None or self._fault is not None

    def _read(self, timeout_s: float | None) -> bool:
        """Take one message in; False if none came in time."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if len(self._buffer) >= HEADER.size:
                length, extra = HEADER.unpack_from(self._buffer)
                whole = HEADER.size + length + extra
                if len(self._buffer) >= whole:
                    header = json.loads(self._buffer[HEADER.size : HEADER.size + length])
                    body = bytes(self._buffer[HEADER.size + length : whole])
                    del self._buffer[:whole]
                    self._take(header, body)
                    return True
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            poll = select.poll()
            poll.register(self._control, select.POLLIN)
            if not poll.poll(None if left is None else left * 1e3):
                return False
            try:
                data = self._control.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                self._fault = Fault(
                    FaultKind.RUNNER_LOST, "the sandbox's supervisor ended before its command"
                )
                return True
            self._buffer += data

    def _take(self, header: dict[str, Any], body: bytes) -> None:
        if "pid" in header:
            self._child = header["pid"]
        elif "fault" in header:
            self._fault = Fault(
                FaultKind(header["fault"]),
                f"the sandbox ({self.tier}) failed: {header['message']}",
                remedy=DOCTOR,
            )
        else:
            cut = header.pop("stdout")
            self._exit = Exit(stdout=body[:cut], stderr=body[cut:], **header)

    def payload_pid(self, timeout_s: float = 10.0) -> int:
        """The pid, as this process sees it, of the command itself, once it has been exec'ed.

        Raises Fault(RUNNER_LOST) if it ends before it is seen.
        """
        assert self._child is not None
        if self.tier != "bubblewrap":
            return self._child
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.poll() is None:
            inits = children(self._child)
            for pid in children(inits[0])[:1] if inits else []:
                with contextlib.suppress(OSError):
                    if Path(f"/proc/{pid}/comm").read_text().strip() not in _HELPERS:
                        return pid
            time.sleep(0.0005)
        raise Fault(FaultKind.RUNNER_LOST, "the command ended before its process was seen")

    def poll(self) -> Exit | None:
        """How it ended, or None if it has not. Raises Fault if the sandbox failed."""
        if self._reading.acquire(blocking=False):
            try:
                while not self._over and self._read(0.0):
                    pass
            finally:
                self._reading.release()
        if self._fault is not None:
            raise self._fault
        return self._exit

    def wait(self, timeout_s: float | None = None) -> Exit:
        """How it ended. Raises TimeoutError if it has not after `timeout_s`, Fault if the sandbox failed."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._reading.acquire(timeout=-1 if timeout_s is None else timeout_s):
            raise TimeoutError("the command still runs")
        try:
            while not self._over:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not self._read(left):
                    raise TimeoutError("the command still runs")
        finally:
            self._reading.release()
        if self._fault is not None:
            raise self._fault
        assert self._exit is not None
        return self._exit

    def kill(self) -> None:
        """Kill it and all that it started. `wait` then tells how it ended."""
        with contextlib.suppress(OSError):
            self._control.send(b"k")

    def close(self) -> None:
        """Kill it if it still runs, wait until nothing of it is left, and let go of it."""
        if not self._over and self._control.fileno() >= 0:
            self.kill()
            with contextlib.suppress(Fault, TimeoutError):
                self.wait(30.0)
        self._control.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
