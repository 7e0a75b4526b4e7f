"""What the tiny model learns from: the corpus as phase 1 shows it, and kernels for sets of every size.

A stage of the curriculum permits any set, small ones first; in the corpus, sets follow from the kernels, and
few kernels need little. So for the larger part a set is drawn first, each size equally likely, then a kernel
that is right under it: what can be withheld and is used is permitted; a structural technique need not be.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from hayate.augment import CorpusItem
from hayate.prompts import render
from hayate.prompts.techniques import needed, span
from hayate.records import WITHHOLDABLE, Assignment, Prompt, Task, Technique

_SUGGESTED_SHARE = 0.7  # how often a kernel is chosen that uses nothing which the prompt does not name


class TinyExample(BaseModel):
    """One prompt with one right answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Prompt
    source: str


def builtin_examples(
    seed: int, per_task: int, per_kernel: int, names: list[str] | None = None
) -> list[TinyExample]:
    """The corpus of the built-in tasks, then `per_kernel - 1` times as many examples whose set came first."""
    from hayate import tasks
    from hayate.augment import corpus

    chosen = {name: tasks.builtin(name) for name in names or tasks.builtin_names()}
    rng = random.Random(f"{seed} sets")

    @cache  # few sets differ, and rendering a prompt takes longer than all the rest
    def prompt(task: str, permitted: tuple[Technique, ...]) -> Prompt:
        return render("staged", chosen[task], Assignment(task=task, permitted=permitted))

    items = corpus(list(chosen.values()), seed=seed, per_task=per_task)
    examples = [TinyExample(prompt=prompt(item.task, item.permitted), source=item.source) for item in items]
    for name, task in chosen.items():
        kernels = _Kernels([item for item in items if item.task == name])
        for _ in range(len(kernels.items) * (per_kernel - 1)):
            permitted = draw_set(task, rng)
            source = kernels.draw(permitted, rng).source
            examples.append(TinyExample(prompt=prompt(name, permitted), source=source))
    return examples


def draw_set(task: Task, rng: random.Random) -> tuple[Technique, ...]:
    """A set of techniques, each size equally likely, with what the reference needs, in the task's order."""
    need = needed(task)
    free = [t for t in span(task, threads=False) if t not in need]
    drawn = need.union(rng.sample(free, rng.randint(1, len(free))))
    return tuple(t for t in task.techniques if t in drawn)


class _Kernels:
    """One task's kernels, by what they use. Templates with few kernels count as much as those with many."""

    def __init__(self, items: Sequence[CorpusItem]) -> None:
        self.items = items
        self._by_use: dict[frozenset[Technique], dict[str, list[CorpusItem]]] = defaultdict(dict)
        for item in items:
            self._by_use[frozenset(item.techniques)].setdefault(item.template, []).append(item)

    def draw(self, permitted: tuple[Technique, ...], rng: random.Random) -> CorpusItem:
        """A kernel that is right under `permitted`: most often one that uses nothing else."""
        right = [use for use in self._by_use if use & WITHHOLDABLE <= set(permitted)]
        suggested = [use for use in right if use <= set(permitted)]
        uses = suggested if suggested and rng.random() < _SUGGESTED_SHARE else right
        pool = [kernels for use in uses for kernels in self._by_use[use].values()]
        return rng.choice(rng.choice(pool))
