"""verl: a custom reward function, asynchronous for its reward loop (0.9), batched for older reward managers.

    reward.custom_reward_function.path=pkg://hayate.adapters.verl
    reward.custom_reward_function.name=compute_score
    +reward.custom_reward_function.reward_kwargs.url=http://farm:8177

The reward loop asks for each rollout as it ends, many at a time. verl has no word for "no reward": what met
the machine's trouble is judged again for `again_s`, then the Fault is raised; never 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hayate.adapters.client import Verdict, shared, speedup
from hayate.adapters.questions import Question
from hayate.errors import Fault
from hayate.records import Prompt, encode

DATA_SOURCE = "hayate"


def row(question: Question, prompt: Prompt, *, split: str = "train", index: int = 0) -> dict[str, Any]:
    """A row of the Parquet file. The question stands where other tasks have the right answer."""
    return {
        "data_source": DATA_SOURCE,
        "prompt": prompt.messages,
        "ability": "code",
        "reward_model": {"style": "rule", "ground_truth": encode(question)},
        "extra_info": {"split": split, "index": index, "task": question.task},
    }


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Any = None,
    *,
    url: str,
    token_env: str = "HAYATE_TOKEN",
    patience_s: float = 600.0,
    again_s: float = 600.0,
    **_: Any,
) -> dict[str, float]:
    """One rollout's `score` (the server's reward), with `acc` (1 if accepted) and `speedup` for the logs.

    Settings as Client. Raises Fault when the machine's trouble outlasts them, and WrongUse.
    """
    (found,) = await _scores([solution_str], [ground_truth], url, token_env, patience_s, again_s)
    return found


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: Any = None,
    *,
    url: str,
    token_env: str = "HAYATE_TOKEN",
    patience_s: float = 600.0,
    again_s: float = 600.0,
    **_: Any,
) -> list[dict[str, float]]:
    """A whole batch at once, for the reward manager `batch` that verl's trainers had before the reward loop."""
    work = _scores(solution_strs, ground_truths, url, token_env, patience_s, again_s)
    with ThreadPoolExecutor(1) as pool:  # the caller's thread may have an event loop that runs
        return pool.submit(asyncio.run, work).result()


async def _scores(
    replies: Sequence[str],
    ground_truths: Sequence[str],
    url: str,
    token_env: str,
    patience_s: float,
    again_s: float,
) -> list[dict[str, float]]:
    client = shared(url, token_env, patience_s, again_s)
    found = await client.verdicts([Question.read(text) for text in ground_truths], replies)
    return [_score(verdict) for verdict in found]


def _score(verdict: Verdict | Fault) -> dict[str, float]:
    if isinstance(verdict, Fault):
        raise verdict
    return {
        "score": float(verdict["reward"]),
        "acc": float(verdict["outcome"] == "accepted"),
        "speedup": speedup(verdict) or 0.0,  # verl takes the mean of all rows: none may be left out
    }
