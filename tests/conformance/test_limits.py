"""What a command may use up, and how its end is told."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hayate.sandbox import Command, Exit, Limits, Sandbox
from hayate.sandbox.cgroup import MemoryGroup
from hayate.sandbox.processes import descendants

Run = Callable[..., Exit]
MIB = 1 << 20


def running(mark: str) -> list[str]:
    """Command lines that hold `mark`, of any process of this machine but this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if mark in line and "bwrap" not in line:
                found.append(line)
    return found


def memory_groups_work() -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0 if MemoryGroup.create() else 1)
    _, status = os.waitpid(pid, 0)
    MemoryGroup.remove_of(pid)
    return status == 0


def test_exit_code_and_streams(sandbox: Sandbox, box: Path) -> None:
    ended = sandbox.run(Command(["sh", "-c", "echo out; echo err >&2; exit 3"], box))
    assert (ended.returncode, ended.signal, ended.stdout, ended.stderr) == (3, None, b"out\n", b"err\n")
    assert not any((ended.timed_out, ended.truncated, ended.out_of_memory, ended.stopped, ended.ok))


@pytest.mark.parametrize(("how", "number"), [("abort", signal.SIGABRT), ("segv", signal.SIGSEGV)])
@pytest.mark.parametrize("profile", ["build", "run", "run_threads"])
def test_a_crash_is_told_as_its_signal(run: Run, how: str, number: int, profile: str) -> None:
    ended = run(how, profile=profile)
    assert (ended.signal, ended.returncode) == (number, -number)


def test_stdin(run: Run) -> None:
    data = bytes(range(256)) * 12_000  # far more than a pipe holds, both ways at once
    ended = run("echo", stdin=data, output_bytes=len(data), profile="run")
    assert ended.stdout == data
    assert run("echo").stdout == b""


def test_stdin_that_nobody_reads(run: Run) -> None:
    assert run("exit", 5, stdin=bytes(4 * MIB)).returncode == 5


def test_endless_output_is_cut(run: Run) -> None:
    ended = run("shout", output_bytes=100_000)
    assert ended.truncated
    assert ended.stopped == "output"
    assert len(ended.stdout) == 100_000


def test_some_output_too_much_is_dropped_only(run: Run) -> None:
    ended = run("echo", stdin=bytes(150_000), output_bytes=100_000)
    assert (ended.returncode, ended.truncated, len(ended.stdout), ended.stopped) == (0, True, 100_000, "")


def test_wall_time(run: Run) -> None:
    ended = run("sleep", wall_s=0.3)
    assert ended.timed_out
    assert ended.stopped == "wall"
    assert ended.wall_s >= 0.3


def test_processor_time(run: Run) -> None:
    ended = run("spin", cpu_s=1, wall_s=30)
    assert ended.timed_out
    assert ended.stopped == "cpu"
    assert ended.signal in (signal.SIGXCPU, signal.SIGKILL)


def test_memory_of_one_process(run: Run) -> None:
    assert b"memory ENOMEM" in run("memory", 600 * MIB, profile="run").stdout
    assert b"memory ok" in run("memory", 100 * MIB, profile="run").stdout


def test_memory_of_all_processes_together(run: Run) -> None:
    if not memory_groups_work():
        pytest.skip("needs a writable memory cgroup: run as root, or in a delegated cgroup")
    ended = run("memories", 120 * MIB, 6, memory_bytes=256 * MIB)
    assert ended.out_of_memory, ended
    assert not run("memory", 100 * MIB, memory_bytes=256 * MIB).out_of_memory


def test_fork_bomb(run: Run, attack: Path) -> None:
    ended = run("processes", processes=20)
    assert ended.returncode == 0
    assert 5 <= int(ended.stdout) <= 20
    assert not running(f"{attack} processes")


def test_zombie_flood(run: Run, attack: Path) -> None:
    """Ended children that nobody waits for count against the limit, and are buried with the command."""
    ended = run("zombies", processes=20)
    assert ended.returncode == 0
    assert 5 <= int(ended.stdout.split()[0]) <= 20
    assert not running(f"{attack} zombies")


def test_one_large_file(run: Run, box: Path) -> None:
    ended = run("fill", box / "large", 8 * MIB, file_bytes=4 * MIB)
    assert ended.stdout == b"fill EFBIG\n"
    assert (box / "large").stat().st_size <= 4 * MIB


def test_many_files_in_a_build(run: Run, box: Path) -> None:
    ended = run("litter", box_bytes=30 * MIB)
    assert ended.stopped == "box"


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_temporary_files_are_bounded(run: Run, folder: str) -> None:
    ended = run("fill", f"{folder}/hayate-fill", 12 * MIB, tmp_bytes=8 * MIB)
    assert ended.stdout in (b"fill ENOSPC\n", b"fill EACCES\n")  # private and small, or denied


