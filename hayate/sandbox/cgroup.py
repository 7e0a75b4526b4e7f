"""A memory cgroup around one command, where the system lets us make one: bounds all its processes together."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

PREFIX = "hayate-"
SLACK_BYTES = 32 << 20  # for bubblewrap itself and for the command's page tables


class MemoryGroup:
    """A cgroup (version 1 or 2) with a memory limit."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        self.version = version

    @classmethod
    def create(cls, limit_bytes: int) -> MemoryGroup | None:
        """A new group below ours, or None where that does not work."""
        found = _parent()
        if found is None:
            return None
        parent, version = found
        folder = parent / f"{PREFIX}{os.getpid()}"
        limit = "memory.limit_in_bytes" if version == 1 else "memory.max"
        try:
            folder.mkdir()
            (folder / limit).write_text(str(limit_bytes + SLACK_BYTES))
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            return None
        # No swap: a command that swaps is neither stopped nor measured.
        with contextlib.suppress(OSError):
            if version == 1:
                (folder / "memory.memsw.limit_in_bytes").write_text(str(limit_bytes + SLACK_BYTES))
            else:
                (folder / "memory.swap.max").write_text("0")
        return cls(folder, version)

    def join(self) -> None:
        """Move the calling process in."""
        (self.folder / "cgroup.procs").write_text("0")

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for want of memory."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        try:
            lines = (self.folder / name).read_text().splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)

    def remove(self) -> None:
        """Remove it, once everything in it has ended."""
        for _ in range(20):
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.005)
            else:
                return


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
        if not os.access(folder, os.W_OK):
            continue
        if version == 2:
            with contextlib.suppress(OSError):
                if "memory" in (folder / "cgroup.subtree_control").read_text().split():
                    return folder, 2
            continue
        return folder, 1
    return None


def sweep() -> None:
    """Remove empty groups that a killed supervisor left behind."""
    found = _parent()
    if found is None:
        return
    for folder in found[0].glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            folder.rmdir()
