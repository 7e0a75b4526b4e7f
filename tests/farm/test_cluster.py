"""A farm on Parsl, with nodes that are processes of this machine: order, faults, loss, and the end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import node_scripted
from cluster_settings import ROOT, finished, settings

from benchmarks import simulated
from hayate import farm as farms
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm import FarmSettings
from hayate.farm.cluster import ParslFarm
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, MeasurePlan
from hayate.tasks import builtin
from hayate.train import parse_run

pytest.importorskip("parsl", reason="parsl is missing: pip install -e '.[parsl]'")

TASK = builtin("dgemm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def events() -> list[str]:
    return []


@pytest.fixture(scope="module")
def farm(folder: Path, events: list[str]) -> Iterator[ParslFarm]:
    with ParslFarm(settings(folder), on_event=events.append, work=node_scripted) as made:
        yield made


def test_the_first_node_is_the_farms(farm: ParslFarm, events: list[str]) -> None:
    assert farm.host == node_scripted.HOST
    assert farm.sandbox_tier == "scripted"
    assert any("first node: scripted" in event for event in events)


def test_builds_and_measurements_come_back_as_records(farm: ParslFarm) -> None:
    built = farm.build(TASK, "one", ()).result(60)
    rival = farm.build(TASK, "two", ()).result(60)
    assert isinstance(built, Built)
    assert isinstance(rival, Built)
    assert isinstance(farm.build(TASK, "wrong", ()).result(60), Rejection)
    found = farm.measure(TASK, built, MeasurePlan(purpose="confirm"), rival).result(60)
    assert found == Measurement(outcome=found.outcome, reason="one two confirm")


def test_blocks_and_nodes_are_shown(farm: ParslFarm) -> None:
    held = [farm.build(TASK, f"sleep_ms = 1500; {i}", ()) for i in range(4)]
    deadline = time.monotonic() + 60
    while not (said := farm.status()).running and time.monotonic() < deadline:
        time.sleep(0.1)
    assert said.running >= 1
    assert said.running + said.waiting == 4
    assert sum(block.slots for block in said.blocks) >= said.running
    assert all(block.busy <= block.slots for block in said.blocks)
    for future in held:
        future.result(60)
    said = farm.status()
    assert said.pending["build"] == 0
    assert said.ended["build"] >= 4
    assert sum(node.answers for node in said.nodes) >= 5
    assert {block.state for block in said.blocks} == {"running"}
    assert any("first node" in event.text for event in said.events)


def test_each_slot_sees_accelerators_of_its_own(tmp_path: Path) -> None:
    wanted = settings(tmp_path, slots_per_node=2, accelerators_per_slot=2)
    with ParslFarm(wanted, work=node_scripted) as farm:
        seen: set[str] = set()
        deadline = time.monotonic() + 60
        while len(seen) < 2 and time.monotonic() < deadline:  # workers start one after the other
            for future in [farm.build(TASK, f"accelerators {i}", ()) for i in range(4)]:
                future.result(60)
            seen = {line.split(" sees ")[1] for line in finished(tmp_path) if " sees " in line}
    assert seen == {"0,1", "2,3"}


def test_low_priorities_go_first(farm: ParslFarm, folder: Path) -> None:
    before = len(finished(folder))
    first = farm.build(TASK, "sleep_ms = 400;", ())
    late = [farm.build(TASK, f"late {i}", (), priority=1) for i in range(3)]
    early = [farm.build(TASK, f"early {i}", (), priority=-1) for i in range(3)]
    for future in (first, *late, *early):
        future.result(60)
    order = [line.split("'")[1].split()[0] for line in finished(folder)[before:]]
    assert order[1:] == ["early"] * 3 + ["late"] * 3


@pytest.mark.parametrize(
    ("source", "kind", "says"),
    [
        ("noisy", FaultKind.HOST_TOO_NOISY, "scripted noise"),
        ("mistake", FaultKind.INTERNAL, "a mistake of ours"),
        ("unfit", FaultKind.NODE_LOST, "unfit"),
        ("garbled", FaultKind.INTERNAL, "makes no sense"),
    ],
)
def test_a_nodes_fault_is_the_futures(farm: ParslFarm, source: str, kind: FaultKind, says: str) -> None:
    with pytest.raises(Fault, match=says) as caught:
        farm.build(TASK, source, ()).result(60)
    assert caught.value.kind is kind


def test_an_unfit_node_costs_others_nothing(farm: ParslFarm, events: list[str]) -> None:
    met = [farm.build(TASK, f"unfit_times = 2; {i}", ()) for i in range(12)]
    assert all(isinstance(future.result(60), Built) for future in met)
    assert sum("it was sent away" in event for event in events) >= 24


@pytest.mark.slow
def test_who_takes_its_nodes_along_is_given_up_and_the_others_go_on(tmp_path: Path) -> None:
    events: list[str] = []
    with ParslFarm(settings(tmp_path, losses=1), on_event=events.append, work=node_scripted) as farm:
        others = [farm.build(TASK, f"other {i}", (), priority=1) for i in range(4)]
        with pytest.raises(Fault, match="2 nodes were lost with this build") as caught:
            farm.build(TASK, "kill", ()).result(120)
        assert caught.value.kind is FaultKind.NODE_LOST
        assert all(isinstance(future.result(120), Built) for future in others)
    assert sum("killed" in line for line in finished(tmp_path)) == 2
    assert any("runs elsewhere" in event for event in events)


@pytest.mark.slow
def test_two_classes_of_hosts_are_two_farms_of_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(given: FarmSettings, on_event: Callable[[str], None] | None = None) -> ParslFarm:
        return ParslFarm(given, on_event=on_event, work=node_scripted)

    monkeypatch.setattr(farms, "open", opened)
    events: list[str] = []
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here = settings(tmp_path / "a")
    init = settings(tmp_path / "b").parsl.worker_init + "\nexport HAYATE_TEST_CLASS=other"
    other = settings(tmp_path / "b", worker_init=init)
    here = here.model_copy(update={"also": {"other": other}})
    with (
        ParslFarm(here, work=node_scripted) as first,
        farms.also(here, first, on_event=events.append) as others,
    ):
        second = others["other"]
        assert (first.host.host_class, second.host.host_class) == ("scripted", "other")
        futures = [farm.build(TASK, f"sleep_ms = 50; {i}", ()) for i in range(6) for farm in (first, second)]
        assert all(isinstance(future.result(60), Built) for future in futures)
        assert len(finished(tmp_path / "a")) == len(finished(tmp_path / "b")) == 6
    assert any(event.startswith("other: first node: other") for event in events)


@pytest.mark.slow
def test_a_job_that_its_worker_keeps_begins_anew(tmp_path: Path) -> None:
    """Parsl takes its worker for busy, as after a kill at the wrong moment."""
    events: list[str] = []
    given = settings(tmp_path, slots_per_node=2, overdue_s=15)
    with ParslFarm(given, on_event=events.append, work=node_scripted) as farm:
        farm.build(TASK, "first", ()).result(60)
        kept = farm.build(TASK, "keep", ())
        others = [farm.build(TASK, f"sleep_ms = 100; // {i}", ()) for i in range(60)]
        assert isinstance(kept.result(50), Built)  # a worker keeps it for a minute
        assert all(isinstance(future.result(60), Built) for future in others)
    assert any("keeps a job for too long" in event for event in events)
    assert not any("is ended" in event for event in events)


@pytest.mark.slow
def test_a_node_that_has_jobs_and_never_answers_loses_its_block(tmp_path: Path) -> None:
    events: list[str] = []
    given = settings(tmp_path, overdue_s=15, losses=20)
    with ParslFarm(given, on_event=events.append, work=node_scripted) as farm:
        farm.build(TASK, "first", ()).result(60)
        assert isinstance(farm.build(TASK, "keep", ()).result(100), Built)
    assert any("does not answer; it is ended" in event for event in events)


@pytest.mark.slow
def test_closing_ends_what_is_pending(tmp_path: Path) -> None:
    farm = ParslFarm(settings(tmp_path), work=node_scripted)
    waiting = [farm.build(TASK, "sleep_ms = 60000;", ()) for _ in range(3)]
    farm.close()
    farm.close()
    for future in waiting:
        with pytest.raises(Fault) as caught:
            future.result(1)
        assert caught.value.kind is FaultKind.NODE_LOST
    with pytest.raises(Fault, match="closed"):
        farm.build(TASK, "one", ())


@pytest.mark.slow
def test_nothing_is_left_of_a_killed_trainer(tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import node_scripted, time
from pathlib import Path
from cluster_settings import settings
from hayate.farm.cluster import ParslFarm
from hayate.tasks import builtin
farm = ParslFarm(settings(Path({str(tmp_path)!r})), work=node_scripted)
farm.build(builtin("dgemm"), "sleep_ms = 100000;", ())
print("ready", flush=True)
time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as trainer:
        assert trainer.stdout is not None
        assert trainer.stdout.readline() == b"ready\n"
        assert _running(tmp_path)
        trainer.kill()
    deadline = time.monotonic() + 60
    while _running(tmp_path):
        assert time.monotonic() < deadline, _running(tmp_path)
        time.sleep(0.5)


def test_a_job_that_is_ended_leaves_its_node_to_others(tmp_path: Path) -> None:
    """What runs there is killed; what still waits there is never begun."""
    init = f"export PYTHONPATH={ROOT}; export {simulated.FOLDER}={tmp_path}; export OMP_NUM_THREADS=1"
    with ParslFarm(settings(tmp_path, worker_init=init), work=simulated) as farm:

        def measure(name: str, seconds: float) -> Future[Measurement]:
            built = farm.build(TASK, simulated.source(name, seconds, 200), ()).result(60)
            assert isinstance(built, Built)
            return farm.measure(TASK, built, MeasurePlan())

        long = measure("long", 1234)
        waiting = simulated.source("waiting", 1234, 200)
        while not (runs := [line for line in _running(tmp_path) if line.startswith("sleep\x001234.")]):
            time.sleep(0.1)
        assert len(runs) == 1
        never = farm.build(TASK, waiting, ())
        for future in (long, never):
            farm.end(future)
            with pytest.raises(Fault, match="taken back"):
                future.result(60)
        assert measure("short", 0).result(60).reason == "short"
        assert not [line for line in _running(tmp_path) if line.startswith("sleep\x001234.")]
        assert [line.split()[0] for line in simulated.log(tmp_path).read_text().splitlines()] == ["short"]
        (endings,) = (tmp_path / "parsl").glob("ended-*")
        deadline = time.monotonic() + 30
        while list(endings.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not endings.exists()


def _running(folder: Path) -> list[str]:
    """Command lines of processes whose command or environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if str(folder).encode() in command + (process / "environ").read_bytes():
                found.append(command.decode(errors="replace"))
    return found


