"""verl's own reward loop, without a model: known kernels as replies, judged by a served farm.

    pip install 'hayate[client]' verl
    hayate serve &
    python examples/verl_reward.py --out out/verl                    # Parquet files, and the rewards of some replies

`examples/verl_grpo.sh` trains on the files that this writes.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import torch
import verl
from hydra import compose, initialize_config_dir
from tensordict import TensorDict
from transformers import PreTrainedTokenizerBase
from verl.experimental.reward_loop import RewardLoopWorker
from verl.protocol import DataProto

from hayate import tasks
from hayate.adapters import ask
from hayate.adapters.verl import row
from hayate.policies import TINY_FOLDER

CONFIG = Path(verl.__file__).parent / "trainer" / "config"


def config(url: str, tokenizer: str, *more: str) -> Any:
    """verl's settings with the lines that name the reward function, as a training's command line has them."""
    with initialize_config_dir(str(CONFIG), version_base=None):
        return compose(
            "ppo_trainer",
            [
                f"actor_rollout_ref.model.path={tokenizer}",
                "reward.num_workers=1",
                "reward.custom_reward_function.path=pkg://hayate.adapters.verl",
                "reward.custom_reward_function.name=compute_score",
                f"+reward.custom_reward_function.reward_kwargs.url={url}",
                *more,
            ],
        )


def batch(tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]], replies: list[str]) -> DataProto:
    """What verl's rollout hands to its reward loop. Shapes: rows x 1 and rows x longest reply, in tokens."""
    ids = [torch.tensor(tokenizer.encode(reply)) for reply in replies]
    responses = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
    there = torch.nn.utils.rnn.pad_sequence([torch.ones_like(i) for i in ids], batch_first=True)
    prompts = torch.ones(len(rows), 1, dtype=torch.int64)
    tensors = {
        "prompts": prompts,
        "responses": responses,
        "attention_mask": torch.cat([prompts, there], dim=1),
    }
    names = ("data_source", "reward_model", "extra_info")
    return DataProto(
        batch=TensorDict(tensors, batch_size=len(rows)),
        non_tensor_batch={name: np.array([one[name] for one in rows], dtype=object) for name in names},
    )


async def scores(
    url: str, rows: list[dict[str, Any]], replies: list[str], *more: str
) -> list[dict[str, Any]]:
    """`reward_score` and `reward_extra_info` of each reply, from verl's reward loop."""
    worker = RewardLoopWorker(config(url, str(TINY_FOLDER), *more))
    return await worker.compute_score_batch(batch(worker.input_tokenizer, rows, replies))


def main(given: list[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8177")
    parser.add_argument("--task", default="dgemm")
    parser.add_argument("--replies", type=int, default=3, help="kernels to have judged")
    parser.add_argument("--out", type=Path, default=Path("out/verl"))
    options = parser.parse_args(given)

    options.out.mkdir(parents=True, exist_ok=True)
    known = tasks.find(options.task)
    sets = [["simd"], ["simd", "alloc", "packing"], None]
    for split in ("train", "test"):
        rows = [row(*ask(options.task, chosen), split=split, index=i) for i, chosen in enumerate(sets)]
        pandas.DataFrame(rows).to_parquet(options.out / f"{split}.parquet")

    sources = [s.text for s in (known.reference, *known.yardsticks)][: options.replies]
    replies = [*(f"```c\n{text.strip()}\n```" for text in sources), "I can't."]
    asked = row(*ask(options.task))
    found = asyncio.run(scores(options.url, [asked] * len(replies), replies))
    for one in found:
        print(one)
    return found


if __name__ == "__main__":
    main()
