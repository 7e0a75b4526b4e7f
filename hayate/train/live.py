"""Prompts live from the curriculum, as the dataset that TRL reads.

    curriculum.next -> prompt -> one row, repeated by TRL for each generation -> group

A row is drawn when the data loader asks for it. accelerate's loader looks one batch ahead, to know which is the
last; so a batch's prompts have seen every observed group but those of the batch before it: never staler than that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
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

    def dataset(self) -> Any:
        """A datasets.IterableDataset with the columns prompt and hayate_prompt.

        Built without `from_generator`: that pickles what it is given for a cache, and this stream holds a database.
        """
        stream = require("datasets.iterable_dataset")
        return stream.IterableDataset(stream.ExamplesIterable(self._rows, {}))

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for row in itertools.count():
            text = self.session.dispatch.from_main(lambda: encode(self._next()))
            prompt = self.policy.prompt_for_trl(decode(Prompt, text))
            yield row, {"prompt": prompt, "hayate_prompt": text}

    def _next(self) -> Prompt:
        assert self.curriculum is not None
        return self.session.prompt(self.curriculum.next())
