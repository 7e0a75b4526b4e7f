"""The local farm with this machine's real judge, sandbox and compiler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest

from hayate import farm, hosts, sandbox, toolchains
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm import Farm, FarmSettings, LocalFarm
from hayate.hosts import Slot
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, MeasurePlan, Outcome
from hayate.sandbox import Command, Sandbox, new_box
from hayate.tasks import builtin

ROOT = Path(__file__).parents[2]
CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=4)


def _need() -> None:
    try:
        toolchains.compilers()
    except Fault as fault:
        pytest.skip(f"no C compiler: {fault.remedy}")
    try:
        sandbox.best()
    except Fault as fault:
        pytest.skip(f"no sandbox: {fault.remedy}")
    if not hosts.slots():
        pytest.skip("no slot on this machine: run the tests on at least one core")


@pytest.fixture(scope="module")
def local() -> Iterator[Farm]:
    _need()
    with farm.open(FarmSettings()) as opened:
        yield opened


def _descendants(of: int) -> set[int]:
    """Every living process that descends from `of`, by the parents in /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {of}


def test_builds_of_a_batch_and_their_checks(local: Farm) -> None:
    task = builtin("dgemm")
    good = task.reference.text
    builds = [local.build(task, f"{good}\n/* {i} */\n", task.techniques, f"c{i}") for i in range(4)]
    bad = local.build(task, "void dgemm(int", task.techniques)
    built = [future.result(120) for future in builds]
    assert all(isinstance(one, Built) for one in built)
    refused = bad.result(120)
    assert isinstance(refused, Rejection)
    assert refused.outcome is Outcome.BUILD_FAILED
    assert len({one.object_hash for one in built}) == 1
    first = built[0]
    assert isinstance(first, Built)
    found = local.measure(task, first, CHECK).result(120)
    assert isinstance(found, Measurement)
    assert found.outcome is Outcome.ACCEPTED


def test_a_wrong_and_an_endless_kernel_get_their_own_outcomes(local: Farm) -> None:
    task = builtin("dgemm")
    head = task.declaration.rstrip(";")
    sources = {
        Outcome.WRONG: f"{head} {{ for (int i = 0; i < M * N; i++) C[i] = 1.0; }}",
        Outcome.TIMED_OUT: f"{head} {{ volatile int go = 1; while (go) {{ }} C[0] = A[0] + B[0]; }}",
    }
    builds = {outcome: local.build(task, text, task.techniques) for outcome, text in sources.items()}
    for outcome, future in builds.items():
        built = future.result(120)
        assert isinstance(built, Built), built
        assert local.measure(task, built, CHECK).result(120).outcome is outcome


