"""Tier `bubblewrap`: own user, process, network, IPC and mount namespaces, seccomp and resource limits."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.sandbox import seccomp, system
from hayate.sandbox.base import FILES_UNCOUNTED, FIRST_FD, Command, Sandbox
from hayate.sandbox.identity import pool
from hayate.sandbox.launcher import Process, check, environment, launch


@lru_cache(maxsize=1)
def _options() -> tuple[str, str, str]:
    """Paths of bwrap and prlimit, and what `bwrap --help` says. Raises Fault(SANDBOX_BROKEN)."""
    bwrap, prlimit = shutil.which("bwrap"), shutil.which("prlimit", path="/usr/bin:/bin")
    if bwrap is None:
        raise Fault(
            FaultKind.SANDBOX_BROKEN,
            "bubblewrap is not installed",
            remedy="apt install bubblewrap, or dnf install bubblewrap",
        )
    if prlimit is None:
        raise Fault(FaultKind.SANDBOX_BROKEN, "prlimit is not installed", remedy="install util-linux")
    told = subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False)
    return bwrap, prlimit, told.stdout + told.stderr


class Bubblewrap(Sandbox):
    tier = "bubblewrap"

    def start(self, command: Command) -> Process:
        check(command)
        bwrap, prlimit, _ = _options()
        filter_fd = FIRST_FD + len(command.pass_fds)
        status_fd = filter_fd + 1
        argv = [
            bwrap,
            *_view(command),
            *("--seccomp", str(filter_fd), "--json-status-fd", str(status_fd), "--"),
            *(prlimit, f"--nproc={command.limits.processes}", "--"),
            *(str(word) for word in command.argv),
        ]
        spec = {
            "argv": argv,
            "env": {},
            "filter_fd": filter_fd,
            "status_fd": status_fd,
            "exec_is_ours": True,
            "limits": {**asdict(command.limits), "processes": 0},
        }
        return launch(command, self.tier, spec, seccomp.program(command.profile))

    def weaknesses(self) -> tuple[str, ...]:
        told = _options()[2]
        found = [FILES_UNCOUNTED]
        if "--size" not in told:
            found.append(
                "/tmp and /dev/shm inside have no size limit of their own (bubblewrap 0.7 would set one)"
            )
        if pool() is None:
            found.append("commands run as the same user, in a namespace of their own")
        return tuple(found)


def _view(command: Command) -> list[str]:
    """The file system and the surroundings that the command sees."""
    told = _options()[2]
    argv = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
    if "--disable-userns" in told:
        argv.append("--disable-userns")
    for folder in system.FOLDERS:
        path = Path(folder)
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), folder]
        elif path.exists():
            argv += ["--ro-bind", folder, folder]
    for name in [*system.existing(system.FILES), *system.existing((system.PROCESSOR,))]:
        argv += ["--ro-bind", name, name]
    size = ["--size", str(command.limits.tmp_bytes)] if "--size" in told else []
    # bubblewrap's own first process has no filter and would take orders through /proc/1/mem; clang looks itself up.
    if command.profile == "build":
        argv += ["--proc", "/proc"]
    argv += ["--dev", "/dev"]
    argv += [*size, "--tmpfs", "/dev/shm", *size, "--tmpfs", "/tmp", "--remount-ro", "/dev"]
    binds = [("--ro-bind", str(path)) for path in command.readonly]
    binds.append(("--bind" if command.box_writable else "--ro-bind", str(command.box)))
    for option, name in sorted(binds, key=lambda bind: bind[1].count("/")):  # a folder before what lies in it
        argv += [option, name, name]
    argv += ["--remount-ro", "/", "--chdir", str(command.box)]
    for name, value in environment(command, "/tmp").items():
        argv += ["--setenv", name, value]
    return argv
