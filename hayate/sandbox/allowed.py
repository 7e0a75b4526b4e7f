"""What a process that runs code under test may ask of the kernel: a list of what is allowed, all else ends it.

A kernel computes. Once it is loaded it needs to sleep and be woken, perhaps memory, perhaps threads; nothing else.
So there is nothing by which a process that is stopped could act (timers, asynchronous input and output, signals on
behalf of others), whatever way it found to make a system call.

Two filters, installed one after the other: `loading` while objects are loaded, `calling` from then on. Code that runs
while an object is loaded, and keeps the second one from being installed, is left with the first, which adds no more
than reading files that the sandbox lets it read.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from functools import lru_cache

from hayate.sandbox.seccomp import (
    ALLOW,
    ARCH,
    ARGUMENT,
    JEQ,
    JGT,
    JSET,
    KILL,
    LD,
    NR,
    RET,
    Instruction,
    architecture,
)
from hayate.sandbox.syscalls import NEWEST, TABLE, Architecture

ERRNO = 0x00050000
PROT_READ_WRITE, PROT_EXEC = 0x3, 0x4
MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS = 0x01, 0x02, 0x20
MAP_QUIET = 0x4000 | 0x20000  # NORESERVE and STACK change nothing that others see
MAP_OF_THE_LOADER = 0x10 | 0x800  # FIXED, and DENYWRITE, which the kernel ignores
MREMAP_MAYMOVE = 0x1
MADV_DONTNEED = 4
# What the C library asks for a thread of this process: memory, files and signal handlers shared, the kernel told
# where to clear its id. Anything more or less is another process or a namespace.
CLONE_OF_A_THREAD = 0x003D0F00
# WAIT and WAIT_BITSET, WAKE and WAKE_BITSET, private or not, by either clock.
FUTEX_WAITS = tuple(command | flags for command in (0, 9) for flags in (0, 0x80, 0x100, 0x180))
FUTEX_WAKES = tuple(command | flags for command in (1, 10) for flags in (0, 0x80, 0x100, 0x180))
O_CLOEXEC, O_LARGEFILE = 0o2000000, 0o100000
PR_SET_SECCOMP = 22

_ALL_BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Bits:
    """Of one argument: none outside `within`, and all of `needed`."""

    argument: int
    within: int
    needed: int = 0


@dataclass(frozen=True)
class OneOf:
    """One argument, in all its 64 bits: one of these values, none of which has more than 32."""

    argument: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class Passes:
    """One argument: one of these values lets the call pass, whatever else stands in the rule."""

    argument: int
    values: tuple[int, ...]


Rule = tuple[Bits | OneOf | Passes, ...]  # of the arguments; () allows the call whatever they are

# A call asleep is woken and goes on; a process ends.
_ALWAYS: dict[str, Rule] = {
    # To wait without a time-out (argument 3): who sleeps within a call would have others pay for the time. To wake,
    # there is none, and libgomp leaves in its place what happens to be there.
    "futex": (Passes(1, FUTEX_WAKES), OneOf(1, FUTEX_WAITS), Bits(3, 0)),
    "sched_yield": (),
    "restart_syscall": (),
    "exit": (),
    "exit_group": (),
}
_MEMORY: dict[str, Rule] = {
    "brk": (),
    "mmap": (
        Bits(2, PROT_READ_WRITE),
        Bits(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_QUIET, MAP_PRIVATE | MAP_ANONYMOUS),
    ),
    "munmap": (),
    "mremap": (Bits(3, MREMAP_MAYMOVE),),
}
_THREADS: dict[str, Rule] = {
    **_MEMORY,  # stacks
    "mprotect": (Bits(2, PROT_READ_WRITE),),
    "madvise": (OneOf(2, (MADV_DONTNEED,)),),
    "clone": (OneOf(0, (CLONE_OF_A_THREAD,)),),
    "set_robust_list": (),
    "rseq": (),
    "rt_sigprocmask": (),
    "gettid": (),
    "getpid": (),
    "sched_getaffinity": (),
}
_LOADING: dict[str, Rule] = {
    **_THREADS,
    "open": (Bits(1, O_CLOEXEC | O_LARGEFILE),),
    "openat": (Bits(2, O_CLOEXEC | O_LARGEFILE),),
    "read": (),
    "pread64": (),
    "lseek": (),
    "close": (),
    "fstat": (),
    "stat": (),
    "newfstatat": (),
    "fstatat": (),
    "mmap": (
        Bits(2, PROT_READ_WRITE | PROT_EXEC),
        Bits(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_QUIET | MAP_OF_THE_LOADER, MAP_PRIVATE),
    ),
    "mprotect": (Bits(2, PROT_READ_WRITE | PROT_EXEC),),
    "prctl": (OneOf(0, (PR_SET_SECCOMP,)),),  # a filter can only take more away
}
# Asked for by the C library, which does without where they are refused.
_REFUSED = {"clone3": errno.ENOSYS}
_REFUSED_TO_THREADS = {**_REFUSED, "sched_setaffinity": errno.EPERM}


def loading(arch: Architecture | None = None) -> bytes:
    """For the time in which objects are loaded: raw `struct sock_filter`s, 8 bytes each."""
    return _program(arch or architecture(), "loading")


def calling(*, threads: bool, memory: bool, arch: Architecture | None = None) -> bytes:
    """From then on. `memory`: it may have scratch memory. With `threads` it may, too: each has a stack."""
    return _program(arch or architecture(), "threads" if threads else "memory" if memory else "least")


@lru_cache(maxsize=16)
def _program(arch: Architecture, which: str) -> bytes:
    rules, refused = {
        "loading": (_ALWAYS | _LOADING, _REFUSED_TO_THREADS),
        "threads": (_ALWAYS | _THREADS, _REFUSED_TO_THREADS),
        "memory": (_ALWAYS | _MEMORY, {}),
        "least": (_ALWAYS, {}),
    }[which]
    program: list[Instruction] = [
        (LD, 0, 0, ARCH),
        (JEQ, 1, 0, arch.audit),
        (RET, 0, 0, KILL),
        (LD, 0, 0, NR),
        (JGT, 0, 1, NEWEST),  # also the x32 convention, whose numbers have bit 30 set
        (RET, 0, 0, KILL),
    ]
    for name, rule in rules.items():
        number = TABLE[name][arch.column]
        if number is not None:
            body = _checked(rule)
            program += [(JEQ, 0, len(body), number), *body]
    for name, error in refused.items():
        number = TABLE[name][arch.column]
        if number is not None:
            program += [(JEQ, 0, 1, number), (RET, 0, 0, ERRNO | error)]
    program.append((RET, 0, 0, KILL))
    return b"".join(struct.pack("=HBBI", *one) for one in program)


def _checked(rule: Rule) -> list[Instruction]:
    """Ends in ALLOW if every condition holds, else in KILL."""
    body: list[Instruction] = []
    for condition in rule:
        low = ARGUMENT + 8 * condition.argument
        if isinstance(condition, Passes):
            last = len(condition.values) - 1
            body.append((LD, 0, 0, low))
            body += [(JEQ, last - i, int(i == last), value) for i, value in enumerate(condition.values)]
            body.append((RET, 0, 0, ALLOW))
            continue
        body += [(LD, 0, 0, low + 4), (JEQ, 1, 0, 0), (RET, 0, 0, KILL), (LD, 0, 0, low)]
        if isinstance(condition, OneOf):
            many = len(condition.values)
            body += [(JEQ, many - i, 0, value) for i, value in enumerate(condition.values)]
            body.append((RET, 0, 0, KILL))
            continue
        body += [(JSET, 0, 1, _ALL_BITS ^ condition.within), (RET, 0, 0, KILL)]
        for bit in range(32):
            if condition.needed >> bit & 1:
                body += [(JSET, 1, 0, 1 << bit), (RET, 0, 0, KILL)]
    return [*body, (RET, 0, 0, ALLOW)]
