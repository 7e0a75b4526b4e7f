"""TRL: an asynchronous reward function for GRPOTrainer, RLOOTrainer and AsyncGRPOTrainer (1.16).

    GRPOTrainer(model, reward_funcs=KernelReward("http://farm:8177"), train_dataset=Dataset.from_list(rows))

A group goes to the farm at once. A fault's reward is None, which TRL leaves out of the group's baseline and
gives no advantage. If all of a batch were None, TRL would log a warning and go on with steps that teach
nothing: `fault_share` ends that with the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hayate.adapters.client import Client, rewards, speedup
from hayate.adapters.questions import Question
from hayate.errors import Fault, WrongUse
from hayate.records import Prompt, encode

Completion = str | Sequence[Mapping[str, Any]]


def row(question: Question, prompt: Prompt, *, conversational: bool = True) -> dict[str, Any]:
    """A row of the data set: a conversation, or for a model without chat template a text to be continued."""
    return {"prompt": prompt.messages if conversational else prompt.text, "question": encode(question)}


class KernelReward:
    """Rows are made by `row`. It can be pickled, as AsyncGRPOTrainer asks."""

    def __init__(self, farm: Client | str, *, fault_share: float = 0.1) -> None:
        """`farm`: its address, or a Client with settings of its own. With other reward functions beside this
        one, `fault_share` must be 0: TRL sums what is not None, so that a fault would count as 0. Raises WrongUse.
        """
        self.client = Client(farm) if isinstance(farm, str) else farm
        self.fault_share = fault_share

    async def __call__(
        self,
        *,
        completions: Sequence[Completion],
        question: Sequence[str] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        """One reward for each completion of this process.

        Raises Fault(TOO_MANY_FAULTS) when more than `fault_share` of them met the machine's trouble, and
        WrongUse for rows of another kind.
        """
        if question is None:
            raise WrongUse("the data set has no column 'question'", allowed="rows of hayate.adapters.trl.row")
        found = await self.client.verdicts(
            [Question.read(text) for text in question], [_text(completion) for completion in completions]
        )
        paid = rewards(found, self.fault_share)
        if log_metric is not None:
            for name, value in _metrics(found).items():
                log_metric(name, value)
        return paid


def _text(completion: Completion) -> str:
    """What the model said last."""
    return completion if isinstance(completion, str) else str(completion[-1].get("content") or "")


def _metrics(found: Sequence[dict[str, Any] | Fault]) -> dict[str, float]:
    verdicts = [v for v in found if not isinstance(v, Fault)]
    speeds = [s for s in map(speedup, verdicts) if s is not None]
    share = {"kernels/faults": 1 - len(verdicts) / len(found)}
    if verdicts:
        share["kernels/accepted"] = sum(v["outcome"] == "accepted" for v in verdicts) / len(verdicts)
    return {**share, **({"kernels/best_speedup": max(speeds)} if speeds else {})}
