"""What the phases of one run share, and how several training processes share it.

Started by `accelerate launch`, every process trains; the main one alone has archive, farm and curriculum. It
draws prompts and makes verdicts for all, as one group in one farm: two farms on one machine would disturb
each other's timing.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hayate.archive import Archive
from hayate.curriculum import Curriculum
from hayate.errors import Fault
from hayate.evaluate import Evaluator, HostClasses
from hayate.policies import HuggingFacePolicy, PolicySettings
from hayate.policies import load as load_policy
from hayate.prompts import Exemplar, candidate_of, render
from hayate.records import Assignment, Candidate, MeasurePlan, Origin, Prompt, Task, Verdict
from hayate.train.interrupt import Interrupt
from hayate.train.progress import Progress
from hayate.train.runfile import RunFile
from hayate.train.state import UNREAD, RunState, write_whole

T = TypeVar("T")


class Stopped(Exception):
    """The run ended early, with its state saved: a person asked for it."""


@dataclass
class Judging:
    """The main process's part: where verdicts are made and kept."""

    evaluator: Evaluator
    others: Mapping[str, Evaluator] = field(default_factory=dict)  # further classes of hosts, by name

    @property
    def archive(self) -> Archive:
        return self.evaluator.archive

    @property
    def archives(self) -> list[Archive]:
        """The run's own, and one for each further class of hosts."""
        return [self.archive, *(other.archive for other in self.others.values())]


@dataclass
class Session:
    run: RunFile
    out: Path
    tasks: dict[str, Task]
    folders: dict[str, Path]  # of the tasks, by their names
    progress: Progress
    interrupt: Interrupt
    state: RunState
    judging: Judging | None  # None: not the main process
    dispatch: Dispatch = field(default_factory=lambda: Dispatch())
    deadline: float = math.inf  # monotonic: from then on each phase ends with its next step

    def time_is_up(self) -> bool:
        return time.monotonic() >= self.deadline

    @property
    def name(self) -> str:
        return self.run.run.name

    def folder(self, phase: str) -> Path:
        return self.out / "phases" / phase

    def keep_reply(self, text: str) -> None:
        """The first reply that holds no source: a person wants to see one where nothing is accepted."""
        path = self.out / UNREAD
        if self.dispatch.is_main and not path.exists():
            write_whole(path, text)

    def archive(self) -> Archive:
        assert self.judging is not None, "only the main process has an archive"
        return self.judging.archive

    def abandon(self, phase: str, from_step: int) -> None:
        """Mark what was judged from that step on: it will be made again."""
        assert self.judging is not None
        for archive in self.judging.archives:
            archive.mark_abandoned(self.name, phase, from_step)

    def policy(self, model: str) -> HuggingFacePolicy:
        """`model` is as in the settings, or the folder that an earlier phase wrote."""
        settings: PolicySettings = self.run.policy
        if model != settings.model:
            settings = settings.model_copy(update={"model": model, "revision": None})
        policy = load_policy(settings)
        policy.name = self.run.policy.model
        return policy

    def curriculum(self) -> Curriculum:
        return Curriculum(self.tasks, self.run.curriculum, self.archive(), self.run.run.language)

    def prompt(self, assignment: Assignment) -> Prompt:
        """The prompt for an assignment, recorded."""
        task = self.tasks[assignment.task]
        shown = exemplars(self.archive(), assignment)
        prompt = render(self.run.run.prompt_style, task, assignment, shown)
        self.archive().record_prompt(prompt)
        return prompt

    def candidate(
        self, prompt: Prompt, source: str | None, phase: str, *, step: int, group: int, index: int
    ) -> Candidate:
        """A reply as a candidate. No source: the format was violated, and `evaluate` says so."""
        origin = Origin(
            kind="policy",
            policy=self.run.policy.model,
            prompt_hash=prompt.hash,
            parents=prompt.assignment.exemplars,
            run=self.name,
            phase=phase,
            step=step,
            group=group,
            index=index,
        )
        return candidate_of(prompt.assignment, source, origin)

    def evaluate(self, candidates: Sequence[Candidate], *, rank: bool = True) -> list[Verdict | Fault]:
        """As training's verdicts are made; each is shown as it comes. Raises Fault(TOO_MANY_FAULTS)."""
        return [results[0] for results in self.evaluate_classes(candidates, rank=rank)]

    def evaluate_classes(
        self, candidates: Sequence[Candidate], *, rank: bool = True
    ) -> list[tuple[Verdict | Fault, ...]]:
        """As `evaluate`, with the results on further classes of hosts where the run asks for them."""
        assert self.judging is not None, "only the main process evaluates"
        plan = MeasurePlan(purpose="training", launches=self.run.judge.launches)
        others = self.judging.others if self.run.judge.classes == "all" else {}
        return HostClasses(self.judging.evaluator, others).evaluate(
            candidates, plan, on_verdict=lambda _, result: self.progress.verdict(result), rank=rank
        )


class Dispatch:
    """How processes of one training talk; with one process nothing is sent."""

    def __init__(self) -> None:
        self.processes = int(os.environ.get("WORLD_SIZE", "1"))
        self.index = int(os.environ.get("RANK", "0"))
        if self.processes > 1:
            import torch
            from accelerate import PartialState

            state = PartialState(cpu=not torch.cuda.is_available())  # also chooses this process's GPU
            self.processes, self.index = state.num_processes, state.process_index

    @property
    def is_main(self) -> bool:
        return self.index == 0

    def from_main(self, make: Callable[[], T]) -> T:
        """What the main process makes, in every process; a Fault there is raised in each."""
        if self.processes == 1:
            return make()
        from accelerate.utils import broadcast_object_list

        box: list[Any] = [None, None]
        if self.is_main:
            try:
                box[0] = make()
            except Fault as fault:
                box[1] = fault
        broadcast_object_list(box, from_process=0)
        if box[1] is not None:
            raise box[1]
        made: T = box[0]
        return made

    def together(self, own: Sequence[T]) -> list[T]:
        """The processes' lists as one, in their order."""
        if self.processes == 1:
            return list(own)
        from accelerate.utils import gather_object

        gathered: list[T] = gather_object(list(own))
        return gathered

    def wait(self) -> None:
        if self.processes > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()


def exemplars(archive: Archive, assignment: Assignment) -> list[Exemplar]:
    """The candidates that the assignment names, with their speed, as far as the archive has them."""
    if not assignment.exemplars:
        return []
    shown = {one: archive.candidate(one) for one in assignment.exemplars}
    speeds = {elite.candidate: elite.speedup or elite.quality for elite in archive.elites(assignment.task)}
    return [
        Exemplar(source=candidate.source, language=candidate.language, speedup=speeds[one])
        for one, candidate in shown.items()
        if candidate is not None and speeds.get(one, 0) > 0
    ]
