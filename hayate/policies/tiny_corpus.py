"""What the tiny model learns from: every kernel of the corpus under one or several prompts that permit it.

With several, a kernel is shown under sets that list no more than it needs and under generous ones, since a stage
of the curriculum permits any set, often a small one. What can be withheld and is used is always permitted; a
structural technique need not be listed to be used, so it is sometimes left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache

from pydantic import BaseModel, ConfigDict

from hayate.prompts import render
from hayate.records import WITHHOLDABLE, Assignment, Prompt, Task, Technique


class TinyExample(BaseModel):
    """One prompt with one right answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Prompt
    source: str


def builtin_examples(
    seed: int, per_task: int, prompts_per_kernel: int, names: list[str] | None = None
) -> list[TinyExample]:
    """The corpus of the built-in tasks; the first prompt of each kernel is the one that phase 1 would show."""
    from hayate import tasks
    from hayate.augment import corpus

    chosen = {name: tasks.builtin(name) for name in names or tasks.builtin_names()}
    rng = random.Random(f"{seed} prompts")

    @cache  # few sets differ, and rendering a prompt takes longer than all the rest
    def prompt(task: str, permitted: tuple[Technique, ...]) -> Prompt:
        return render("staged", chosen[task], Assignment(task=task, permitted=permitted))

    examples = []
    for item in corpus(list(chosen.values()), seed=seed, per_task=per_task):
        examples.append(TinyExample(prompt=prompt(item.task, item.permitted), source=item.source))
        for _ in range(prompts_per_kernel - 1):
            permitted = redraw(chosen[item.task], item.techniques, rng)
            examples.append(TinyExample(prompt=prompt(item.task, permitted), source=item.source))
    return examples


def redraw(task: Task, used: Iterable[Technique], rng: random.Random) -> tuple[Technique, ...]:
    """A set under which a kernel that uses `used` is right, in the task's order of techniques."""
    needed = {*used, *task.reference.techniques}
    listed, spare = rng.choice((0.0, 0.5, 1.0)), rng.choice((0.0, 0.3, 0.7, 1.0))
    permitted = set()
    for technique in task.techniques:
        if technique in needed:
            keep = technique in WITHHOLDABLE or rng.random() < listed
        else:
            keep = technique is not Technique.THREADS and rng.random() < spare
        if keep:
            permitted.add(technique)
    return tuple(t for t in task.techniques if t in permitted)
