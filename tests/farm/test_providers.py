"""PJM and PBS against commands that speak as theirs do. (Slurm: test_cluster_slurm.py, the real one.)"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import node_scripted
from cluster_settings import settings

pytest.importorskip("parsl", reason="parsl is missing: pip install -e '.[parsl]'")

from parsl.jobs.states import JobState
from parsl.providers.errors import SubmitException

from hayate.errors import Fault
from hayate.farm.cluster import ParslFarm
from hayate.farm.providers import PjmProvider, provider
from hayate.farm.settings import ParslSettings
from hayate.records import Built
from hayate.tasks import builtin

STAND_IN = Path(__file__).parent / "scheduler_commands" / "stand_in.py"
NAMES = {"pjm": ("pjsub", "pjstat", "pjdel"), "pbs": ("qsub", "qstat", "qdel")}
TASK = builtin("dgemm")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in keeps its jobs; its commands are on PATH."""
    commands, jobs = tmp_path / "bin", tmp_path / "jobs"
    commands.mkdir()
    jobs.mkdir()
    for name in (name for names in NAMES.values() for name in names):
        path = commands / name
        path.write_text(f"#!{sys.executable} -S\n{STAND_IN.read_text()}")
        path.chmod(0o755)
    monkeypatch.setenv("STAND_IN", str(jobs))
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    return jobs


def _made(folder: Path, **options: Any) -> PjmProvider:
    made = PjmProvider(poll_s=1, pauses_s=(), **options)
    made.script_dir = str(folder)
    return made


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_pjm_job_from_submission_to_end(stand_in: Path, tmp_path: Path) -> None:
    made = _made(
        tmp_path,
        resource_group="small",
        group="g1",
        scheduler_options='#PJM -L "freq=2200"',
        worker_init="module load gcc",
        walltime="00:10:00",
    )
    job = made.submit("sleep 0.3", 1, "block-0")
    script = (stand_in / job / "script").read_text()
    for line in ("#PJM -L node=1", "#PJM -L elapse=00:10:00", '#PJM -L "rscgrp=small"', "#PJM -g g1"):
        assert line in script
    assert '#PJM -L "freq=2200"' in script
    assert "module load gcc" in script
    assert made.status([job])[0].state is JobState.RUNNING
    _until(lambda: made.status([job])[0].state is JobState.COMPLETED)
    assert made.cancel([job]) == [True]  # it has ended, which is what was wanted


def test_a_pjm_job_is_cancelled(stand_in: Path, tmp_path: Path) -> None:
    made = _made(tmp_path)
    job = made.submit("sleep 100", 1)
    assert made.cancel([job]) == [True]
    assert made.status([job])[0].state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("says", "means"),
    [
        ("ACC", JobState.PENDING),
        ("QUE", JobState.PENDING),
        ("QUEUED", JobState.PENDING),
        ("RNA", JobState.PENDING),
        ("RUN", JobState.RUNNING),
        ("RUNNING", JobState.RUNNING),
        ("RNO", JobState.RUNNING),
        ("HLD", JobState.HELD),
        ("SPD", JobState.HELD),
        ("EXT", JobState.COMPLETED),
        ("CCL", JobState.CANCELLED),
        ("ERR", JobState.FAILED),
        ("RJT", JobState.FAILED),
        ("XYZ", JobState.UNKNOWN),
    ],
)
def test_states_of_pjm(stand_in: Path, tmp_path: Path, says: str, means: JobState) -> None:
    (stand_in / "state").write_text(says)
    made = _made(tmp_path)
    job = made.submit("true", 1)
    assert made.status([job])[0].state is means


def test_pjsub_that_refuses_says_why(stand_in: Path, tmp_path: Path) -> None:
    (stand_in / "trouble").write_text("refuse")
    with pytest.raises(SubmitException) as caught:
        _made(tmp_path).submit("true", 1)
    assert "No such resource group" in str(caught.value.stderr)


