"""Tier `landlock`: Landlock, seccomp, resource limits and a user of its own; no helper program, no
namespaces.

For machines where bubblewrap does not work (no user namespaces, inside most containers).
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.sandbox import landlock_rules, seccomp, system
from hayate.sandbox.base import FILES_UNCOUNTED, Command, Sandbox
from hayate.sandbox.identity import pool
from hayate.sandbox.launcher import Process, check, environment, launch


class Landlock(Sandbox):
    tier = "landlock"

    def start(self, command: Command) -> Process:
        check(command)
        if landlock_rules.abi() < 1:
            raise Fault(
                FaultKind.SANDBOX_BROKEN,
                "this kernel has no Landlock, or it is switched off",
                remedy="Linux 5.13 or newer, with landlock in the kernel's lsm= list",
            )
        readable = [*system.FOLDERS, *system.FILES, *system.PROC_FILES, system.PROCESSOR]
        own_user = pool() is not None
        processes = command.limits.processes
        if not own_user:
            # RLIMIT_NPROC counts all processes of the user, and `run` can't start any.
            processes = 0 if command.profile == "run" else processes + _threads_of_user()
        spec = {
            "argv": [str(word) for word in command.argv],
            "env": environment(command, str(command.box)),
            "landlock": {
                "read": [*readable, *map(str, command.readonly)],
                "device": list(system.DEVICES),
            },
            "install_filter": True,
            "limits": {**asdict(command.limits), "processes": processes},
        }
        return launch(command, self.tier, spec, seccomp.program(command.profile))

    def weaknesses(self) -> tuple[str, ...]:
        version = landlock_rules.abi()
        found = [
            "names, sizes and dates of files outside can be seen (Landlock does not cover stat)",
            "processes share the host's process numbers, and /tmp and /dev/shm are denied instead of private",
            FILES_UNCOUNTED,
        ]
        if pool() is None:
            found += [
                "commands run as the same user: modes and dates of that user's other files and the "
                "cores of its processes can be changed",
                "the limit on processes counts all processes of the user",
            ]
            if version < 6:
                found.append("a build can signal other processes of the same user (Linux 6.12 would stop it)")
        if version < 3:
            found.append("files outside that the user may write can be truncated (Linux 6.2 would stop it)")
        return tuple(found)


def _threads_of_user() -> int:
    """Threads that this user has now."""
    count, uid = 0, os.getuid()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and process.stat().st_uid == uid:
                count += len(list((process / "task").iterdir()))
        except OSError:
            continue
    return count
