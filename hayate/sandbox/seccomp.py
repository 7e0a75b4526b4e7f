"""System call filters, compiled to BPF by hand: no library is needed.

A filter is a deny list (what a compiler or a numerical kernel needs varies too much for an allow list),
with every call that is newer than the list denied as unknown. `program()` gives the raw array of `struct
sock_filter`.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from collections.abc import Iterable
from functools import lru_cache

from hayate.errors import Fault, FaultKind
from hayate.sandbox.base import Profile
from hayate.sandbox.syscalls import ARCHITECTURES, NEWEST, TABLE, Architecture

LD, JEQ, JGT, JGE, JSET, RET = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06  # loads are of absolute 32-bit words

ALLOW = 0x7FFF0000
KILL = 0x80000000
DENY = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS

# Offsets into struct seccomp_data; argument i lies at ARGUMENT + 8 i, its low word first.
NR, ARCH, ARGUMENT = 0, 4, 16

CLONE_THREAD = 0x00010000
CLONE_NEW = 0x7E020000  # every namespace flag that clone takes
O_CREAT_OR_TMPFILE = 0o100 | 0o20000000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C

# Pages that the judge shares with a runner stay what they are: no dropping, guarding or paging out.
MADVISE_DENIED = (4, 8, 9, 20, 21, 24, 100, 101, 102, 103)

# What a process may not set for itself: a core-scheduling cookie (its hyper-thread sibling would be kept idle, for
# this process and not for the one that it is compared with), speculation, its memory map.
PR_SET_MM, PR_SET_SPECULATION_CTRL, PR_SCHED_CORE = 35, 53, 62
PRCTL_DENIED = (PR_SET_MM, PR_SET_SPECULATION_CTRL, PR_SCHED_CORE)

# Names of system calls, in the table's spelling.
NETWORK = """
    socket socketpair connect bind listen accept accept4
"""
OTHER_PROCESSES = """
    ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal
    process_madvise process_mrelease kcmp migrate_pages move_pages
"""
KERNEL = """
    perf_event_open bpf io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key
    request_key mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
    mount_setattr setns unshare clock_settime clock_adjtime settimeofday adjtimex open_by_handle_at
    name_to_handle_at personality init_module finit_module delete_module kexec_load kexec_file_load
    reboot swapon swapoff acct sethostname setdomainname iopl ioperm syslog quotactl quotactl_fd
    lookup_dcookie nfsservctl vhangup fanotify_init modify_ldt memfd_secret uselib
"""
PRIORITIES = "setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr"
# Objects that outlive their process and that RLIMIT_AS does not count.
IPC = "shmget shmat shmctl msgget semget mq_open"
RUNNING = "fork vfork kill rt_sigqueueinfo rt_tgsigqueueinfo"  # denied unless building
STRICT = """
    execve execveat tkill memfd_create sched_setaffinity chmod fchmod fchmodat fchmodat2 chown fchown lchown
    fchownat mknod mknodat creat link linkat symlink symlinkat remap_file_pages setrlimit mbind
    set_mempolicy
