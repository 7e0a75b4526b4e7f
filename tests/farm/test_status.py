"""What a farm says of itself: counts, slots, the file that a run keeps, and what is refused."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from record_examples import HOST

from hayate import farm as farms
from hayate import hosts, judge, sandbox
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm import FarmSettings, LocalFarm
from hayate.farm.status import PUBLISH_S, Farms, Look, SlotStatus, Tally, published
from hayate.hosts import Slot
from hayate.judge.locks import slot_held, slot_in_use
from hayate.records import Built, Task, decode
from hayate.tasks import builtin


def test_a_tally_counts_each_job_once() -> None:
    tally = Tally()
    futures: list[Future[int]] = [tally.follow("build", Future()) for _ in range(6)]
    futures[0].set_result(1)
    futures[1].set_exception(Fault(FaultKind.NODE_LOST, "gone"))
    futures[2].set_exception(ZeroDivisionError())
    futures[3].cancel()
    look = Look(running=1, slots=(SlotStatus(name="slot 0", job="build", for_s=1.0),))
    said = tally.status("local", look, host_class="c")
    assert said.pending == {"build": 2}
    assert (said.running, said.waiting) == (1, 1)
    assert said.ended == {"build": 1}
    assert said.faults == {"node_lost": 1, "error": 1}
    assert said.per_minute > 0
    assert said.slots == look.slots
    assert said.host_class == "c"


def test_counts_hold_when_many_threads_settle() -> None:
    tally = Tally()

    def work() -> None:
        for i in range(500):
            future = tally.follow("measure", Future[int]())
            future.set_result(i)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = tally.status("local", Look())
    assert said.ended == {"measure": 4000}
    assert said.pending == {"measure": 0}


def _held_farm(release: threading.Event) -> LocalFarm:
    """Two slots and one builder, whose jobs end when told."""

    def build(*_: object, **__: object) -> Built:
        assert release.wait(60)
        return Built(name="x", object_code=b"", object_hash="x")

    return LocalFarm(
        FarmSettings(builders=1),
        host=HOST,
        slots=(Slot((0,), 1), Slot((2,), 3)),
        sandbox=sandbox.best(),
        build=build,
        measure=judge.measure,
    )


def test_a_local_farm_shows_what_runs_and_what_waits() -> None:
    release = threading.Event()
    with _held_farm(release) as farm:
        task: Task = builtin("dgemm")
        futures = [farm.build(task, f"int a{i};", ()) for i in range(3)]
        deadline = time.monotonic() + 30
        while not (said := farm.status()).running and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (said.running, said.waiting, said.pending) == (1, 2, {"build": 3})
        assert [slot.name for slot in said.slots] == [
            "slot 0: calls on core 0, clock on core 1",
            "slot 1: calls on core 2, clock on core 3",
            "builder 0",
        ]
        assert [slot.job for slot in said.slots] == ["", "", "build"]
        release.set()
        for future in futures:
            future.result(60)
        said = farm.status()
    assert said.ended == {"build": 3}
    assert said.kind == "local"
    assert said.host_class == HOST.host_class


def test_a_runs_folder_tells_what_its_farm_does(tmp_path: Path) -> None:
    path = tmp_path / "farm.json"
    tally = Tally()
    with published(
        {"": lambda: tally.status("local", Look()), "b": lambda: tally.status("http", Look())}, path
    ):
        first = decode(Farms, path.read_text())
        assert set(first.farms) == {"", "b"}
        assert not first.farms[""].closed
        tally.follow("build", Future[int]()).set_result(1)
        tally.event("block 1: running")
        deadline = time.monotonic() + 10 * PUBLISH_S
        while not farms.look_at(str(tmp_path)).farms[""].ended and time.monotonic() < deadline:
            time.sleep(0.05)
        later = farms.look_at(str(tmp_path)).farms[""]
        assert later.ended == {"build": 1}
        assert [event.text for event in later.events] == ["block 1: running"]
    assert all(one.closed for one in farms.look_at(str(tmp_path)).farms.values())


def test_a_full_disk_costs_the_view_alone(tmp_path: Path) -> None:
    with published({"": lambda: Tally().status("local", Look())}, tmp_path / "missing" / "farm.json"):
        pass
    assert not (tmp_path / "missing").exists()


def test_whoever_times_on_a_slot_is_seen() -> None:
    slot = hosts.slots()[0]
    seen: list[bool] = []
    with slot_held(slot):
        thread = threading.Thread(target=lambda: seen.append(slot_in_use(slot)))
        thread.start()
        thread.join(30)
    assert seen == [True]


def test_wrong_places_are_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no farm\.json here"):
        farms.look_at(str(tmp_path))
    (tmp_path / "farm.json").write_text(json.dumps({"farms": {"": {"kind": 3}}}))
    with pytest.raises(WrongUse, match="another version's"):
        farms.look_at(str(tmp_path))
    pytest.importorskip("httpx", reason="no httpx: pip install 'hayate[serve]'")
    with pytest.raises(Fault) as told:
        farms.look_at("http://127.0.0.1:1")
    assert told.value.kind is FaultKind.NODE_LOST
    with pytest.raises(Fault):
        farms.look_at("http://")