@pytest.mark.slow
def test_blocks_that_never_start_a_worker_are_told_and_given_up(tmp_path: Path) -> None:
    events: list[str] = []
    broken = settings(tmp_path, worker_init="echo no such module >&2; exit 7", patience_s=8)
    with pytest.raises(Fault) as caught:
        ParslFarm(broken, on_event=events.append, work=node_scripted)
    assert caught.value.kind is FaultKind.NODE_LOST
    assert any("no such module" in event for event in events), events


@pytest.mark.slow
def test_no_scheduler_is_a_fault_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault, match=r"no node") as caught:
        ParslFarm(settings(tmp_path, provider="pjm", patience_s=1), work=node_scripted)
    assert caught.value.remedy


def test_the_run_file_says_it() -> None:
    base = {"run": {"name": "x", "tasks": ["dgemm"]}, "phases": {"grpo": {"steps": 1}}}
    run = parse_run({**base, "farm": {"kind": "parsl", "parsl": {"provider": "slurm", "queue": "bench"}}})
    assert run.farm.parsl is not None
    assert run.farm.parsl.queue == "bench"
    assert parse_run({**base, "farm": "http://127.0.0.1:1"}).farm.kind == "http"
    with pytest.raises(WrongUse, match=r"farm"):
        parse_run({**base, "farm": {"kind": "parsl"}})
    with pytest.raises(WrongUse, match="max_blocks"):
        parse_run({**base, "farm": {"kind": "parsl", "parsl": {"max_blocks": 0}}})
    with pytest.raises(WrongUse, match="nodes_per_block above 1 is for slurm"):
        parse_run({**base, "farm": {"kind": "parsl", "parsl": {"provider": "pbs", "nodes_per_block": 2}}})
    with pytest.raises(WrongUse, match="slots says nothing to kind = 'parsl'"):
        parse_run({**base, "farm": {"kind": "parsl", "slots": 2, "parsl": {}}})
    with pytest.raises(WrongUse, match="compiler says nothing to kind = 'http'"):
        parse_run({**base, "farm": {"kind": "http", "compiler": "gcc", "http": {"url": "http://a"}}})
    assert farms.FarmSettings is FarmSettings
