"""Wrong versions of a task's reference, which a judge must refuse: docs/any-kernel.md."""

from __future__ import annotations

from hayate.mutants import (
    branches,
    copies,
    domains,
    elements,
    indices,
    inputs,
    loops,
    operators,
    padding,
    precision,
    states,
)
from hayate.mutants.mutant import Kind, Mutant
from hayate.mutants.reference import Reference
from hayate.records.task import Task

__all__ = ["Kind", "Mutant", "mutants"]

_ROOMS = (precision, loops, elements, inputs, copies, branches, indices, operators, padding, states, domains)


def mutants(task: Task) -> tuple[Mutant, ...]:
    """All of them, each with one change, in the order of `Kind`; the same for the same reference.

    Raises ValueError where the reference has no function of the entry's name with the task's arguments.
    """
    reference = Reference(task)
    seen = {task.reference.text}
    names: dict[str, int] = {}
    found = []
    for room in _ROOMS:
        for draft in room.drafts(reference):
            text = reference.text(draft)
            if text is None or text in seen:
                continue
            seen.add(text)
            name = f"{draft.name} in line {draft.line}" if draft.changes else draft.name
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:
                name += f" ({names[name]})"
            why = draft.why + (f" It may be equivalent: {draft.equivalent}." if draft.equivalent else "")
            found.append(
                Mutant(
                    name=name,
                    kind=draft.kind,
                    line=draft.line,
                    text=text,
                    why=why,
                    may_be_equivalent=bool(draft.equivalent),
                )
            )
    return tuple(found)
