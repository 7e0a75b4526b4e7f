"""What a child does between fork and exec: take descriptors, limits, identity, Landlock and seccomp, in
that order.

Runs in a process with one thread, forked from the launcher's server, never in the caller's own process.
"""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from hayate.sandbox import landlock_rules
from hayate.sandbox.identity import Identity

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
SECCOMP_MODE_FILTER = 2

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]


def prctl(option: int, first: int = 0, second: int = 0) -> None:
    if libc.prctl(option, first, second, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def become(
    spec: Mapping[str, Any],
    *,
    descriptors: Mapping[int, int],  # number inside -> descriptor here
    trouble: int,  # close-on-exec pipe: what went wrong before the exec is written here
    box: int,
    program: bytes,
    identity: Identity | None,
    badness: str | None,  # oom_score_adj to give back
    supervisor: int,  # pid
) -> NoReturn:
    """Become the command of `spec`; never returns."""
    # Numbers that the command will have are free of everything that is still needed: what was opened before, and
    # what is opened from now on (an open takes the lowest free number, which may be one of them).
    above = max(descriptors) + 1
    trouble = _lift(trouble, above)
    try:
        if badness is not None:
            Path("/proc/self/oom_score_adj").write_text(badness)
        os.setsid()
        os.umask(0o022)
        _signals()
        os.fchdir(box)
        rules = None
        if spec["landlock"]:
            rules = _lift(landlock_rules.open_ruleset(spec["landlock"], box, spec["box_writable"]), above)
        _take(descriptors, above)
        os.sched_setaffinity(0, spec["cores"])
        _limits(spec["limits"])
        if identity is not None:
            os.setgroups([])
            os.setresgid(identity.uid, identity.uid, identity.uid)
            os.setresuid(identity.uid, identity.uid, identity.uid)
        elif os.geteuid() == 0:
            _drop_capabilities()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(125)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        if rules is not None:
            landlock_rules.restrict(rules)
        if spec["install_filter"]:
            _install(program)
    except Exception as problem:
        os.write(trouble, f"{type(problem).__name__}: {problem}".encode()[:4000])
        os._exit(125)
    argv: list[str] = spec["argv"]
    try:
        os.execvpe(argv[0], argv, spec["env"])
    except OSError as problem:
        if spec["exec_is_ours"]:
            os.write(trouble, f"{argv[0]}: {problem.strerror}".encode())
        os.write(2, f"{argv[0]}: {problem.strerror}\n".encode())
        os._exit(127 if isinstance(problem, FileNotFoundError) else 126)
    os._exit(125)


def _signals() -> None:
    """Python ignores some signals; a command expects the defaults."""
    signal.set_wakeup_fd(-1)
    for number in (
        signal.SIGPIPE,
        signal.SIGXFSZ,
        signal.SIGCHLD,
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _lift(descriptor: int, above: int) -> int:
    """A duplicate, closed at an exec, whose number is `above` or higher."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above)


def _take(descriptors: Mapping[int, int], above: int) -> None:
    """Put each descriptor at its number, all of which are below `above`. All others are close-on-exec."""
    lifted = {number: _lift(source, above) for number, source in descriptors.items()}
    for number, source in lifted.items():
        os.dup2(source, number, inheritable=True)


def _limits(limits: Mapping[str, float]) -> None:
    cpu_s = max(1, math.ceil(limits["cpu_s"]))
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (cpu_s, cpu_s + 1),  # SIGXCPU, a second later SIGKILL
        resource.RLIMIT_FSIZE: (int(limits["file_bytes"]),) * 2,
        resource.RLIMIT_NOFILE: (int(limits["open_files"]),) * 2,
        resource.RLIMIT_STACK: (int(limits["stack_bytes"]),) * 2,
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    # Who raises another process's priority without being root needs it within that process's own limits. A command that
    # is to be raised keeps them until then, and the seccomp filter keeps it from asking itself.
    if not limits["raisable"]:
        wanted |= {resource.RLIMIT_RTPRIO: (0, 0), resource.RLIMIT_NICE: (0, 0)}
    if limits["memory_bytes"]:
        wanted[resource.RLIMIT_AS] = (int(limits["memory_bytes"]),) * 2
    if limits["data_bytes"]:
        wanted[resource.RLIMIT_DATA] = (int(limits["data_bytes"]),) * 2
    if limits["processes"]:
        wanted[resource.RLIMIT_NPROC] = (int(limits["processes"]),) * 2
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(kind, (soft, hard))


def _drop_capabilities() -> None:
    """For root in a user namespace without another id: keep the id, lose every capability."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    prctl(PR_CAP_AMBIENT, 4)  # clear all
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _install(program: bytes) -> None:
    """Install a seccomp filter in this process."""
    buffer = ctypes.create_string_buffer(program, len(program))
    wrapped = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_char_p))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(wrapped))
