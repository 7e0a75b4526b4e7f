"""Reply -> candidate: the one place where it is said what a reply is worth that has no source."""

from __future__ import annotations

from hayate.prompts.extract import extract
from hayate.records import Assignment, Candidate, Origin


def source_in(reply: str, assignment: Assignment, *, cut_off: bool = False) -> str | None:
    """The source in a reply; None if the format is violated, or the reply was `cut_off` by a limit on its length."""
    return None if cut_off else extract(reply, assignment.language)


def candidate_of(assignment: Assignment, source: str | None, origin: Origin) -> Candidate:
    """What is judged. Without a source it is empty, which `evaluate` finds to be a violation."""
    return Candidate(
        task=assignment.task,
        source=source or "",
        permitted=assignment.permitted,
        origin=origin,
        language=assignment.language,
    )
