"""What a policy is asked, and what it answered."""

from __future__ import annotations

from functools import cached_property

from hayate.records.base import Record, content_hash
from hayate.records.task import Language, Technique


class Assignment(Record):
    """What is asked for next: a task, the answer's language, what is permitted, and candidates to show."""

    task: str
    permitted: tuple[Technique, ...]
    exemplars: tuple[str, ...] = ()  # candidate hashes, shown by prompt styles that show any
    stage: int = 0
    reason: str = ""  # "stage", "revisit", "fixed", "random"
    language: Language = "c"


class Prompt(Record):
    """One question to a policy. With a chat template it becomes a conversation, without one plain text."""

    system: str
    user: str
    opening: str = "```c\n"  # how a plain-text continuation starts; a chat model writes it itself
    assignment: Assignment

    @cached_property
    def hash(self) -> str:
        return content_hash(self.system, self.user, self.opening)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation that a chat model goes on with."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]

    @property
    def text(self) -> str:
        """What a model without chat template continues: system, user, opening fence."""
        return f"{self.system}\n\n{self.user.rstrip()}\n{self.opening}"


class Sample(Record):
    """One reply of a policy."""

    text: str  # without the prompt; for plain text without the opening
    tokens: int
    truncated: bool  # ended by the length limit
