"""A training process that kills itself: `python train_child.py MODEL OUT LOG KILL [resume]`.

KILL is "never", or PHASE:EVENT:N: SIGKILL at the Nth event of that kind in that phase (verdict, step), or
PHASE:save:N right before the checkpoint of step N gets its mark. LOG gets the object hash of each measurement.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]  # before the helpers beside it

import train_miniature  # noqa: E402
from scripted_farm import ScriptedFarm  # noqa: E402

import hayate.augment  # noqa: E402
import hayate.train.callbacks  # noqa: E402
from hayate.train import Progress, RunFile, parse_run  # noqa: E402
from hayate.train.run import run_phases  # noqa: E402

STEPS = {"sft": 6, "selftrain": 3, "grpo": 6}


def settings(model: str) -> RunFile:
    batch = {"per_device_train_batch_size": 4, "learning_rate": 1e-4}
    every = {"checkpoint_steps": 2}
    return parse_run(
        {
            "run": {"name": "killed", "tasks": ["dgemm"], "baselines": False},
            "policy": {"model": model, "max_new_tokens": 32, "device": "cpu"},
            "judge": {"confirm": "never"},
            "phases": {
                "sft": {"steps": 6, "examples": 40, "check_samples": 4, **every, "trl": batch},
                "selftrain": {"steps": 3, "groups": 2, "samples": 6, "rounds": 2, **every, "trl": batch},
                "grpo": {"steps": 6, **every, "trl": {**batch, "num_generations": 4}},
            },
        }
    )


class Killer(Progress):
    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at
        self.counts: Counter[str] = Counter()

    def count(self, event: str) -> None:
        name = f"{self.phase_name}:{event}"
        self.counts[name] += 1
        if f"{name}:{self.counts[name]}" == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def show(self, event: str, **_: Any) -> None:
        self.count(event)


class LoggedFarm(ScriptedFarm):
    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log = log

    def measure(self, task: Any, built: Any, *args: Any, **kwargs: Any) -> Any:
        with self.log.open("a") as file:
            file.write(built.object_hash + "\n")
        return super().measure(task, built, *args, **kwargs)


def main(model: str, out: str, log: str, kill: str, resume: bool) -> None:
    class Item:
        def __init__(self, prompt: Any, source: str) -> None:
            self.prompt, self.source = prompt, source

    hayate.augment.corpus = lambda _, *, seed, per_task, folders: [  # type: ignore[assignment]
        Item(prompt, source) for prompt, source in train_miniature.pairs(per_task, seed)
    ]
    killer = Killer(kill)
    mark = hayate.train.callbacks.mark_complete

    def mark_complete(folder: Path, content: Any) -> None:
        if kill == f"{killer.phase_name}:save:{folder.name.rpartition('-')[2]}":
            os.kill(os.getpid(), signal.SIGKILL)
        mark(folder, content)

    hayate.train.callbacks.mark_complete = mark_complete
    run_phases(
        settings(model), Path(out), resume=resume, progress=killer, open_farm=lambda _: LoggedFarm(Path(log))
    )


if __name__ == "__main__":
    main(*sys.argv[1:5], resume="resume" in sys.argv[5:])
