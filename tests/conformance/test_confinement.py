"""What a command may not see, touch or become."""

from __future__ import annotations

import fcntl
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hayate.sandbox import Command, Exit, Limits, Sandbox, seccomp
from hayate.sandbox.base import FDS_MOST, FIRST_FD
from hayate.sandbox.identity import pool
from hayate.sandbox.seccomp import DENIED_ALWAYS, architecture
from hayate.sandbox.syscalls import TABLE

Run = Callable[..., Exit]


def told(ended: Exit) -> dict[str, str]:
    """What the attempts said, by name."""
    assert ended.returncode == 0, ended
    pairs = (line.split() for line in ended.stdout.decode().splitlines() if line.strip())
    return {pair[0]: pair[-1] for pair in pairs}


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process outside that ends at the first signal."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; print(1, flush=True); time.sleep(300)"],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_secret_file_is_not_read(run: Run, outside: Path) -> None:
    secret = outside / "secret"
    secret.write_text("42")
    secret.chmod(0o666)
    ended = run("read", secret)
    assert told(ended)["read"] in ("ENOENT", "EACCES")
    assert b"42" not in ended.stdout


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/root", "/home", "/dev/mem"])
def test_rest_of_the_system_is_not_read(run: Run, path: str) -> None:
    assert told(run("read", path))["read"] in ("ENOENT", "EACCES", "EISDIR")


def test_file_outside_is_not_written(run: Run, outside: Path) -> None:
    there = outside / "there"
    there.write_text("before")
    there.chmod(0o666)
    for path in (there, outside / "new", Path("/usr/bin/new"), Path("/new"), Path("/etc/new")):
        assert told(run("write", path))["write"] != "ok", path
        assert path == there or not path.exists()
    assert there.read_text() == "before"


def test_read_only_paths_are_read_only(sandbox: Sandbox, outside: Path, attack: Path) -> None:
    outside.chmod(0o755)
    box = outside / "box"  # the box may lie in a folder that is otherwise read-only
    box.mkdir()
    library = outside / "library"
    library.write_text("42")
    library.chmod(0o666)
    for words, seen in ((("read", library), b"42"), (("write", box / "mine"), b"ok")):
        command = Command([str(attack), *map(str, words)], box, readonly=(attack, outside))
        assert seen in sandbox.run(command).stdout
    for path in (library, outside / "new"):
        command = Command([str(attack), "write", str(path)], box, readonly=(attack, outside))
        assert b" ok" not in sandbox.run(command).stdout
    assert library.read_text() == "42"


def test_mode_of_file_outside_stays(run: Run, sandbox: Sandbox, outside: Path) -> None:
    there = outside / "there"
    there.touch(0o644)
    there.chmod(0o644)
    said = told(run("chmod", there))["chmod"]
    if pool() is None and sandbox.tier == "landlock":
        assert any("modes" in weakness for weakness in sandbox.weaknesses())
    else:
        assert said != "ok"
        assert there.stat().st_mode & 0o777 == 0o644


def test_temporary_folders_of_the_host_are_not_reached(run: Run) -> None:
    name = f"hayate-conformance-{os.getpid()}"
    for folder in ("/tmp", "/dev/shm", "/var/tmp"):
        run("write", f"{folder}/{name}")  # into a private one, or denied
        assert not Path(folder, name).exists()


def test_no_network(run: Run) -> None:
    assert set(told(run("socket")).values()) == {"EPERM"}


def test_dangerous_calls_are_denied(run: Run) -> None:
    numbers = [TABLE[name][architecture().column] for name in DENIED_ALWAYS]
    present = [number for number in numbers if number is not None]
    assert set(told(run("calls", *present)).values()) == {"EPERM"}


