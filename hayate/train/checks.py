"""What can be known before any work: libraries, tasks, policy, TRL's settings, room on the disk."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from hayate import tasks
from hayate.augment import variants_of
from hayate.curriculum import Curriculum
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies import check as check_policy
from hayate.records import Task
from hayate.train import grpo, sft, trainers
from hayate.train.runfile import RunFile
from hayate.train.trl_fields import require

LEAST_DISK_BYTES = (
    500_000_000  # a run of the tiny model takes about a fifth, and its disk must not be full then
)


def tasks_of(run: RunFile) -> tuple[dict[str, Task], dict[str, Path]]:
    """The run's tasks and their folders, by the tasks' names. Raises WrongUse."""
    found: dict[str, Task] = {}
    folders: dict[str, Path] = {}
    for name in run.run.tasks:
        task = tasks.find(name)
        if task.name in found:
            raise WrongUse(
                f"{folders[task.name]} and {tasks.where(name)} are both named {task.name!r}",
                where="run.tasks",
            )
        found[task.name], folders[task.name] = task, tasks.where(name)
    return found, folders


def check_use(run: RunFile, wanted: dict[str, Task], folders: dict[str, Path], out: Path) -> None:
    """What each phase would refuse when it begins, an hour later maybe. Raises WrongUse, and Fault."""
    for task in wanted.values():
        if run.run.language not in task.languages:
            raise WrongUse(
                f"{task.name} takes no candidates in {run.run.language}",
                where="run.language",
                allowed=" and ".join(task.languages),
            )
        if run.phases.sft is not None:
            variants_of(task, folders)
    Curriculum(wanted, run.curriculum)
    device = check_policy(run.policy)
    for name in run.names:
        table, folder = run.phases.table(name), out / "phases" / name
        assert table is not None
        if name == "grpo":
            trainers.config("GRPOConfig", grpo.arguments(run, device, folder), name)
        else:
            trainers.config("SFTConfig", sft.arguments(run, table, device, folder), name)


def check_libraries(run: RunFile) -> None:
    """Raises Fault(DEPENDENCY_MISSING)."""
    for module in ("torch", "transformers", "trl", "datasets", *(["peft"] if run.lora is not None else [])):
        require(module)
    grpo_table = run.phases.grpo
    if grpo_table is not None and grpo_table.trl.get("use_vllm") and importlib.util.find_spec("vllm") is None:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            "phases.grpo.trl.use_vllm is on, and vllm can't be imported",
            remedy="pip install vllm (in the version that TRL names), or use_vllm = false",
        )


def check_disk(out: Path) -> None:
    """Of the folder that is there or will be made. Raises Fault(DISK_FULL), and WrongUse."""
    place = out.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < LEAST_DISK_BYTES:
        raise Fault(
            FaultKind.DISK_FULL,
            f"{out} has {free / 1e6:.0f} MB left, and a run begins only where there are at least "
            f"{LEAST_DISK_BYTES / 1e6:.0f} MB",
            remedy="free some space, or choose another disk with --out",
        )
    if out.exists() and not os.access(out, os.W_OK):
        raise WrongUse("not writable", where=str(out), allowed="a folder that you may write")
