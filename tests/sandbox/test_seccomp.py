"""The filters, run by an interpreter of their instructions, for both architectures."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from filter_interpreter import MACHINES, call, decide
from hypothesis import given
from hypothesis import strategies as st

from hayate.sandbox.seccomp import ALLOW, CLONE_THREAD, DENY, KILL, UNKNOWN, Profile, program
from hayate.sandbox.syscalls import ARCHITECTURES, TABLE

CLONE_NEWUSER, CLONE_VM, SIGCHLD = 0x10000000, 0x100, 17


@pytest.mark.parametrize("machine", MACHINES)
def test_clone(machine: str) -> None:
    filters = {
        profile: program(profile, arch=ARCHITECTURES[machine]) for profile in ("build", "run", "run_threads")
    }
    thread = CLONE_VM | CLONE_THREAD
    expected = {
        ("build", SIGCHLD): ALLOW,
        ("build", thread): ALLOW,
        ("build", SIGCHLD | CLONE_NEWUSER): DENY,
        ("run", SIGCHLD): DENY,
        ("run", thread): DENY,
        ("run_threads", SIGCHLD): DENY,
        ("run_threads", thread): ALLOW,
        ("run_threads", thread | CLONE_NEWUSER): DENY,
    }
    for (profile, flags), result in expected.items():
        assert call(filters[profile], machine, "clone", flags) == result, (profile, flags)
        assert call(filters[profile], machine, "clone3") == UNKNOWN


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("profile", ["run", "run_threads"])
def test_strict_denies_more(machine: str, profile: Profile) -> None:
    arch = ARCHITECTURES[machine]
    loose, strict = program(profile, arch=arch), program(profile, strict=True, arch=arch)
    for name in ("execve", "execveat", "tkill", "memfd_create", "fchmod", "sched_setaffinity"):
        assert call(loose, machine, name) == ALLOW
        assert call(strict, machine, name) == DENY
    assert call(loose, machine, "openat", 0, 0, 0o101) == ALLOW
    assert call(strict, machine, "openat", 0, 0, 0o101) == DENY
    assert call(strict, machine, "openat", 0, 0, 0o2) == ALLOW
    assert call(strict, machine, "openat2") == UNKNOWN
    for advice, result in ((4, DENY), (9, DENY), (21, DENY), (14, ALLOW), (3, ALLOW)):
        assert call(strict, machine, "madvise", 0, 4096, advice) == result
    assert call(loose, machine, "prlimit64", 0, 7, 1 << 40) == ALLOW
    assert call(loose, machine, "prlimit64", 77, 7, 0) == DENY
    assert call(strict, machine, "prlimit64", 0, 7, 1 << 40) == DENY
    assert call(strict, machine, "prlimit64", 0, 7, 0) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_prctl(machine: str) -> None:
    strict = program("run", strict=True, arch=ARCHITECTURES[machine])
    for option, result in ((15, ALLOW), (22, ALLOW), (35, DENY), (53, DENY), (62, DENY)):
        assert call(strict, machine, "prctl", option) == result


@pytest.mark.parametrize("machine", MACHINES)
def test_other_conventions(machine: str) -> None:
    filter_ = program("build", arch=ARCHITECTURES[machine])
    other = MACHINES[1 - MACHINES.index(machine)]
    assert decide(filter_, other, 0) == KILL
    assert decide(filter_, machine, 0x40000000 | 39) == UNKNOWN
    assert decide(filter_, machine, 463) == UNKNOWN


@given(
    profile=st.sampled_from(["build", "run", "run_threads"]),
    machine=st.sampled_from(MACHINES),
    number=st.integers(0, 2**31 - 1),
    arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6),
)
def test_every_call_is_decided(profile: Profile, machine: str, number: int, arguments: list[int]) -> None:
    """Jumps stay inside the program, and the stricter filter never allows what the looser denies."""
    arch = ARCHITECTURES[machine]
    loose = decide(program(profile, arch=arch), machine, number, *arguments)
    assert loose in (ALLOW, DENY, UNKNOWN)
    if profile != "build" and decide(program(profile, True, arch), machine, number, *arguments) == ALLOW:
        assert loose == ALLOW


def test_errors_are_what_they_say() -> None:
    assert (DENY & 0xFFFF, UNKNOWN & 0xFFFF) == (errno.EPERM, errno.ENOSYS)


def test_a_build_has_no_strict_filter() -> None:
    with pytest.raises(ValueError, match="exec"):
        program("build", strict=True)


HEADERS = {
    "x86_64": ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"],
    "aarch64": ["/usr/include/asm-generic/unistd.h"],
}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_the_kernels(machine: str) -> None:
    header = next((Path(path) for path in HEADERS[machine] if Path(path).exists()), None)
    if header is None:
        pytest.skip("needs the kernel's headers: apt install linux-libc-dev")
    pattern = r"#define __NR(?:3264)?_(\w+)\s+(\d+)"
    kernels = {name: int(number) for name, number in re.findall(pattern, header.read_text())}
    assert len(kernels) > 200
    for name, numbers in TABLE.items():
        ours = numbers[ARCHITECTURES[machine].column]
        if name in kernels:
            assert ours == kernels[name], name
        elif ours is not None:
            assert ours > max(kernels.values()), f"{name} is unknown to {header}"