@pytest.mark.parametrize("how", ["close", "kill"])
def test_nothing_runs_on_after_the_farm_is_closed_or_its_process_killed(how: str, tmp_path: Path) -> None:
    """An endless kernel is being measured, more wait; the farm's process ends in one of two ways."""
    _need()
    script = tmp_path / "measure.py"
    script.write_text(ENDLESS)
    process = subprocess.Popen(
        [sys.executable, str(script), how],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    seen: set[int] = set()
    try:
        assert process.stdout.readline().strip() == "measuring"
        deadline = time.monotonic() + 60
        while not any("runner" in _name(pid) for pid in seen) and time.monotonic() < deadline:
            seen |= _descendants(process.pid)
            time.sleep(0.02)
        assert any("runner" in _name(pid) for pid in seen)
        process.send_signal(signal.SIGINT if how == "close" else signal.SIGKILL)
        said = process.stdout.read()
        process.wait(60)
        if how == "close":
            assert "the farm was closed" in said
        deadline = time.monotonic() + 20
        while (alive := {pid for pid in seen if _alive(pid)}) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive, [_name(pid) for pid in alive]
    finally:
        process.kill()
        process.wait()


ENDLESS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started with it ignored
from hayate import farm
from hayate.records import MeasurePlan
from hayate.tasks import builtin

task = builtin("dgemm")
text = task.declaration.rstrip(";") + " { volatile int go = 1; while (go) { } C[0] = A[0] + B[0]; }"
with farm.open() as local:
    built = local.build(task, text, task.techniques).result()
    futures = [local.measure(task, built, MeasurePlan(purpose="check", launches=0)) for _ in range(50)]
    print("measuring", flush=True)
    try:
        for future in futures:
            future.result()
    except KeyboardInterrupt:
        pass
try:
    futures[-1].result()
except Exception as error:
    print(error, flush=True)
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def test_what_the_settings_ask_for_must_be_there() -> None:
    _need()
    with pytest.raises(WrongUse, match=r"farm\.compiler"):
        farm.open(FarmSettings(compiler="tcc"))


def test_no_slot_is_a_fault_with_a_remedy() -> None:
    _need()
    with pytest.raises(Fault) as told:
        LocalFarm(FarmSettings(), host=hosts.profile(), slots=[], sandbox=sandbox.best())
    assert told.value.kind is FaultKind.HOST_UNFIT
    assert told.value.remedy


def test_a_job_that_is_taken_back_ends_with_its_processes() -> None:
    """The one, not the others; and nothing that was killed is a verdict, or tried again."""
    _need()
    task, host, tier = builtin("dgemm"), hosts.profile(), sandbox.best()
    ran: list[str] = []

    def build(_: object, source: str, *__: object, sandbox: Sandbox, **___: object) -> Rejection:
        ran.append(source)
        with new_box() as box:
            ended = sandbox.run(Command(["sleep", "3" if source == "kept" else "300"], box=box))
        return Rejection(outcome=Outcome.CRASHED, reason=f"signal {ended.signal}")

    slot = hosts.slots()[0]
    settings = FarmSettings(builders=2, retries=3)
    with LocalFarm(settings, host=host, slots=[slot], sandbox=tier, build=build) as local:
        ended, kept = local.build(task, "ended", ()), local.build(task, "kept", ())
        waiting, last = local.build(task, "waiting", ()), local.build(task, "last", ())
        while len(ran) < 2:
            time.sleep(0.01)
        local.end(waiting)
        assert waiting.cancelled()
        began = time.monotonic()
        local.end(ended)
        with pytest.raises(Fault, match="taken back"):
            ended.result(60)
        assert isinstance(kept.result(60), Rejection)
        while len(ran) < 3:
            time.sleep(0.01)
        local.end(last)
        with pytest.raises(Fault, match="taken back"):
            last.result(60)
        assert time.monotonic() - began < 200  # the sleeps were not waited for
        local.end(kept)  # what is over stays as it is
        assert isinstance(kept.result(0), Rejection)
    assert ran == ["ended", "kept", "last"]


def test_builders_keep_off_the_slots_cores() -> None:
    """Where cores are left over, they build; where none is, building and measuring take turns."""
    _need()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core only: give the tests two")
    task, host, tier = builtin("dgemm"), hosts.profile(), sandbox.best()
    seen: list[set[int]] = []

    def build(*_: object, **__: object) -> Rejection:
        seen.append(os.sched_getaffinity(0))
        return Rejection(outcome=Outcome.WRONG, reason="not asked")

    one = Slot(compute_cores=(cores[0],), clock_core=cores[0], shared=True)
    with LocalFarm(FarmSettings(), host=host, slots=[one], sandbox=tier, build=build) as local:
        assert not local.exclusive
        wait([local.build(task, "", ()) for _ in range(4)], timeout=30)
    assert seen
    assert all(cores[0] not in where for where in seen)
    every = Slot(compute_cores=tuple(cores), clock_core=cores[0], shared=True)
    with LocalFarm(FarmSettings(), host=host, slots=[every], sandbox=tier, build=build) as local:
        assert local.exclusive
