"""The reward function in verl's own reward loop, loaded by verl from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from served import Server

# Not in the pinned set: verl 0.9 needs an older transformers than this hayate trains with.
pytest.importorskip(
    "verl", reason="no verl: pip install verl, in an environment of its own (docs/adapters.md)"
)

import numpy as np
import ray
import verl_reward
from transformers import AutoTokenizer
from verl.experimental.reward_loop import RewardLoopManager
from verl.workers.reward_manager import BatchRewardManager

from hayate.adapters import ask
from hayate.adapters.verl import compute_score, compute_scores, row
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies import TINY_FOLDER
from hayate.records import Outcome
from hayate.rewards import FAILURES

AT_ONCE = "+reward.custom_reward_function.reward_kwargs.again_s=0"


def fenced(source: str) -> str:
    return f"```c\n{source}\n```"


REPLIES = [fenced("int speed = 6; // verl"), fenced("int speed = 0; // verl"), "no", fenced("int speed = 2;")]
ROWS = [row(*ask("dgemm", ["simd"]), index=i) for i in range(4)]


def test_the_reward_loop_pays_the_servers_rewards(server: Server) -> None:
    found = asyncio.run(verl_reward.scores(server.url, ROWS, REPLIES))
    scores = [one["reward_score"] for one in found]
    failures = FAILURES["scaled"]
    assert scores[1:3] == [failures[Outcome.WRONG], failures[Outcome.VIOLATION]]
    assert scores[0] > scores[3] > 0
    assert [one["reward_extra_info"]["acc"] for one in found] == [1, 0, 0, 1]
    assert [one["reward_extra_info"]["speedup"] for one in found] == [6, 0, 0, 2]


def test_a_fault_is_raised_and_never_paid(server: Server) -> None:
    with pytest.raises(Fault, match="scripted to fail") as told:
        asyncio.run(verl_reward.scores(server.url, ROWS[:1], [fenced("fault // verl")], AT_ONCE))
    assert told.value.kind is FaultKind.DISK_FULL


@pytest.fixture
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_in_rays_workers_as_in_a_training(server: Server, cluster: None) -> None:
    manager = RewardLoopManager(verl_reward.config(server.url, str(TINY_FOLDER), AT_ONCE))
    tokenizer = AutoTokenizer.from_pretrained(TINY_FOLDER)
    scored: Any = manager.compute_rm_score(verl_reward.batch(tokenizer, ROWS, REPLIES))
    rewards = scored.batch["rm_scores"].sum(dim=1).tolist()
    assert rewards[0] > rewards[3] > 0 > rewards[1] > rewards[2]
    assert list(scored.non_tensor_batch["acc"]) == [1, 0, 0, 1]
    with pytest.raises(Fault, match="scripted to fail"):  # ray raises the cause's own type
        manager.compute_rm_score(verl_reward.batch(tokenizer, ROWS[:1], [fenced("fault // ray")]))


def test_older_reward_managers_pay_a_batch_at_once(server: Server) -> None:
    tokenizer = AutoTokenizer.from_pretrained(TINY_FOLDER)
    manager = BatchRewardManager(tokenizer, 0, compute_scores, url=server.url)
    data = verl_reward.batch(tokenizer, ROWS, REPLIES)
    found = manager(data, return_dict=True)
    rewards = found["reward_tensor"].sum(dim=1).tolist()
    assert rewards[0] > rewards[3] > 0 > rewards[1] > rewards[2]
    assert found["reward_extra_info"]["speedup"] == [6, 0, 0, 2]

    async def inside_a_loop() -> list[dict[str, float]]:
        return compute_scores(
            np.array(["hayate"]), REPLIES[:1], [ROWS[0]["reward_model"]["ground_truth"]], url=server.url
        )

    assert asyncio.run(inside_a_loop())[0]["acc"] == 1


def test_rows_of_another_kind_are_wrong_use(server: Server) -> None:
    with pytest.raises(WrongUse, match="no question of hayate's"):
        asyncio.run(compute_score("openai/gsm8k", REPLIES[0], "42", {}, url=server.url))


def test_the_example_writes_what_verl_reads(server: Server, tmp_path: Any) -> None:
    found = verl_reward.main(["--url", server.url, "--out", str(tmp_path), "--replies", "1"])
    assert len(found) == 2
    import pandas

    read = pandas.read_parquet(tmp_path / "train.parquet")
    assert [message["role"] for message in read["prompt"][0]] == ["system", "user"]
    assert read["data_source"][0] == "hayate"
    again = asyncio.run(
        compute_score("hayate", REPLIES[0], read["reward_model"][0]["ground_truth"], url=server.url)
    )
    assert again["speedup"] == 6