def test_what_lies_outside_the_box_is_read_only(run: Run) -> None:
    for path in ("/hayate-new", "/dev/hayate-new", "/usr/hayate-new"):
        assert b" ok" not in run("write", path).stdout


def test_nothing_is_left_when_the_command_ends(sandbox: Sandbox, box: Path) -> None:
    mark = f"3{os.getpid()}.25"
    script = f"(setsid sleep {mark} >/dev/null 2>&1 &) ; sleep {mark} & exit 0"
    ended = sandbox.run(Command(["sh", "-c", script], box))
    assert ended.returncode == 0
    assert not running(f"sleep {mark}")


def test_a_chain_of_processes_is_caught(run: Run, attack: Path) -> None:
    assert run("chain").returncode == 0
    assert not running(f"{attack} chain")


def test_kill_leaves_nothing(sandbox: Sandbox, box: Path) -> None:
    mark = f"4{os.getpid()}.25"
    script = f"(setsid sleep {mark} &) ; sleep {mark} & echo ready > here; sleep {mark}"
    with sandbox.start(Command(["sh", "-c", script], box)) as process:
        while not (box / "here").exists():
            time.sleep(0.005)
        assert process.poll() is None
        with pytest.raises(TimeoutError):
            process.wait(0.01)
        process.kill()
        ended = process.wait(20)
    assert ended.stopped == "killed"
    assert ended.signal == signal.SIGKILL
    assert not running(f"sleep {mark}")


def test_payload_can_be_stopped_and_observed(sandbox: Sandbox, box: Path, attack: Path) -> None:
    command = Command([str(attack), "spin"], box, readonly=(attack,), profile="run", cores=(0,))
    with sandbox.start(command) as process:
        pid = process.payload_pid()
        assert Path(f"/proc/{pid}/comm").read_text().strip() == "attack"
        assert os.sched_getaffinity(pid) == {0}
        os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline
        ran_ns, _, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
        time.sleep(0.05)
        assert Path(f"/proc/{pid}/schedstat").read_text().split()[0] == ran_ns
        os.kill(pid, signal.SIGCONT)
        while Path(f"/proc/{pid}/schedstat").read_text().split()[0] == ran_ns:
            assert time.monotonic() < deadline


def test_payload_is_not_the_first_process_of_its_namespace(run: Run) -> None:
    assert run("pid", profile="run").stdout.split()[0] == b"0"


def test_cores(sandbox: Sandbox, box: Path, attack: Path) -> None:
    for core in sorted(os.sched_getaffinity(0)):
        command = Command([str(attack), "cores"], box, readonly=(attack,), profile="run", cores=(core,))
        assert sandbox.run(command).stdout.split() == [str(core).encode()]
    command = Command([str(attack), "cores"], box, readonly=(attack,))
    assert {int(word) for word in sandbox.run(command).stdout.split()} == os.sched_getaffinity(0)


def test_a_command_that_is_not_there(sandbox: Sandbox, box: Path) -> None:
    ended = sandbox.run(Command(["no-such-command"], box))
    assert ended.returncode == 127
    assert b"no-such-command" in ended.stderr


def test_compiler_works_and_its_program_runs(sandbox: Sandbox, box: Path) -> None:
    main = 'int main(void) { return printf("%d", omp_get_max_threads()) < 0; }'
    source = f"#include <stdio.h>\n#include <omp.h>\n{main}\n"
    (box / "a.c").write_text(source)
    built = sandbox.run(Command(["gcc", "-O2", "-fopenmp", "-o", "a", "a.c"], box))
    if built.returncode == 127:
        pytest.skip("needs a C compiler: apt install gcc")
    assert built.ok, built
    command = Command([str(box / "a")], box, env={"OMP_NUM_THREADS": "2"}, profile="run_threads")
    assert sandbox.run(command).stdout == b"2"


def test_many_at_once_from_threads(sandbox: Sandbox, box: Path) -> None:
    ended: dict[int, Exit] = {}

    def go(i: int) -> None:
        ended[i] = sandbox.run(Command(["sh", "-c", f"echo {i}; exit {i}"], box, limits=Limits(wall_s=60)))

    threads = [threading.Thread(target=go, args=(i,)) for i in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {i: (e.returncode, e.stdout) for i, e in ended.items()} == {i: (i, b"%d\n" % i) for i in range(8)}


def test_commands_of_different_boxes_are_different_users(sandbox: Sandbox, box: Path, outside: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: an ordinary user has one id only")
    command = Command(["sleep", "50"], box)
    with sandbox.start(command) as one, sandbox.start(Command(["sleep", "50"], outside)) as two:
        with sandbox.start(command) as same:
            pids = [process.payload_pid() for process in (one, two, same)]
            first, second, third = (Path(f"/proc/{pid}").stat().st_uid for pid in pids)
            assert first != second
            assert first == third
            assert 0 not in (first, second)
        assert one.poll() is None  # the end of one that shares its user leaves it alone
    assert not [pid for pid in pids if pid in descendants(os.getpid())]
