"""What a run's folder remembers: `kill -9` at any moment costs no more than the steps since a checkpoint.

    DIR/run.json                    the run as it was begun
    DIR/state.json                  which phases are done, and where their models are
    DIR/archive.db                  every verdict, as soon as it is made
    DIR/phases/PHASE/checkpoint-N/  after N steps; complete only with `hayate.json` in it, which is written last
    DIR/phases/PHASE/model/         the phase's result
    DIR/classes/NAME/archive.db     every verdict on a further class of hosts
    DIR/baselines.json, DIR/portability.json   what the end of the run measured; made once
    DIR/farm.json                   what the farm does now, for `hayate farm`
    DIR/reply.txt                   the first reply that held no source

Every file is written beside its place and renamed into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.train.runfile import RunFile

MARKER = "hayate.json"
UNREAD = "reply.txt"
ARCHIVE = "archive.db"
# May change between start and resume: they move no verdict that was made.
_FREE = ("farm", "steps", "checkpoint_steps", "baselines", "out")


def write_whole(path: Path, text: str) -> None:
    """The file holds either what it held or all of `text`, whenever the process dies."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@dataclass
class RunState:
    """`state.json`: phase -> {"status": "running" | "done", "model": folder, "wall_s": seconds}.

    `worked`: from when to when each process worked on the run, seconds since 1970; the report's wall time.
    """

    path: Path
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    worked: list[list[float]] = field(default_factory=list)

    @classmethod
    def load(cls, out: Path) -> RunState:
        path = out / "state.json"
        if not path.exists():
            return cls(path)
        content = json.loads(path.read_text())
        return cls(path, content["phases"], content.get("worked", []))

    def begin_work(self) -> None:
        """In memory: a process that does nothing leaves no trace."""
        now = time.time()
        self.worked.append([now, now])

    def work_goes_on(self) -> None:
        self._save()

    def done(self, phase: str) -> bool:
        return self.phases.get(phase, {}).get("status") == "done"

    def model(self, phase: str) -> Path:
        return self.path.parent / str(self.phases[phase]["model"])

    def start(self, phase: str) -> None:
        self.phases.setdefault(phase, {"wall_s": 0.0})["status"] = "running"
        self._save()

    def add_wall(self, phase: str, seconds: float) -> None:
        self.phases[phase]["wall_s"] += seconds
        self._save()

    def end(self, phase: str, model: Path) -> None:
        self.phases[phase] |= {"status": "done", "model": str(model.relative_to(self.path.parent))}
        self._save()

    def _save(self) -> None:
        if self.worked:
            self.worked[-1][1] = time.time()
        content = {"version": 1, "phases": self.phases, "worked": self.worked}
        write_whole(self.path, json.dumps(content, indent=1) + "\n")


def open_folder(out: Path, run: RunFile, *, resume: bool) -> IO[str]:
    """Make or check the run's folder and lock it for this process; the lock ends with the file.

    Raises `WrongUse` if it holds a run and `resume` is not asked for, or another run than this; `Fault` if it
    can't be written, or another process works in it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        begun = (out / "run.json").exists()
        if not resume and any(entry.name != "lock" for entry in out.iterdir()):
            raise WrongUse(
                "the folder is not empty",
                where=str(out),
                allowed="--resume to go on with the run in it, or another --out",
            )
        lock = (out / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise Fault(
            FaultKind.NOT_WRITABLE,
            f"{out} can't be written: {error.strerror}",
            remedy="choose a folder that you may write with --out",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Fault(
            FaultKind.NOT_WRITABLE, f"another process trains in {out}", remedy="wait for it, or end it"
        ) from error
    config = run.model_dump(mode="json")
    if begun:
        was = json.loads((out / "run.json").read_text())
        with contextlib.suppress(ValueError):  # of a version that lacked a setting: its default is no change
            was = RunFile.model_validate(was).model_dump(mode="json")
        changed = sorted(_differences(was, config))
        if changed:
            raise WrongUse(
                f"the run in this folder was begun with another {changed[0]}",
                where=str(out),
                allowed="the run file as it was, or another --out",
            )
    write_whole(out / "run.json", json.dumps(config, indent=1) + "\n")
    return lock


def _differences(was: Any, now: Any, at: str = "") -> list[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        found = []
        for name in was.keys() | now.keys():
            if name not in _FREE:
                found += _differences(was.get(name), now.get(name), f"{at}.{name}" if at else name)
        return found
    return [] if was == now else [at]


def put_aside(out: Path) -> Path | None:
    """Rename a folder that holds something to OUT.1, OUT.2 ...; what it is called now. Raises Fault."""
    if not out.exists() or not any(out.iterdir()):
        return None
    n = 1
    while (aside := out.with_name(f"{out.name}.{n}")).exists():
        n += 1
    try:
        shutil.move(out, aside)
    except OSError as error:
        raise Fault(
            FaultKind.NOT_WRITABLE,
            f"{out} can't be renamed to {aside}: {error.strerror}",
            remedy="choose another --out",
        ) from error
    return aside


def has_work(out: Path, run: str) -> bool:
    """Whether the folder holds anything that --resume would go on from: a verdict, a step, a checkpoint, a model."""
    if any(out.glob("phases/**/model")) or any(out.glob(f"phases/**/checkpoint-*/{MARKER}")):
        return True
    if not (out / ARCHIVE).exists():
        return False
    with Archive(out / ARCHIVE) as archive:
        return bool(archive.steps(run) or archive.samples(run, include_abandoned=True))


def clear(out: Path, made: bool) -> None:
    """Take away what a run left that came to nothing, so that the next try finds an empty folder, or (`made`) none."""
    for entry in out.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if made:
        with contextlib.suppress(OSError):
            out.rmdir()


def checkpoint_step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


def checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints in `folder`, oldest first."""
    found = [p for p in folder.glob("checkpoint-*") if (p / MARKER).exists()]
    return sorted(found, key=checkpoint_step)


def last_checkpoint(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest complete one with what its marker holds. Incomplete ones are removed."""
    complete = checkpoints(folder)
    for leftover in set(folder.glob("checkpoint-*")) - set(complete):
        shutil.rmtree(leftover)
    if not complete:
        return None
    return complete[-1], json.loads((complete[-1] / MARKER).read_text())


def mark_complete(folder: Path, content: Mapping[str, Any]) -> None:
    write_whole(folder / MARKER, json.dumps(dict(content)) + "\n")
