"""Trainers that aren't ours, on a served farm: TRL, verl, verifiers. See docs/adapters.md.

What they share is in `client` and `questions`; each adapter imports its own library at most.
"""

from hayate.adapters.client import Client, rewards
from hayate.adapters.questions import Question, ask

__all__ = ["Client", "Question", "ask", "rewards"]
