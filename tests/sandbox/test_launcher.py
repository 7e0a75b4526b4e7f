"""The launcher outlives what may happen to its server, and nothing outlives the caller."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.sandbox import Command, Sandbox, best, launcher, new_box

ROOT = Path(launcher.__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return best()
    except Fault as fault:
        pytest.skip(str(fault))


@pytest.fixture
def box() -> Iterator[Path]:
    with new_box() as folder:
        yield folder


def gone(pid: int) -> bool:
    """Whether the process ends within some seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_killed_server_is_a_fault_and_the_next_start_works(sandbox: Sandbox, box: Path) -> None:
    with sandbox.start(Command(["sleep", "100"], box)) as process:
        pid = process.payload_pid()
        assert launcher._server is not None
        launcher._server.process.kill()
        with pytest.raises(Fault) as caught:
            process.wait(20)
    assert caught.value.kind == FaultKind.RUNNER_LOST
    assert caught.value.retriable
    assert gone(pid)
    assert sandbox.run(Command(["true"], box)).ok


def test_killed_caller_takes_its_command_along(sandbox: Sandbox, box: Path) -> None:
    code = (
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\nfrom hayate.sandbox import Command, get\n"
        f"process = get({sandbox.tier!r}).start(Command(['sleep', '100'], Path({str(box)!r})))\n"
        "print(process.payload_pid(), flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        caller.kill()
    assert gone(pid)


def test_a_fork_of_the_caller_gets_a_server_of_its_own(sandbox: Sandbox, box: Path) -> None:
    with sandbox.start(Command(["sleep", "100"], box)) as process:
        child = os.fork()
        if child == 0:
            status = 1
            with contextlib.suppress(BaseException):
                status = 0 if sandbox.run(Command(["true"], box)).ok else 1
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert process.poll() is None


def test_a_lost_process_ends(sandbox: Sandbox, box: Path) -> None:
    process = sandbox.start(Command(["sleep", "100"], box))
    pid = process.payload_pid()
    os.kill(pid, 0)
    del process
    assert gone(pid)


def test_poll_and_wait_agree(sandbox: Sandbox, box: Path) -> None:
    with sandbox.start(Command(["sh", "-c", "exit 7"], box)) as process:
        ended = process.wait()
        assert process.poll() is ended
        assert process.wait(0) is ended
        process.kill()  # harmless now
    assert ended.returncode == 7


def test_command_that_ends_has_no_payload(sandbox: Sandbox, box: Path) -> None:
    if sandbox.tier != "bubblewrap":
        pytest.skip("the Landlock tier knows the process from the start")
    with sandbox.start(Command(["true"], box)) as process:
        process.wait()
        with pytest.raises(Fault):
            process.payload_pid()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"argv": []}, "argv"),
        ({"profile": "walk"}, "profile"),
        ({"box": Path("relative")}, "box"),
        ({"readonly": (Path("/no/such/file"),)}, "readonly"),
        ({"pass_fds": (-1,)}, "pass_fds"),
        ({"pass_fds": (0,) * 65}, "pass_fds"),
        ({"cores": ()}, "cores"),
    ],
)
def test_wrong_use(sandbox: Sandbox, box: Path, changes: dict[str, object], where: str) -> None:
    with pytest.raises(WrongUse) as caught:
        sandbox.start(Command(**{"argv": ["true"], "box": box, **changes}))  # type: ignore[arg-type]
    assert caught.value.where == where


@pytest.mark.parametrize("shared", ["/tmp", "/", "/usr", "/dev/shm"])
def test_a_folder_that_others_use_is_no_box(sandbox: Sandbox, shared: str) -> None:
    """The box is given to the command's user with all in it: /tmp so lost its owner, and a shell with it."""
    before = Path(shared).stat()
    with pytest.raises(WrongUse, match="others use"):
        sandbox.run(Command(["true"], Path(shared)))
    assert Path(shared).stat().st_uid == before.st_uid


def test_a_box_that_is_only_read_keeps_its_owner(sandbox: Sandbox, box: Path) -> None:
    box.chmod(0o755)
    (box / "file").write_text("42")
    script = "cat file; echo 43 > file; echo 44 > new"
    ended = sandbox.run(Command(["sh", "-c", script], box, box_writable=False))
    assert ended.stdout == b"42"
    assert [path.name for path in box.iterdir()] == ["file"] and (box / "file").read_text() == "42"
    assert {box.stat().st_uid, (box / "file").stat().st_uid} == {os.geteuid()}


def test_core_that_is_not_there_is_a_fault(sandbox: Sandbox, box: Path) -> None:
    with pytest.raises(Fault):
        sandbox.run(Command(["true"], box, cores=(100_000,)))


def test_unreachable_path_is_told(sandbox: Sandbox, box: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: otherwise commands run as the same user")
    with new_box() as closed:
        (closed / "file").touch()
        with pytest.raises(Fault, match="unprivileged"):
            sandbox.start(Command(["true"], box, readonly=(closed / "file",)))


def test_server_ends_with_its_caller(sandbox: Sandbox, box: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\nfrom hayate.sandbox import Command, get, launcher\n"
        f"assert get({sandbox.tier!r}).run(Command(['true'], Path({str(box)!r}))).ok\n"
        "print(launcher._server.process.pid)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert gone(int(told.stdout))


def test_interrupt_is_the_callers_alone(sandbox: Sandbox, box: Path) -> None:
    assert sandbox.run(Command(["true"], box)).ok
    assert launcher._server is not None
    os.kill(launcher._server.process.pid, signal.SIGINT)
    assert sandbox.run(Command(["true"], box)).ok