def test_calls_unknown_to_the_filter_are_denied(run: Run) -> None:
    assert set(told(run("calls", 463, 470, 500, 1000, 65536)).values()) == {"ENOSYS"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other calling conventions are those of x86-64")
def test_other_calling_conventions_are_shut(run: Run) -> None:
    assert told(run("x32"))["x32"] == "ENOSYS"
    assert run("int80").signal in (signal.SIGSYS, signal.SIGSEGV)  # the latter where the kernel lacks i386


@pytest.mark.parametrize("profile", ["build", "run", "run_threads"])
def test_processes_outside_get_no_signals(
    run: Run, sandbox: Sandbox, victim: subprocess.Popen[bytes], profile: str
) -> None:
    said = told(run("signal", victim.pid, profile=profile))
    if any("signal" in weakness for weakness in sandbox.weaknesses()) and profile == "build":
        return
    assert "ok" not in said.values()
    assert victim.poll() is None


def test_processes_outside_are_not_spied_on(run: Run, victim: subprocess.Popen[bytes]) -> None:
    said = told(run("spy", victim.pid))
    assert "ok" not in said.values(), said


@pytest.mark.parametrize("profile", ["run", "run_threads"])
def test_the_first_process_of_the_sandbox_is_not_spied_on(run: Run, profile: str) -> None:
    """It has no filter: who could write its memory would have a second process, of any number of threads."""
    said = told(run("spy", 1, profile=profile))
    assert "ok" not in said.values(), said


def test_only_named_descriptors_are_inherited(sandbox: Sandbox, box: Path, attack: Path) -> None:
    reading, writing = os.pipe()
    leaked = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    wanted = fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, 77)
    try:
        ended = sandbox.run(
            Command([str(attack), "descriptors"], box, readonly=(attack,), pass_fds=(wanted,))
        )
    finally:
        for descriptor in (reading, writing, leaked, wanted):
            os.close(descriptor)
    assert ended.stdout.split() == [b"0", b"1", b"2", b"3"]


def test_passed_descriptors_keep_their_order_and_meaning(sandbox: Sandbox, box: Path) -> None:
    pipes = [os.pipe() for _ in range(3)]
    try:
        script = "; ".join(f"echo {i} >&{FIRST_FD + i}" for i in range(3))
        ended = sandbox.run(
            Command(["sh", "-c", script], box, pass_fds=tuple(writing for _, writing in pipes))
        )
        assert ended.ok, ended
        for i, (reading, writing) in enumerate(pipes):
            os.close(writing)
            assert os.read(reading, 10) == f"{i}\n".encode()
    finally:
        for reading, _ in pipes:
            os.close(reading)


def _starts_with(sandbox: Sandbox, box: Path, attack: Path, numbers: tuple[int, ...]) -> None:
    ended = sandbox.run(Command([str(attack), "descriptors"], box, readonly=(attack,), pass_fds=numbers))
    assert [int(word) for word in ended.stdout.split()] == list(range(FIRST_FD + len(numbers))), ended


