"""The run's folder: what it remembers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from train_runs import settings

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.train.run import run_phases
from hayate.train.state import (
    MARKER,
    RunState,
    checkpoints,
    last_checkpoint,
    mark_complete,
    open_folder,
    write_whole,
)


def test_a_checkpoint_without_its_mark_does_not_count(tmp_path: Path) -> None:
    for step in (2, 10, 12):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert checkpoints(tmp_path) == []
    mark_complete(tmp_path / "checkpoint-2", {"curriculum": {"a": 1}})
    mark_complete(tmp_path / "checkpoint-10", {"curriculum": {"a": 2}})
    (tmp_path / "checkpoint-12" / (MARKER + ".partial")).write_text("{")
    found = last_checkpoint(tmp_path)
    assert found == (tmp_path / "checkpoint-10", {"curriculum": {"a": 2}})
    assert not (tmp_path / "checkpoint-12").exists()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_whole(path, "one")
    write_whole(path, "two")
    assert path.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]


def test_phases_are_remembered(tmp_path: Path) -> None:
    state = RunState.load(tmp_path)
    assert not state.done("sft")
    state.start("sft")
    state.add_wall("sft", 2.5)
    assert not RunState.load(tmp_path).done("sft")
    state.end("sft", tmp_path / "phases" / "sft" / "model")
    again = RunState.load(tmp_path)
    assert again.done("sft")
    assert again.model("sft") == tmp_path / "phases" / "sft" / "model"
    assert json.loads((tmp_path / "state.json").read_text())["phases"]["sft"]["wall_s"] == 2.5


def test_time_without_a_process_is_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("time.time", lambda: clock.now)
    state = RunState.load(tmp_path)
    state.begin_work()
    state.start("sft")
    clock.now += 30
    state.work_goes_on()
    clock.now += 5000  # killed; gone on with after a night
    again = RunState.load(tmp_path)
    again.begin_work()
    clock.now += 2
    again.end("sft", tmp_path / "model")
    clock.now += 5000
    done = RunState.load(tmp_path)  # resumed once more, when there is nothing left to do
    done.begin_work()
    assert RunState.load(tmp_path).worked == [[1000, 1030], [6030, 6032]]


def test_a_folder_with_a_run_needs_resume(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": {"steps": 3}})
    open_folder(tmp_path / "run", run, resume=False).close()
    with pytest.raises(WrongUse, match="--resume"):
        open_folder(tmp_path / "run", run, resume=False)
    open_folder(tmp_path / "run", run, resume=True).close()


def test_resume_begins_where_nothing_was_begun(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": {"steps": 3}})
    open_folder(tmp_path / "new", run, resume=True).close()
    assert (tmp_path / "new" / "run.json").exists()


def test_another_run_is_not_resumed(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": {"steps": 3}})
    open_folder(tmp_path / "run", run, resume=False).close()
    longer = settings("tiny", {"grpo": {"steps": 9}}, farm={"slots": 1})
    open_folder(tmp_path / "run", longer, resume=True).close()  # more steps, another farm: fine
    other = settings("tiny", {"grpo": {"steps": 3}}, reward={"preset": "s1"})
    with pytest.raises(WrongUse, match=r"reward\.preset"):
        open_folder(tmp_path / "run", other, resume=True)


def test_a_run_of_a_version_that_lacked_a_setting_is_resumed(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": {"steps": 3}})
    open_folder(tmp_path / "run", run, resume=False).close()
    path = tmp_path / "run" / "run.json"
    begun = json.loads(path.read_text())
    del begun["reward"]["over_classes"], begun["judge"]["classes"]
    path.write_text(json.dumps(begun))
    open_folder(tmp_path / "run", run, resume=True).close()


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": {"steps": 3}})
    with open_folder(tmp_path / "run", run, resume=False), pytest.raises(Fault, match="another process"):
        open_folder(tmp_path / "run", run, resume=True)


def test_a_file_in_the_way_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(Fault) as fault:
        open_folder(tmp_path / "run", settings("tiny", {"grpo": {"steps": 3}}), resume=False)
    assert fault.value.kind is FaultKind.NOT_WRITABLE
    assert "--out" in str(fault.value)


def test_a_full_disk_is_a_fault_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(Fault) as fault:
        run_phases(settings("tiny", {"grpo": {"steps": 3}}), tmp_path / "run")
    assert fault.value.kind is FaultKind.DISK_FULL
    assert not (tmp_path / "run").exists()


def test_vllm_that_is_not_there_is_a_fault_before_any_work(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    import importlib.util

    if importlib.util.find_spec("vllm") is not None:
        pytest.skip("vllm is installed here")
    run = settings("tiny", {"grpo": {"steps": 3, "trl": {"use_vllm": True}}})
    with pytest.raises(Fault, match="vllm"):
        run_phases(run, tmp_path / "run")
    assert not (tmp_path / "run").exists()