"""

DENIED_ALWAYS = f"{NETWORK} {OTHER_PROCESSES} {KERNEL} {PRIORITIES} {IPC}".split()
DENIED_RUNNING = RUNNING.split()
DENIED_STRICT = STRICT.split()

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


def architecture() -> Architecture:
    """Of this machine. Raises Fault(HOST_UNFIT) where no table of system calls is at hand."""
    found = ARCHITECTURES.get(platform.machine())
    if found is None or struct.calcsize("P") != 8:
        raise Fault(
            FaultKind.HOST_UNFIT,
            f"no system call table for {platform.machine()!r}",
            remedy=f"use a 64-bit machine of {', '.join(sorted(ARCHITECTURES))}",
        )
    return found


@lru_cache(maxsize=32)
def program(profile: Profile, strict: bool = False, arch: Architecture | None = None) -> bytes:
    """The filter for `profile` as raw `struct sock_filter`s, 8 bytes each.

    Not strict, it lets a command exec (else nothing could start). A runner installs the strict one itself
    right before it loads a candidate: it also denies exec, new files, signals to others, changes of affinity
    and priority, and madvise calls that would drop pages. `build` has no strict form.
    """
    arch = arch or architecture()
    denied = [*DENIED_ALWAYS]
    if profile != "build":
        denied += DENIED_RUNNING
    if strict:
        if profile == "build":
            raise ValueError("a build must exec: it has no strict filter")
        denied += DENIED_STRICT

    body: list[Instruction] = []
    for number in _numbers(denied, arch):
        body += _when(number, [(RET, 0, 0, DENY)])
    for number in _numbers(["clone3"], arch):
        body += _when(
            number, [(RET, 0, 0, UNKNOWN)]
        )  # its flags are out of a filter's sight; libc falls back
    for number in _numbers(["clone"], arch):
        body += _when(number, _clone(profile))
    for number in _numbers(["ioctl"], arch):
        body += _when(number, _unless_equal(1, (TIOCSTI, TIOCLINUX)))
    for number in _numbers(["prlimit64"], arch):
        body += _when(number, _only_if_null(2 if strict else 0))  # reading limits; setting one's own
    if strict:
        for number in _numbers(["openat2"], arch):
            body += _when(number, [(RET, 0, 0, UNKNOWN)])
        for name, argument in (("open", 1), ("openat", 2)):
            for number in _numbers([name], arch):
                body += _when(number, _unless_any_bit(argument, O_CREAT_OR_TMPFILE))
        for number in _numbers(["madvise"], arch):
            body += _when(number, _unless_equal(2, MADVISE_DENIED))
        for number in _numbers(["prctl"], arch):
            body += _when(number, _unless_equal(0, PRCTL_DENIED))

    head: list[Instruction] = [
        (LD, 0, 0, ARCH),
        (JEQ, 1, 0, arch.audit),
        (RET, 0, 0, KILL),  # another calling convention: its numbers mean something else
        (LD, 0, 0, NR),
        (JGT, 0, 1, NEWEST),  # also the x32 convention, whose numbers have bit 30 set
        (RET, 0, 0, UNKNOWN),
    ]
    return b"".join(struct.pack("=HBBI", *one) for one in [*head, *body, (RET, 0, 0, ALLOW)])


def _numbers(names: Iterable[str], arch: Architecture) -> list[int]:
    """Numbers of those calls that this architecture has."""
    found = (TABLE[name][arch.column] for name in names)
    return [number for number in found if number is not None]


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    """`then`, which must end in RET, if the call is `number`."""
    return [(JEQ, 0, len(then), number), *then]


def _unless_equal(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    """Allow unless the low word of the argument is one of `values`."""
    tests: list[Instruction] = [(JEQ, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [(LD, 0, 0, ARGUMENT + 8 * argument), *tests, (RET, 0, 0, ALLOW), (RET, 0, 0, DENY)]


def _unless_any_bit(argument: int, mask: int) -> list[Instruction]:
    return [(LD, 0, 0, ARGUMENT + 8 * argument), (JSET, 0, 1, mask), (RET, 0, 0, DENY), (RET, 0, 0, ALLOW)]


def _only_if_null(argument: int) -> list[Instruction]:
    low, high = ARGUMENT + 8 * argument, ARGUMENT + 8 * argument + 4
    return [
        (LD, 0, 0, low),
        (JEQ, 0, 3, 0),
        (LD, 0, 0, high),
        (JEQ, 0, 1, 0),
        (RET, 0, 0, ALLOW),
        (RET, 0, 0, DENY),
    ]


def _clone(profile: Profile) -> list[Instruction]:
    """Flags are argument 0 on both architectures."""
    load: Instruction = (LD, 0, 0, ARGUMENT)
    if profile == "run":
        return [(RET, 0, 0, DENY)]
    if profile == "build":
        return [load, (JSET, 0, 1, CLONE_NEW), (RET, 0, 0, DENY), (RET, 0, 0, ALLOW)]
    return [
        load,
        (JSET, 2, 0, CLONE_NEW),
        (JSET, 0, 1, CLONE_THREAD),
        (RET, 0, 0, ALLOW),
        (RET, 0, 0, DENY),
    ]


def write(profile: Profile, path: str | os.PathLike[str], strict: bool = True) -> None:
    """Write the filter to a file, for a runner that installs it itself."""
    with open(path, "wb") as file:  # noqa: PTH123 -- takes any path-like
        file.write(program(profile, strict))
