"""Unprivileged user ids for commands, where we are root: one per box, so that commands can't touch each
other.

A user of its own makes RLIMIT_NPROC count that command alone and lets `kill(-1)` end all of it at once.
"""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hayate.sandbox.trees import entries

SPAN = 512  # ids in the pool
PREFERRED = 0x7000_0000  # above what systemd and container tools hand out
FALLBACK = 60_578  # within the 65,536 ids that a container usually has, in a range that systemd leaves unused
CLAIMS = (Path("/run/hayate-uids"), Path("/tmp/hayate-uids"))


@dataclass
class Identity:
    """A user id that is ours while `lock` is open."""

    uid: int
    lock: int | None  # descriptor

    def alone(self) -> bool:
        """Whether no other supervisor uses this id now."""
        if self.lock is None:
            return False
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@lru_cache(maxsize=1)
def pool() -> range | None:
    """The ids to use; None where we cannot become another user (not root, or no other id is mapped)."""
    if os.geteuid() != 0:
        return None
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = (int(word) for word in line.split())
        for start in (PREFERRED, FALLBACK):
            if first <= start and start + SPAN <= first + count:
                return range(start, start + SPAN)
    return None


def claim(box: int, writable: bool = True) -> Identity | None:
    """An id that owns the box open as descriptor `box` and all in it; None where ids can't be changed.

    A box that is not `writable` keeps its owner. The id is the owner's if that is free or used by this very box alone,
    so that commands of one box share it.
    """
    ids = pool()
    if ids is None:
        return None
    folder = _claims()
    if folder is None:
        status = os.fstat(box)
        identity = Identity(status.st_uid if status.st_uid in ids else ids[os.getpid() % SPAN], None)
        if writable:
            _hand_over(box, identity.uid)
        return identity
    turn = os.open(folder / "turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two commands may start in one box at once
        identity = _take(box, ids, folder)
        if writable:
            _hand_over(box, identity.uid)
    finally:
        os.close(turn)
    return identity


def _take(box: int, ids: range, folder: Path) -> Identity:
    status = os.fstat(box)
    mark = f"{status.st_dev}:{status.st_ino}".encode()
    first = status.st_uid if status.st_uid in ids else ids[os.getpid() % SPAN]
    for i in range(SPAN):
        uid = ids[(first - ids[0] + i) % SPAN]
        lock = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if uid == status.st_uid and os.pread(lock, 64, 0) == mark:
                fcntl.flock(lock, fcntl.LOCK_SH)  # another command runs in this box: share
                return Identity(uid, lock)
            os.close(lock)
            continue
        if os.pread(lock, 64, 0) != mark:  # writing costs a millisecond on some file systems
            os.ftruncate(lock, 0)
            os.pwrite(lock, mark, 0)
        fcntl.flock(lock, fcntl.LOCK_SH)  # nobody else takes it meanwhile: it is our turn
        return Identity(uid, lock)
    raise OSError(f"all {SPAN} user ids for commands are in use")


@lru_cache(maxsize=1)
def _claims() -> Path | None:
    """Where claims are kept: a folder that is root's alone."""
    for folder in CLAIMS:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o077:
            return folder
    return None


def _hand_over(box: int, uid: int) -> None:
    """Make `uid` the owner of the box and of all in it. Nothing may run in it meanwhile as another user."""
    if os.fstat(box).st_uid == uid:
        return
    for folder, name, status in entries(box):
        if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):  # a hard link may lead to a file outside
            os.chown(name, uid, uid, dir_fd=folder, follow_symlinks=False)
    os.fchown(box, uid, uid)
