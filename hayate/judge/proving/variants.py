"""Which variants of a folder's templates are proved: all, or so many that every value of every parameter is used."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hayate.records import SourceText, Task, Technique
from hayate.tasks import Template, templates

Which = Literal["covering", "all", "none"]


def variants(task: Task, folder: Path, which: Which) -> Iterator[tuple[str, SourceText]]:
    """A name that tells the parameters, and the text with what it needs to be permitted. Raises WrongUse.

    "covering" is the same for the same folder: a proof can be repeated.
    """
    if which == "none" or not (folder / "variants" / "variants.toml").exists():
        return
    found = templates.load(folder)
    seen: set[str] = set()
    for template in found.templates:
        chosen = template.combinations if which == "all" else covering(template)
        for parameters in chosen:
            variant = found.render(template.name, parameters)
            if variant.text in seen:
                continue
            seen.add(variant.text)
            told = ", ".join(f"{key} = {value}" for key, value in parameters.items())
            needed = {*variant.techniques, *task.reference.techniques}
            yield (
                f"variants/{template.file} ({told})",
                SourceText(
                    name=f"{template.name}.c",
                    text=variant.text,
                    techniques=tuple(t for t in Technique if t in needed),
                ),
            )


def covering(template: Template) -> list[dict[str, int | str]]:
    """Combinations in which every value that any combination has is used once at least."""
    left = {(key, value) for combination in template.combinations for key, value in combination.items()}
    pool = list(template.combinations)
    random.Random(template.name).shuffle(pool)
    chosen: list[dict[str, int | str]] = []
    while left:
        best = max(pool, key=lambda combination: len(left & set(combination.items())))
        chosen.append(best)
        left -= set(best.items())
    return chosen or [dict(combination) for combination in pool[:1]]
