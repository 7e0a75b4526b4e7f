"""What a policy is asked, in a form that travels in a trainer's data set; its reply becomes a candidate."""

from __future__ import annotations

from collections.abc import Iterable

import pydantic

from hayate import tasks
from hayate.errors import WrongUse
from hayate.prompts import Style, candidate_of, render, source_in
from hayate.prompts.techniques import in_order, needed, span
from hayate.records import Assignment, Candidate, Language, Origin, Prompt, Record, Technique, decode


class Question(Record):
    """A task by its name, what is permitted, and the answer's language. `encode` makes it one line of JSON."""

    task: str
    task_hash: str = ""  # a server with another version refuses; "": whichever it has
    permitted: tuple[Technique, ...]
    language: Language = "c"

    @staticmethod
    def read(text: str) -> Question:
        """From a data set's column. Raises WrongUse."""
        try:
            return decode(Question, text)
        except pydantic.ValidationError as error:
            raise WrongUse(
                f"no question of hayate's: {error.errors()[0]['msg']}",
                where=str(text)[:80],
                allowed="what hayate.records.encode makes of hayate.adapters.ask(...)[0]",
            ) from error

    def source(self, reply: str) -> str | None:
        """The source in a model's reply; None if the format is violated."""
        return source_in(reply, self.assignment)

    def candidate(self, source: str | None) -> Candidate:
        """Without a source, one that the server finds to be a violation."""
        return candidate_of(self.assignment, source, Origin(kind="policy"))

    @property
    def assignment(self) -> Assignment:
        return Assignment(task=self.task, permitted=self.permitted, language=self.language)


def ask(
    task: str,
    permitted: Iterable[str] | None = None,
    *,
    style: Style = "staged",
    language: Language = "c",
) -> tuple[Question, Prompt]:
    """A question and the prompt that puts it.

    `task` is a built-in one's name or a folder; `permitted` names techniques, None: all that the task names
    but threads. What even the reference can't do without is permitted always. Raises WrongUse.
    """
    known = tasks.find(task)
    if permitted is None:
        chosen = set(span(known, threads=False))
    else:
        try:
            chosen = {Technique(name) for name in permitted}
        except ValueError as error:
            raise WrongUse(f"{error}", where="permitted", allowed=", ".join(known.techniques)) from error
    permission = in_order(chosen | needed(known))
    question = Question(task=known.name, task_hash=known.hash, permitted=permission, language=language)
    return question, render(style, known, question.assignment)
