"""The name of a server's process in the queue, and whether the process of a name is certain to be gone."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path


def worker_name() -> str:
    """host, boot, process, start of the process, and what tells two services of one process apart."""
    pid = os.getpid()
    return "/".join([socket.gethostname(), _boot(), str(pid), _start(pid), uuid.uuid4().hex[:8]])


def is_dead(worker: str) -> bool:
    """True only if it is certain: a worker on this host whose process is gone."""
    try:
        host, boot, pid, start, _ = worker.rsplit("/", 4)
        if host != socket.gethostname():
            return False
        return boot != _boot() or _start(int(pid)) != start
    except ValueError:
        return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"


def _start(pid: int) -> str:
    """When the process was started, in ticks since boot; "" if there is no such process, or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
