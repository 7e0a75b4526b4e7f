"""Boxes: the writable folders of commands. What a killed process left of them, the next one removes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.sandbox.identity import pool
from hayate.sandbox.trees import remove

LEAST_FREE_BYTES = 64 << 20
PREFIX = "hayate-box-"
STALE_S = 600.0  # a younger one may not have its lock yet
_NAME = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")  # as mkdtemp makes them
SWEEP_MOST_S = 2.0  # a sweep stands before somebody's command
_swept: set[Path] = set()


def reachable(path: Path) -> bool:
    """Whether another user can enter every folder on the way to it: needed where commands run as one."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in path.parents)


@contextlib.contextmanager
def new_box() -> Iterator[Path]:
    """A new, empty box, removed at the end.

    Raises Fault(DISK_FULL) if there is too little room, Fault(NOT_WRITABLE) if no temporary folder will do.
    """
    box = _make()
    # Held as long as the box is in use, and given up by the kernel however its holder ends.
    lock = os.open(box, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield box
    finally:
        os.close(lock)
        remove(box)


def _make() -> Path:
    problem: OSError | None = None
    full = ""
    tried: list[str] = []
    for name in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"]):
        root = Path(name).resolve()
        tried.append(str(root))
        try:
            if pool() is not None and not reachable(root / "box"):
                continue
            space = os.statvfs(root)
            if space.f_bavail * space.f_frsize < LEAST_FREE_BYTES:
                full = str(root)
                continue
            if root not in _swept:
                _swept.add(root)
                _sweep(root)
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        except OSError as found:
            if found.errno in (errno.ENOSPC, errno.EDQUOT):
                full = str(root)
            else:
                problem = found
    if full:
        raise Fault(
            FaultKind.DISK_FULL, f"no room for temporary files in {full}", remedy="free some, or set TMPDIR"
        )
    raise Fault(
        FaultKind.NOT_WRITABLE,
        f"no folder for temporary files that commands can use (tried {', '.join(tried)}): {problem}",
        remedy="set TMPDIR to a writable folder that other users can enter",
    )


def _sweep(root: Path) -> None:
    """Remove the boxes in `root` that nobody holds any more, for SWEEP_MOST_S at most. Never raises."""
    deadline = time.monotonic() + SWEEP_MOST_S
    with contextlib.suppress(OSError):
        for box in root.glob(f"{PREFIX}*"):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            with contextlib.suppress(OSError):
                if not _NAME.fullmatch(box.name):
                    continue
                if box.is_symlink() or not box.is_dir() or time.time() - box.lstat().st_mtime < STALE_S:
                    continue
                lock = os.open(box, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if it is in use
                    remove(box, left_s)
                finally:
                    os.close(lock)
