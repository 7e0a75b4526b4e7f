"""Processes and what they use, as the kernel tells it."""

from __future__ import annotations

import contextlib
import os
import signal


class Wakeup:
    """A descriptor that becomes readable when a child has ended."""

    def __init__(self) -> None:
        self.descriptor, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 4096)


def kill_user(uid: int) -> None:
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
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 -- called in tight loops
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
