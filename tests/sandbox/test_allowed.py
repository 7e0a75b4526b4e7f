"""What a runner may ask of the kernel, by an interpreter of the filters' instructions, for both architectures."""

from __future__ import annotations

import errno

import pytest
from filter_interpreter import MACHINES, call, decide

from hayate.sandbox.allowed import (
    CLONE_OF_A_THREAD,
    ERRNO,
    FUTEX_WAITS,
    FUTEX_WAKES,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    MAP_SHARED,
    calling,
    loading,
)
from hayate.sandbox.seccomp import ALLOW, KILL
from hayate.sandbox.syscalls import ARCHITECTURES, NEWEST, TABLE

LEAST = {"futex", "sched_yield", "restart_syscall", "exit", "exit_group"}
MEMORY = {"brk", "munmap"}
PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS


def program(machine: str, which: str) -> bytes:
    arch = ARCHITECTURES[machine]
    if which == "loading":
        return loading(arch)
    return calling(threads=which == "threads", memory=which == "memory", arch=arch)


def allowed_whatever(machine: str, which: str) -> set[str]:
    """Calls of the table that pass with all arguments zero."""
    found = set()
    for name, numbers in TABLE.items():
        number = numbers[ARCHITECTURES[machine].column]
        if number is not None and decide(program(machine, which), machine, number) == ALLOW:
            found.add(name)
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_a_loaded_kernel_may_sleep_wake_and_end(machine: str) -> None:
    assert allowed_whatever(machine, "least") == LEAST
    assert allowed_whatever(machine, "memory") == LEAST | MEMORY | {"mremap"}
    more = {"set_robust_list", "rseq", "rt_sigprocmask", "gettid", "getpid", "sched_getaffinity", "mprotect"}
    assert allowed_whatever(machine, "threads") == LEAST | MEMORY | {"mremap"} | more


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("which", ["least", "memory", "threads", "loading"])
def test_every_other_number_ends_the_process(machine: str, which: str) -> None:
    filter_, column = program(machine, which), ARCHITECTURES[machine].column
    named = {numbers[column] for numbers in TABLE.values()} - {None}
    for number in [*range(NEWEST + 200), 0x40000000 + 39, 2**31 - 1]:
        if number not in named:
            assert decide(filter_, machine, number) == KILL, number


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("which", ["memory", "threads"])
def test_memory_is_private_and_never_executable(machine: str, which: str) -> None:
    filter_ = program(machine, which)
    assert call(filter_, machine, "mmap", 0, 4096, 3, PRIVATE) == ALLOW
    assert call(filter_, machine, "mmap", 0, 4096, 0, PRIVATE | 0x4000 | 0x20000) == ALLOW
    for protection, flags in (
        (7, PRIVATE),
        (4, PRIVATE),
        (3, MAP_SHARED | MAP_ANONYMOUS),
        (3, MAP_PRIVATE),
        (3, PRIVATE | 0x10),
        (3, PRIVATE | 0x40000),
        (3 | 1 << 32, PRIVATE),
        (3, PRIVATE | 1 << 40),
    ):
        assert call(filter_, machine, "mmap", 0, 4096, protection, flags) == KILL, (protection, flags)
    assert call(filter_, machine, "mremap", 0, 1, 2, 1) == ALLOW
    assert call(filter_, machine, "mremap", 0, 1, 2, 3) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_are_of_this_process_alone(machine: str) -> None:
    filter_ = program(machine, "threads")
    assert call(filter_, machine, "clone", CLONE_OF_A_THREAD) == ALLOW
    for flags in (
        0,
        17,
        CLONE_OF_A_THREAD | 0x10000000,
        CLONE_OF_A_THREAD & ~0x800,
        CLONE_OF_A_THREAD | 1 << 40,
    ):
        assert call(filter_, machine, "clone", flags) == KILL, hex(flags)
    assert call(filter_, machine, "clone3") == ERRNO | errno.ENOSYS
    assert call(filter_, machine, "sched_setaffinity") == ERRNO | errno.EPERM
    assert call(filter_, machine, "mprotect", 0, 4096, 7) == KILL
    assert call(filter_, machine, "madvise", 0, 4096, 4) == ALLOW
    for advice in (8, 9, 14, 21, 25):
        assert call(filter_, machine, "madvise", 0, 4096, advice) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_a_futex_wakes_and_waits_and_nothing_else(machine: str) -> None:
    filter_ = program(machine, "least")
    for command in range(1 << 10):
        expected = ALLOW if command in (*FUTEX_WAITS, *FUTEX_WAKES) else KILL
        assert call(filter_, machine, "futex", 0, command) == expected, command
        for time_out in (1, 1 << 32):
            expected = ALLOW if command in FUTEX_WAKES else KILL
            assert call(filter_, machine, "futex", 0, command, 1, time_out) == expected, command


@pytest.mark.parametrize("machine", MACHINES)
def test_the_loader_reads_and_writes_nothing(machine: str) -> None:
    filter_ = program(machine, "loading")
    assert call(filter_, machine, "openat", 0, 0, 0o2000000) == ALLOW
    for flags in (1, 2, 0o100, 0o1000, 0o20200000):
        assert call(filter_, machine, "openat", 0, 0, flags) == KILL
    assert call(filter_, machine, "mmap", 0, 4096, 5, MAP_PRIVATE | 0x800) == ALLOW
    assert call(filter_, machine, "mmap", 0, 4096, 3, MAP_SHARED) == KILL
    assert call(filter_, machine, "prctl", 22) == ALLOW
    assert call(filter_, machine, "prctl", 1) == KILL
