"""Templates -> kernels, each with a prompt that permits what the kernel uses, and sometimes more."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hayate import tasks
from hayate.errors import WrongUse
from hayate.prompts import render
from hayate.records import Assignment, Prompt, Record, Task, Technique
from hayate.tasks import Variant, templates

# So many draws in a row without a new text, and the space is taken to be empty.
_DRAWS = 200


class CorpusItem(Record):
    """One kernel with the prompt that asks for it."""

    task: str
    prompt: Prompt
    source: str
    permitted: tuple[Technique, ...]
    techniques: tuple[Technique, ...]  # that the kernel uses
    template: str
    parameters: dict[str, int | str]


def corpus(items_of: Sequence[Task], *, seed: int, per_task: int, held_out: bool = False) -> list[CorpusItem]:
    """`per_task` distinct kernels of each built-in task (fewer if there are no more), in random order.

    The permitted set of an item is what its kernel needs and a random part of the task's other techniques, so
    that the prompt's permission says something about the text. Held-out combinations stay out, unless asked for.
    The same seed gives the same corpus. Raises WrongUse for a task without templates.
    """
    found: list[CorpusItem] = []
    for task in items_of:
        if task.name not in tasks.builtin_names():
            raise WrongUse(f"no templates are known for the task {task.name!r}", where="phases.sft")
        rng = random.Random(f"{seed} {task.name}")
        variants = templates.load(tasks.folder(task.name))
        seen: set[str] = set()
        misses = 0
        while len(seen) < per_task and misses < _DRAWS:
            variant = variants.sample(rng, held_out=held_out)
            if variant.text in seen:
                misses += 1
                continue
            seen.add(variant.text)
            misses = 0
            found.append(_item(task, variant, rng))
    random.Random(seed).shuffle(found)
    return found


def _item(task: Task, variant: Variant, rng: random.Random) -> CorpusItem:
    """What the kernel uses is permitted, structural techniques too: prompts of early stages name only some."""
    needed = {*variant.techniques, *task.reference.techniques}
    spare = [t for t in task.techniques if t not in needed and t is not Technique.THREADS]
    # Half of the time everything: the prompt that staging ends with, and that `off` always gives. Else any size
    # of set is as likely as another: staging begins with small ones.
    share = 1.0 if rng.random() < 0.5 else rng.random()
    extra = {t for t in spare if rng.random() < share}
    permitted = tuple(t for t in task.techniques if t in needed | extra)
    return CorpusItem(
        task=task.name,
        prompt=render("staged", task, Assignment(task=task.name, permitted=permitted)),
        source=variant.text,
        permitted=permitted,
        techniques=variant.techniques,
        template=variant.name,
        parameters=variant.parameters,
    )
