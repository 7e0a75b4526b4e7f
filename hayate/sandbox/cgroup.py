"""A memory cgroup around a command, where the system lets us make one: bounds all its processes together."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path

PREFIX = "hayate-"
NO_LIMIT = 1 << 50
SLACK_BYTES = 32 << 20  # for bubblewrap itself and for the command's page tables


class MemoryGroup:
    """A cgroup (version 1 or 2) that its maker has joined: what the maker starts is in it."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        self.version = version

    @classmethod
    def create(cls) -> MemoryGroup | None:
        """A new group with the calling process in it, or None where that does not work."""
        found = _parent()
        if found is None:
            return None
        parent, version = found
        folder = parent / f"{PREFIX}{os.getpid()}"
        try:
            folder.mkdir()
            group = cls(folder, version)
            group.limit(NO_LIMIT)
            (folder / "cgroup.procs").write_text("0")
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            return None
        return group

    def limit(self, limit_bytes: int) -> None:
        """Bound all its processes together. Raises OSError."""
        text = str(limit_bytes + SLACK_BYTES)
        if self.version == 2:
            (self.folder / "memory.max").write_text(text)
            with contextlib.suppress(OSError):
                (self.folder / "memory.swap.max").write_text("0")
            return
        # With swap included the limit may not be the lower one at any moment: hence the middle one twice.
        with contextlib.suppress(OSError):
            (self.folder / "memory.limit_in_bytes").write_text(text)
        with contextlib.suppress(OSError):  # a command that swaps is neither stopped nor measured
            (self.folder / "memory.memsw.limit_in_bytes").write_text(text)
        (self.folder / "memory.limit_in_bytes").write_text(text)

    def kills(self) -> int:
        """How many processes in it the kernel has killed for want of memory."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            for line in (self.folder / name).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0

    @staticmethod
    def remove_of(pid: int) -> None:
        """Remove the group of a maker that has ended."""
        found = _parent()
        if found is not None:
            with contextlib.suppress(OSError):
                (found[0] / f"{PREFIX}{pid}").rmdir()


@lru_cache(maxsize=1)
def _parent() -> tuple[Path, int] | None:
    """The writable cgroup folder of this process that can have a memory limit below it, and its version."""
    ours: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            ours[controller] = path
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        kind, _, options = source.split()[:3]
        _, _, _, root, point = mount.split()[:5]
        if kind == "cgroup" and "memory" in options.split(","):
            version, path = 1, ours.get("memory", "")
        elif kind == "cgroup2":
            version, path = 2, ours.get("", "")
        else:
            continue
        if not path:
            continue
        relative = os.path.relpath(path, root)
        folder = Path(point) if relative.startswith("..") else Path(point) / relative
        if version == 1 and os.access(folder, os.W_OK):
            return folder, 1
        # A group with processes of its own can't limit others below it: take the nearest one above that can.
        while folder.is_relative_to(point):
            with contextlib.suppress(OSError):
                delegated = "memory" in (folder / "cgroup.subtree_control").read_text().split()
                if delegated and os.access(folder, os.W_OK):
                    return folder, 2
            folder = folder.parent
    return None


def remove_stale() -> None:
    """Remove empty groups that a killed supervisor left behind."""
    found = _parent()
    if found is None:
        return
    for folder in found[0].glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            folder.rmdir()
