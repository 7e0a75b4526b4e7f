"""Wrong use is told before any work, and leaves nothing that refuses the next try."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_farm import ScriptedFarm
from train_runs import settings

from hayate import tasks
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm import Farm
from hayate.train import checks
from hayate.train.run import run_phases
from hayate.train.runfile import RunFile

GRPO = {"steps": 1, "trl": {"num_generations": 4, "per_device_train_batch_size": 4}}


def never(_: RunFile) -> Farm:
    raise AssertionError("no farm may be opened for a run that is wrong")


@pytest.mark.parametrize(
    ("model", "phases", "tables", "where", "says"),
    [
        ("./nowhere", {"grpo": GRPO}, {}, "policy.model", "no such folder"),
        (
            "tiny",
            {"sft": {"steps": 1}, "grpo": {"steps": 1, "trl": {"num_generations": 3}}},
            {},
            "phases.grpo.trl",
            "TRL refuses",
        ),
        ("tiny", {"grpo": GRPO}, {"run": {"tasks": ["dgemm", "DGEMM"]}}, "run.tasks", "both named 'dgemm'"),
        ("tiny", {"sft": {"steps": 1}}, {"run": {"tasks": ["BARE"]}}, "variants.toml", "there are none"),
        ("tiny", {"grpo": GRPO}, {"run": {"tasks": ["BARE"], "language": "c++"}}, "run.language", "c"),
        ("tiny", {"grpo": GRPO}, {"curriculum": {"tasks": ["nine"]}}, "curriculum.tasks", "unknown task"),
    ],
)
def test_wrong_use_comes_before_any_work(
    model: str, phases: dict[str, Any], tables: dict[str, Any], where: str, says: str, tmp_path: Path
) -> None:
    for name, there in (("DGEMM", "dgemm"), ("BARE", "jacobi2d")):
        shutil.copytree(tasks.folder(there), tmp_path / name)
    shutil.rmtree(tmp_path / "BARE" / "variants")
    text = (tmp_path / "BARE" / "task.toml").read_text()
    (tmp_path / "BARE" / "task.toml").write_text(text.replace("format = 1", 'format = 1\nlanguages = ["c"]'))
    if "tasks" in tables.get("run", {}):
        names = [str(tmp_path / t) if t.isupper() else t for t in tables["run"]["tasks"]]
        tables = {"run": {**tables["run"], "tasks": names}}
    run = settings(model, phases, **tables)
    with pytest.raises(WrongUse) as told:
        run_phases(run, tmp_path / "run", open_farm=never)
    assert where in told.value.where
    assert says in str(told.value)
    assert not (tmp_path / "run").exists()


def broken(_: RunFile) -> Farm:
    raise Fault(FaultKind.COMPILER_MISSING, "no compiler")


@pytest.mark.parametrize("made", [False, True])
def test_a_fault_before_any_work_leaves_no_folder_in_use(made: bool, tmp_path: Path) -> None:
    run, out = settings("tiny", {"grpo": GRPO}), tmp_path / "run"
    if made:
        out.mkdir()
    for _ in range(2):
        with pytest.raises(Fault, match="no compiler"):
            run_phases(run, out, open_farm=broken)
        assert out.exists() == made
        assert not made or not list(out.iterdir())


def test_what_was_there_is_never_taken_away(tmp_path: Path) -> None:
    run, out = settings("tiny", {"grpo": GRPO}), tmp_path / "run"
    out.mkdir()
    (out / "thesis.tex").write_text("all of it")
    with pytest.raises(WrongUse, match="not empty"):
        run_phases(run, out, open_farm=broken)
    with pytest.raises(Fault, match="no compiler"):
        run_phases(run, out, resume=True, open_farm=broken)
    assert (out / "thesis.tex").read_text() == "all of it"


def test_an_earlier_run_is_put_aside_only_for_one_that_can_begin(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "archive.db").write_text("earlier")
    wrong, right = (settings(model, {"grpo": GRPO}) for model in ("./nowhere", "tiny"))
    with pytest.raises(WrongUse, match="no such folder"):
        run_phases(wrong, out, fresh=True, open_farm=never)
    assert (out / "archive.db").read_text() == "earlier"
    with pytest.raises(Fault, match="no compiler"):
        run_phases(right, out, fresh=True, open_farm=broken)
    assert (tmp_path / "run.1" / "archive.db").read_text() == "earlier"


def test_work_is_kept_when_a_fault_ends_it(tmp_path: Path) -> None:
    run = settings("tiny", {"grpo": GRPO}, policy={"max_new_tokens": 400})
    opened: list[ScriptedFarm] = []

    def farm(_: RunFile) -> Farm:
        opened.append(ScriptedFarm())
        opened[0].submit_build = failing  # type: ignore[method-assign]
        return opened[0]

    with pytest.raises(Fault) as told:
        run_phases(run, tmp_path / "run", open_farm=farm)
    assert told.value.kind is FaultKind.TOO_MANY_FAULTS
    assert (tmp_path / "run" / "archive.db").exists()
    with pytest.raises(WrongUse, match="--resume"):
        run_phases(run, tmp_path / "run", open_farm=farm)


def failing(*_: object) -> Any:
    from concurrent.futures import Future

    future: Future[object] = Future()
    future.set_exception(Fault(FaultKind.NODE_LOST, "gone"))
    return future


def free(bytes_left: int) -> Callable[[Path], Any]:
    usage = shutil.disk_usage("/")
    return lambda _: usage._replace(free=bytes_left)


def test_the_message_of_a_full_disk_does_not_contradict_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", free(300_000_000))
    with pytest.raises(Fault) as told:
        checks.check_disk(tmp_path / "a" / "b")
    assert "300 MB left, and a run begins only where there are at least 500 MB" in told.value.message
    assert not (tmp_path / "a").exists()
    monkeypatch.setattr("shutil.disk_usage", free(600_000_000))
    checks.check_disk(tmp_path / "a" / "b")
