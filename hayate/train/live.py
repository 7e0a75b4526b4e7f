"""Prompts live from the curriculum, as the dataset that TRL reads.

    curriculum.next -> prompt -> one row, repeated by TRL for each generation -> group

A row is drawn when the data loader asks for it. accelerate's loader looks one batch ahead, to know which is
the last; so a batch's prompts have seen every observed group but those of the batch before it: never staler
than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hayate.curriculum import Curriculum
from hayate.policies import HuggingFacePolicy
from hayate.records import Prompt, decode, encode
from hayate.train.session import Session
from hayate.train.trl_fields import require


@dataclass
class LivePrompts:
    """The stream of one phase. In each process the same rows, which the main process draws."""

    session: Session
    policy: HuggingFacePolicy
    curriculum: Curriculum | None  # None: not the main process
    drawn: int = 0  # rows so far
    observed: int = 0  # groups that the curriculum has heard of
    lags: list[int] = field(
        default_factory=list
    )  # of each row: groups drawn but not observed when it was drawn

    def dataset(self) -> Any:
        """A datasets.IterableDataset with the columns prompt, hayate_prompt, hayate_row.

        Built without `from_generator`: that hashes and caches what it is given, and this stream holds a
        database.
        """
        stream = require("datasets.iterable_dataset")
        return stream.IterableDataset(stream.ExamplesIterable(self._rows, {}))

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        while True:
            prompt = decode(Prompt, self.session.dispatch.from_main(lambda: encode(self._next())))
            self.lags.append(self.drawn - self.observed)
            row = self.drawn
            self.drawn += 1
            yield (
                row,
                {
                    "prompt": self.policy.prompt_for_trl(prompt),
                    "hayate_prompt": encode(prompt),
                    "hayate_row": row,
                },
            )

    def _next(self) -> Prompt:
        assert self.curriculum is not None
        return self.session.prompt(self.curriculum.next())
