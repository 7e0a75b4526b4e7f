"""What every tier offers: a command with its limits goes in, how it ended comes out.

A `Command` sees one writable folder (its *box*), the system's compilers and libraries read-only, and the
extra paths that it names; no network, no other process, never root.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hayate.sandbox.launcher import Process

Profile = Literal["build", "run", "run_threads"]
# The number that the first of `Command.pass_fds` has inside. Numbers inside don't depend on the caller's own.
FIRST_FD = 3
FDS_MOST = 64  # of one command
PROFILES: tuple[Profile, ...] = ("build", "run", "run_threads")

MIB = 1 << 20

# The environment that a command starts from; `Command.env` adds to it and may override it.
BASE_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "LC_ALL": "C"}

# A weakness of every tier.
FILES_UNCOUNTED = (
    "a command that is no build, and has not installed the strict filter, "
    "can fill its box with many small files"
)


@dataclass(frozen=True)
class Limits:
    """How much a command may use. Sizes in bytes, times in seconds."""

    cpu_s: float = 60.0  # per process, RLIMIT_CPU; rounded up to whole seconds
    wall_s: float = 120.0  # of the whole command
    memory_bytes: int = (
        4096 * MIB
    )  # address space per process; of all together where a memory cgroup is writable
    file_bytes: int = 256 * MIB  # size of one file
    box_bytes: int = 1024 * MIB  # files of the box together; checked while a "build" command runs
    tmp_bytes: int = 256 * MIB  # /tmp and /dev/shm inside, each (bubblewrap)
    processes: int = 64  # processes and threads
    data_bytes: int = 0  # private writable memory of each process, RLIMIT_DATA; 0: as much as memory_bytes
    open_files: int = 256
    output_bytes: int = MIB  # of stdout and of stderr, each: the rest is discarded
    stack_bytes: int = 64 * MIB
    raisable: bool = False  # its starter means to raise its priority; it can't do so itself


@dataclass(frozen=True)
class Command:
    """What to run, and in what surroundings. `argv[0]` is an absolute path or found on the PATH inside."""

    argv: tuple[str, ...] | list[str]
    box: Path  # the one writable folder and the working folder, under the same absolute path inside
    readonly: tuple[
        Path, ...
    ] = ()  # further files and folders, under their own absolute paths; not in the box
    env: Mapping[str, str] = field(default_factory=dict)  # added to BASE_ENV; nothing else is inherited
    pass_fds: tuple[
        int, ...
    ] = ()  # inside they are 3, 4, 5 and so on, in this order; nothing else is inherited
    limits: Limits = field(default_factory=Limits)
    box_writable: bool = True  # False: the box can only be read, like `readonly`
    profile: Profile = "build"  # run: no processes and no threads; run_threads: threads, no processes
    stdin: bytes = b""
    cores: tuple[int, ...] | None = None  # CPU affinity; None: that of the calling thread


@dataclass(frozen=True)
class Exit:
    """How a command ended."""

    returncode: int  # exit code; -N if signal N ended it
    signal: int | None  # the signal that ended it
    stdout: bytes
    stderr: bytes
    wall_s: float
    timed_out: bool = False  # wall or CPU limit
    truncated: bool = False  # wrote more than output_bytes
    out_of_memory: bool = False  # known only where a memory cgroup is writable
    stopped: str = ""  # why we ended it: "wall", "cpu", "output", "box", "killed"; "" if it ended by itself

    @property
    def ok(self) -> bool:
        return self.returncode == 0 and not self.stopped


@dataclass(frozen=True)
class TierReport:
    """Whether a tier works here, what it does not stop, and what a start costs."""

    tier: str
    works: bool
    reason: str  # why it does not work, with what to do about it; "" if it works
    weaknesses: tuple[str, ...] = ()
    start_ms: float | None = None  # median of the probe's starts, each of a command like a runner


class Sandbox(ABC):
    """A tier: a way to confine a command. Safe to use from several threads at once."""

    tier: str

    @abstractmethod
    def start(self, command: Command) -> Process:
        """Start it. Raises Fault if the sandbox itself fails, WrongUse if the command can't be right."""

    @abstractmethod
    def weaknesses(self) -> tuple[str, ...]:
        """What this tier does not stop on this machine, one sentence each."""

    def run(self, command: Command) -> Exit:
        """Start it and wait for its end. Raises what `start` raises."""
        with self.start(command) as process:
            return process.wait()