def test_a_descriptor_of_any_number_can_be_passed(sandbox: Sandbox, box: Path, attack: Path) -> None:
    """Where a number met that of something needed on the way, one start in ten failed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("needs two thousand open files: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    try:
        for number in [*range(3, 90), *range(560, 620), 1023, 1024, 2047]:
            memory = os.memfd_create("passed", os.MFD_CLOEXEC)
            high = fcntl.fcntl(memory, fcntl.F_DUPFD_CLOEXEC, number)
            try:
                _starts_with(sandbox, box, attack, (high, memory))
            finally:
                os.close(high)
                os.close(memory)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_any_number_of_descriptors_can_be_passed(sandbox: Sandbox, box: Path, attack: Path) -> None:
    memory = os.memfd_create("passed", os.MFD_CLOEXEC)
    try:
        for count in range(FDS_MOST + 1):
            _starts_with(sandbox, box, attack, (memory,) * count)
    finally:
        os.close(memory)


def test_a_command_starts_however_many_descriptors_are_open(
    sandbox: Sandbox, box: Path, attack: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    held: list[int] = []
    memory = os.memfd_create("passed", os.MFD_CLOEXEC)
    try:
        for count in [*range(0, 40), 100, 300, 600, 1000]:
            while len(held) < min(count, hard - 200):
                held.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
            last = fcntl.fcntl(memory, fcntl.F_DUPFD_CLOEXEC, 3)
            try:
                _starts_with(sandbox, box, attack, (memory, last))
            finally:
                os.close(last)
    finally:
        for descriptor in (*held, memory):
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_environment_is_cleared(sandbox: Sandbox, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAYATE_TOKEN", "secret")
    ended = sandbox.run(Command(["env"], box, env={"WANTED": "a b=c", "LANG": "de"}))
    lines = ended.stdout.decode().splitlines()
    assert "WANTED=a b=c" in lines
    assert "LANG=de" in lines
    assert not any(line.startswith("HAYATE_TOKEN") for line in lines)
    names = {line.split("=")[0] for line in lines}
    assert names <= {"PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "PWD", "WANTED", "SHLVL", "_"}


def test_no_further_user_namespaces(run: Run) -> None:
    said = told(run("namespace"))
    assert said == {"unshare": "EPERM", "clone": "EPERM", "clone3": "ENOSYS"}


@pytest.mark.parametrize("profile", ["build", "run", "run_threads"])
def test_no_device_nodes_and_no_mounts(run: Run, box: Path, profile: str) -> None:
    said = told(run("devices", box, profile=profile))
    assert len(said) == 10
    assert "ok" not in said.values(), said
    assert not (box / "node").exists()


def test_never_root_and_setuid_gains_nothing(sandbox: Sandbox, run: Run, box: Path, attack: Path) -> None:
    said = told(run("rise"))
    assert said["root"] == "0"
    assert said["locked"] == "1"
    assert said["setuid"] != "ok"
    assert said["bounding"] != "ok"
    if os.geteuid() != 0:
        pytest.skip("the rest needs root to make a setuid program")
    raised = attack.with_name("raised")
    shutil.copy(attack, raised)
    os.chown(raised, 0, 0)
    raised.chmod(0o4755)
    ended = sandbox.run(Command([str(raised), "rise", str(raised)], box, readonly=(raised,), limits=Limits()))
    assert b"root 0" in ended.stdout
    assert b"root 1" not in ended.stdout


def test_threads_only_where_they_are_let_through(run: Run) -> None:
    assert run("threads", 4, profile="run").stdout == b"0\n"
    assert run("threads", 4, profile="run_threads").stdout == b"4\n"
    assert run("threads", 4, profile="build").stdout == b"4\n"


@pytest.mark.parametrize("profile", ["run", "run_threads"])
def test_running_starts_no_processes(run: Run, profile: str) -> None:
    assert run("processes", 1, profile=profile).stdout == b"0\n"


@pytest.mark.parametrize("profile", ["run", "run_threads"])
def test_strict_filter(run: Run, box: Path, profile: seccomp.Profile) -> None:
    filter_file = box / "filter"
    filter_file.write_bytes(seccomp.program(profile, strict=True))
    filter_file.chmod(0o644)
    ended = run("strict", filter_file, profile=profile)
    assert ended.signal == signal.SIGABRT, ended
    said = {line.split()[0]: line.split()[1] for line in ended.stdout.decode().splitlines()}
    allowed = {name for name, result in said.items() if result == "ok"}
    harmless = {"install", "hugepage", "remap", "getaffinity", "open"}
    assert allowed - {"hugepage"} == harmless - {"hugepage"} | (
        {"thread"} if profile == "run_threads" else set()
    )
    assert said["hugepage"] in ("ok", "EINVAL")  # the latter where the kernel has none
    assert said["clone3"] == "ENOSYS"
    assert {said[name] for name in said.keys() - harmless - {"clone3", "thread"}} == {"EPERM"}
    assert not (box / "new").exists()
