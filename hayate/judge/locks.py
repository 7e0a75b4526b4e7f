"""Locks between processes: a core is timed on by one of them, a calibration made by one of them.

Two launches on one core would time each other, and two with real-time priority keep each other off it altogether.
A core's lock is on its folder in /sys, which every user and every state folder shares; a container with a /sys of
its own is not kept out, and shows as noise.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot, state_dir

CORES = Path("/sys/devices/system/cpu")
SLOT_WAIT_S = 600.0  # several launches of the longest kind
TOLD_AFTER_S = 1.0  # most launches are over by then

log = logging.getLogger(__name__)


def _made(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def held(path: Path, limit_s: float, what: str) -> Iterator[None]:
    """Hold the lock on a folder that exists, or on a file that is made, while inside.

    It ends with the process, however that ends. Not for use twice in a thread. Raises Fault(HOST_TOO_NOISY) if
    another holds it for `limit_s`, Fault(NOT_WRITABLE) if there is no such place.
    """
    try:
        if path.is_dir():
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        else:
            fd = _made(path)
    except OSError as error:
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{path} can't be made: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error
    try:
        began, pause_s, told = time.monotonic(), 0.0005, False
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited_s = time.monotonic() - began
                if waited_s > TOLD_AFTER_S and not told:
                    log.info("waiting for %s: another measurement uses it (up to %.0f s)", what, limit_s)
                    told = True
                if waited_s > limit_s:
                    raise Fault(
                        FaultKind.HOST_TOO_NOISY,
                        f"{what} has been in another measurement's use for {limit_s:.0f} s",
                        remedy="end other runs on this machine, or give each its own cores (taskset)",
                    ) from None
            except OSError as error:
                raise Fault(
                    FaultKind.NOT_WRITABLE,
                    f"{path} can't be locked: {error}",
                    remedy="set HAYATE_STATE to a folder on a local disk",
                ) from error
            time.sleep(pause_s)
            pause_s = min(0.01, 2 * pause_s)
        yield
    finally:
        os.close(fd)


def _core(core: int) -> Path:
    path = CORES / f"cpu{core}"
    return path if path.is_dir() else state_dir() / "slots" / f"core-{core}.lock"


def slot_in_use(slot: Slot) -> bool:
    """Whether some process times on the slot's cores at this moment."""
    for core in {*slot.compute_cores, slot.clock_core}:
        try:
            fd = os.open(_core(core), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # nobody has made it yet
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
    return False


@contextlib.contextmanager
def slot_held(slot: Slot) -> Iterator[None]:
    """Keep other launches off the slot's cores; taken in one order, so that overlapping slots can't deadlock."""
    with contextlib.ExitStack() as stack:
        for core in sorted({*slot.compute_cores, slot.clock_core}):
            stack.enter_context(held(_core(core), SLOT_WAIT_S, f"core {core}"))
        yield