def test_a_silent_pjm_changes_nothing_and_is_asked_again(stand_in: Path, tmp_path: Path) -> None:
    made = _made(tmp_path)
    job = made.submit("sleep 100", 1)
    (stand_in / "trouble").write_text("silent")
    assert made.status([job])[0].state is JobState.PENDING  # as at its submission
    assert made.cancel([job]) == [False]
    (stand_in / "trouble").unlink()
    assert made.status([job])[0].state is JobState.RUNNING
    assert made.cancel([job]) == [True]


def test_a_job_that_pjm_forgot_has_ended(stand_in: Path, tmp_path: Path) -> None:
    made = _made(tmp_path)
    job = made.submit("true", 1)
    (stand_in / job).rename(stand_in / "gone")
    assert made.status([job])[0].state is JobState.COMPLETED


def test_a_refusal_that_passes_is_tried_again(stand_in: Path, tmp_path: Path) -> None:
    made = PjmProvider(poll_s=1, pauses_s=(0.0, 0.0))
    made.script_dir = str(tmp_path)
    calls: list[str] = []
    ask = made.execute_wait

    def refuse_first(command: str, timeout: int | None = None) -> Any:
        calls.append(command)
        if len(calls) == 1:
            return 1, "", "[ERR.] PJM 9001 pjsub Communication with the server failed."
        return ask(command, timeout)

    made.execute_wait = refuse_first
    assert made.submit("true", 1)
    assert len(calls) == 2


def test_each_scheduler_gets_its_settings() -> None:
    wanted = ParslSettings(provider="pbs", queue="q", account="a", cores_per_node=48, poll_s=7)
    pbs: Any = provider(wanted, "init")
    assert (pbs.queue, pbs.account, pbs.cpus_per_node, pbs.status_polling_interval) == ("q", "a", 48, 7)
    pjm: Any = provider(wanted.model_copy(update={"provider": "pjm"}), "init")
    assert (pjm.resource_group, pjm.group, pjm.worker_init) == ("q", "a", "init")


def test_schedulers_are_asked_for_the_slots_accelerators() -> None:
    wanted = ParslSettings(provider="pbs", slots_per_node=4, accelerators_per_slot=2)
    pbs: Any = provider(wanted, "")
    assert pbs.select_options == "ngpus=8"
    slurm: Any = provider(wanted.model_copy(update={"provider": "slurm"}), "")
    assert "#SBATCH --gpus-per-node=8" in slurm.scheduler_options
    none: Any = provider(ParslSettings(provider="slurm"), "")
    assert "gpus" not in none.scheduler_options


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pjm", "pbs"])
def test_a_farm_goes_through_it(stand_in: Path, tmp_path: Path, name: str) -> None:
    """A block is cancelled by its scheduler in the middle; everything is answered once."""
    wanted = settings(tmp_path, provider=name, heartbeat_s=1)
    with ParslFarm(wanted, work=node_scripted) as farm:
        futures = [farm.build(TASK, f"sleep_ms = 100; {i}", ()) for i in range(30)]
        futures[5].result(60)
        block = next(path for path in stand_in.glob("[0-9]*"))
        subprocess.run([NAMES[name][2], block.name if name == "pjm" else f"{block.name}.pbs"], check=True)
        built = [future.result(120) for future in futures]
    assert [b.name for b in built if isinstance(b, Built)] == [f"sleep_ms = 100; {i}" for i in range(30)]


@pytest.mark.slow
def test_a_farm_whose_scheduler_refuses_is_given_up_with_its_words(stand_in: Path, tmp_path: Path) -> None:
    (stand_in / "trouble").write_text("refuse")
    events: list[str] = []
    with pytest.raises(Fault, match="no node") as caught:
        ParslFarm(
            settings(tmp_path, provider="pjm", patience_s=3), on_event=events.append, work=node_scripted
        )
    assert caught.value.remedy
