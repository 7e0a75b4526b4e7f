"""Ten thousand starts of the sandbox, of commands that end in every way there is: what is left of them?

Nothing else may run meanwhile: processes and files are counted on the whole machine.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from hayate import sandbox
from hayate.sandbox import Command, Limits, Sandbox, new_box

STARTS = 10_000
WORKERS = 2
# More at a time than later: the launcher keeps as many supervisors as were ever busy at once, and two, so that their
# number does not grow while it is looked at.
WARM_UP, WARM_UP_WORKERS = 200, 5
SETTLE_S = 5.0
_KTHREADD = 2  # the parent of the kernel's threads, which come and go
_SHELL = ("/bin/sh", "-c")
_LIMITS = Limits(wall_s=5, processes=40, output_bytes=1 << 16)

# Each as the argv of a command, and whether we end it ourselves.
COMMANDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "ends well": (("/bin/true",), False),
    "ends badly, leaves files": ((*_SHELL, "mkdir d; echo x > d/f; chmod 0 d; exit 3"), False),
    "ends by a signal": ((*_SHELL, "kill -SEGV $$"), False),
    "leaves orphans": ((*_SHELL, "for i in 1 2 3 4 5; do sleep 100 & done"), False),
    "leaves orphans that ignore signals": ((*_SHELL, "(trap '' TERM HUP INT; sleep 100 &) & exit 0"), False),
    "prints without end": (("/usr/bin/yes",), False),
    "runs into its time limit": (("/bin/sleep", "100"), False),
    "is killed": (("/bin/sleep", "100"), True),
}


def soak(tier: str, starts: int = STARTS) -> dict[str, Any]:
    """Counts of what is there before and after, and how the commands ended."""
    place = sandbox.get(tier)
    _many(place, WARM_UP, WARM_UP_WORKERS)
    time.sleep(SETTLE_S)
    before = counts()
    began = time.monotonic()
    ends = _many(place, starts, WORKERS)
    wall_s = time.monotonic() - began
    time.sleep(SETTLE_S)
    after = counts()
    return {
        "starts": starts,
        "wall_s": wall_s,
        "ends": dict(ends),
        "before": before,
        "after": after,
        "left": {key: after[key] - before[key] for key in before},
    }


def _many(place: Sandbox, starts: int, workers: int) -> Counter[str]:
    ends: Counter[str] = Counter()
    lock = threading.Lock()
    names = list(COMMANDS)

    def one(number: int) -> None:
        name = names[number % len(names)]
        argv, kill = COMMANDS[name]
        limits = _LIMITS if name != "runs into its time limit" else Limits(wall_s=0.05)
        with new_box() as box, place.start(Command(argv=argv, box=box, limits=limits)) as process:
            if kill:
                process.payload_pid()
                process.kill()
            ended = process.wait()
        with lock:
            ends[
                f"{name}: {ended.stopped or (ended.signal and f'signal {ended.signal}') or ended.returncode}"
            ] += 1

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(one, range(starts)):
            pass
    return ends


def counts() -> dict[str, int]:
    """Of this machine, as far as a sandbox could leave something in it."""
    own = Path("/proc/self/fd")
    temporary = [Path(tempfile.gettempdir()), Path("/dev/shm")]
    below = psutil.Process().children(recursive=True)  # the launcher and its supervisors
    running = psutil.process_iter(["ppid"])  # zombies, too
    return {
        "processes": sum(_KTHREADD not in (p.pid, p.info["ppid"]) for p in running),
        "processes of the launcher": len(below),
        "descriptors": len(list(own.iterdir())),
        "descriptors of the launcher": sum(_descriptors(process) for process in below),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "files": sum(len(list(folder.glob("hayate-*"))) for folder in temporary),
        "shared memory": len(list(temporary[1].iterdir()))
        + len(Path("/proc/sysvipc/shm").read_text().splitlines()),
        "cgroups": _cgroups(),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
    }


def _descriptors(process: psutil.Process) -> int:
    try:
        return int(process.num_fds())
    except psutil.NoSuchProcess:  # it has ended since
        return 0


def _cgroups() -> int:
    """Those of hayate, in whatever hierarchy."""
    root = Path("/sys/fs/cgroup")
    return sum(name.startswith("hayate-") for _, folders, _ in os.walk(root) for name in folders)
