"""Folders that a foreign command may have filled: counted and removed without recursion, in bounded time.

A command may nest folders as deep as it likes, so nothing here opens more than two folders at once, and no path is
longer than one name below the folder it starts from.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import time
from collections.abc import Iterator

LOOK_MOST = 20_000  # entries that a count looks at before it calls the folder too full
REMOVE_MOST_S = 20.0  # some 100,000 files a second are removed on a local disk

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)  # what a rename to a name in use may say
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def entries(folder: int) -> Iterator[tuple[int, str, os.stat_result]]:
    """Everything below the open folder: the open folder that it lies in, its name there, and what it is.

    What vanishes meanwhile or can't be looked into is left out. Raises OSError where it is nested beyond the kernel's
    longest path.
    """
    waiting = ["."]
    while waiting:
        path = waiting.pop()
        try:
            opened = os.open(path, _FOLDER, dir_fd=folder)
        except (FileNotFoundError, PermissionError):
            continue
        try:
            with os.scandir(opened) as found:
                for entry in found:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(f"{path}/{entry.name}")
                    yield opened, entry.name, status
        finally:
            os.close(opened)


def usage_bytes(folder: int, most_bytes: int) -> int:
    """Space that the files below the open folder take, counted until it exceeds `most_bytes`.

    More than LOOK_MOST entries, or folders nested beyond the longest path, count as `most_bytes + 1`.
    """
    total = 0
    try:
        for looked, (_, _, status) in enumerate(entries(folder)):
            total += status.st_blocks * 512
            if looked >= LOOK_MOST or total > most_bytes:
                return most_bytes + 1
    except OSError:
        return most_bytes + 1
    return total


def remove(folder: str | os.PathLike[str], most_s: float = REMOVE_MOST_S) -> bool:
    """Remove a folder with all in it, whatever modes its folders have; whether nothing of it is left.

    Nothing may run in it any more. A folder that lies deeper is first moved up below the top one, so that depth costs
    nothing. Never raises an OSError; what could not be removed in time stays for another try.
    """
    deadline = time.monotonic() + most_s
    try:
        if stat.S_ISDIR(os.lstat(folder).st_mode):
            os.chmod(folder, 0o700)  # noqa: PTH101 -- its owner may have closed it even for himself
        top = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    names = (f".{i:x}" for i in itertools.count())
    try:
        while time.monotonic() < deadline:
            left = _files_gone(top)
            if not left:
                break
            for name in left:
                _raise_what_lies_in(top, name, names, deadline)
    except OSError:
        pass
    finally:
        os.close(top)
    try:
        os.rmdir(folder)  # noqa: PTH106
    except OSError:
        return not os.path.lexists(folder)
    return True


def _files_gone(folder: int) -> list[str]:
    """Remove what is no folder; the names of folders in it."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return folders


def _raise_what_lies_in(top: int, name: str, names: Iterator[str], deadline: float) -> None:
    """Empty the folder `name` of `top`: its files go, its folders become folders of `top`. Then it goes itself."""
    os.chmod(name, 0o700, dir_fd=top)
    inner = os.open(name, _FOLDER, dir_fd=top)
    try:
        for below in _files_gone(inner):
            if time.monotonic() > deadline:
                return
            # A folder can be moved only by who may write it: its entry for the parent changes.
            os.chmod(below, 0o700, dir_fd=inner)
            while True:
                fresh = next(names)
                try:
                    os.rename(below, fresh, src_dir_fd=inner, dst_dir_fd=top)
                    break
                except OSError as problem:
                    if problem.errno not in _TAKEN:
                        raise
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)
