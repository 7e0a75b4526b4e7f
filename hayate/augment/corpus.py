"""Templates -> kernels, each with a prompt that permits what the kernel uses, and sometimes more."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

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


def corpus(
    items_of: Sequence[Task],
    *,
    seed: int,
    per_task: int,
    held_out: bool = False,
    folders: Mapping[str, Path] | None = None,
) -> list[CorpusItem]:
    """`per_task` distinct kernels of each task (fewer if there are no more), in random order.

    `folders`: task name -> its folder; a task that is not named there is a built-in one.

    The permitted set of an item is what its kernel needs and a random part of the task's other techniques, so
    that the prompt's permission says something about the text. Held-out combinations stay out, unless asked for.
    The same seed gives the same corpus. Raises WrongUse for a task without templates.
    """
    found: list[CorpusItem] = []
    for task in items_of:
        rng = random.Random(f"{seed} {task.name}")
        variants = variants_of(task, folders or {})
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


def variants_of(task: Task, folders: Mapping[str, Path]) -> templates.TemplateSet:
    """The templates of a task's solutions. Raises WrongUse if there are none."""
    if task.name in folders:
        where = folders[task.name]
    elif task.name in tasks.builtin_names():
        where = tasks.folder(task.name)
    else:
        raise WrongUse(f"no folder is known for the task {task.name!r}, and so no templates")
    if not (where / "variants" / "variants.toml").exists():
        raise WrongUse(
            "phase 1 learns from a task's variants, and there are none",
            where=str(where / "variants" / "variants.toml"),
            allowed="templates of solutions (docs/task-format.md), or a run without [phases.sft]",
        )
    return templates.load(where)


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
