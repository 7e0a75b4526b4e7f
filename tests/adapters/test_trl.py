"""The reward function in TRL's own trainer: what becomes of rewards, of None, of a Fault."""

from __future__ import annotations

import asyncio
import math
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Server

pytest.importorskip("trl", reason="no TRL: pip install 'hayate[train]'")

import torch
import train_miniature
from datasets import Dataset
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from hayate.adapters import ask
from hayate.adapters.trl import KernelReward, row
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Outcome, encode
from hayate.rewards import FAILURES

GROUP = 8


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_miniature.make(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_miniature.make(tmp_path_factory.mktemp("plain"), chat=False)


def trainer(model: Path, out: Path, reward: KernelReward, replies: list[str], steps: int = 1) -> Any:
    """Whose model is real and whose replies are written, by TRL's own hook for that."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    conversational = bool(tokenizer.chat_template)

    def roll_out(prompts: list[Any], _: Any) -> dict[str, Any]:
        texts = [
            tokenizer.apply_chat_template(p, add_generation_prompt=True, tokenize=False)
            if conversational
            else p
            for p in prompts
        ]
        end = [tokenizer.eos_token_id]
        return {
            "prompt_ids": [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts],
            "completion_ids": [tokenizer(r, add_special_tokens=False)["input_ids"] + end for r in replies],
            "logprobs": None,
        }

    question, prompt = ask("dgemm", ["simd"])
    return GRPOTrainer(
        model=str(model),
        reward_funcs=reward,
        args=GRPOConfig(
            output_dir=str(out),
            max_steps=steps,
            num_generations=GROUP,
            per_device_train_batch_size=GROUP,
            learning_rate=1e-2,
            lr_scheduler_type="constant",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_list([row(question, prompt, conversational=conversational)] * 2),
        processing_class=tokenizer,
        rollout_func=roll_out,
    )


def fenced(source: str) -> str:
    return f"```c\n{source}\n```"


REPLIES = [
    *(fenced(f"int speed = {speed};") for speed in (1, 2, 4, 8, 0)),
    fenced("no good"),
    "I can't.",
    fenced("fault"),
]


def steps(trained: Any) -> Iterator[dict[str, Any]]:
    return (step for step in trained.state.log_history if "reward" in step)


def test_a_group_is_paid_and_a_fault_left_out(server: Server, chat: Path, tmp_path: Path) -> None:
    trained = trainer(chat, tmp_path, KernelReward(server.url, fault_share=0.2), REPLIES)
    trained.train()
    paid = list(trained._logs["rewards"]["KernelReward"])
    failures = FAILURES["scaled"]
    expected = [3 * math.log1p(speed) for speed in (1, 2, 4, 8)]
    expected += [failures[o] for o in (Outcome.WRONG, Outcome.BUILD_FAILED, Outcome.VIOLATION)]
    assert paid[:-1] == pytest.approx(expected, rel=0.05)  # ratios are rounded to the host's noise
    assert math.isnan(paid[-1])
    advantages = list(trained._logs["advantages"])
    assert advantages[-1] == 0
    assert sum(advantages) == pytest.approx(0, abs=1e-3)  # around the mean of those that were judged
    assert advantages[3] == max(advantages)
    (step,) = steps(trained)
    assert step["reward"] == pytest.approx(sum(paid[:-1]) / 7, rel=1e-3)
    assert step["kernels/faults"] == pytest.approx(1 / GROUP)
    assert step["kernels/accepted"] == pytest.approx(4 / 7)
    assert step["kernels/best_speedup"] == 8
    assert math.isfinite(step["grad_norm"])
    assert step["grad_norm"] > 0


def test_a_text_is_continued_where_there_is_no_chat_template(
    server: Server, plain: Path, tmp_path: Path
) -> None:
    replies = [f"int speed = {speed}; // plain\n```" for speed in range(1, 8)] + ["int speed = 9;"]
    trained = trainer(plain, tmp_path, KernelReward(server.url), replies)
    trained.train()
    paid = list(trained._logs["rewards"]["KernelReward"])
    assert paid[:-1] == sorted(paid[:-1])
    assert paid[0] > 0
    assert paid[-1] == FAILURES["scaled"][Outcome.VIOLATION]


def test_too_many_faults_end_the_training_with_the_cause(server: Server, chat: Path, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="scripted to fail") as told:
        trainer(chat, tmp_path, KernelReward(server.url), REPLIES).train()
    assert told.value.kind is FaultKind.TOO_MANY_FAULTS


def test_without_a_limit_nothing_but_faults_teaches_nothing(
    server: Server, chat: Path, tmp_path: Path
) -> None:
    """What TRL does by itself, and why there is a limit."""
    replies = [fenced(f"fault // {i}") for i in range(GROUP)]
    trained = trainer(chat, tmp_path, KernelReward(server.url, fault_share=1), replies, steps=2)
    before = {name: p.detach().clone() for name, p in trained.model.named_parameters()}
    trained.train()
    assert set(trained._logs["advantages"]) == {0.0}
    assert [step["reward"] for step in steps(trained)] == [None, None]
    assert all(torch.equal(p, before[name]) for name, p in trained.model.named_parameters())


def test_rows_of_another_kind_are_wrong_use(server: Server, chat: Path, tmp_path: Path) -> None:
    made = trainer(chat, tmp_path, KernelReward(server.url), REPLIES)
    made.train_dataset = made.train_dataset.remove_columns("question")
    with pytest.raises(WrongUse, match="no column 'question'"):
        made.train()


def test_it_travels_to_another_process(server: Server) -> None:
    """As AsyncGRPOTrainer needs it, whose rewards are a spawned child's work."""
    question, _ = ask("dgemm", ["simd"])
    reward = KernelReward(server.url, fault_share=0.3)
    replies: dict[str, Any] = {"completions": [fenced("int speed = 5;")], "question": [encode(question)]}
    here = asyncio.run(reward(**replies))
    there = pickle.loads(pickle.dumps(reward))
    assert there.fault_share == 0.3
    assert asyncio.run(there(**replies)) == here


@pytest.mark.slow
def test_the_example_trains_on_measured_speed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    hayate = Path(sys.executable).with_name("hayate")
    command = [str(hayate), "serve", "--bind", "127.0.0.1:0", "--archive", str(tmp_path / "archive.db")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as farm:
        try:
            assert farm.stderr is not None
            url = next(
                word for line in farm.stderr if "serving at" in line for word in line.split() if "://" in word
            )
            example = [sys.executable, str(root / "examples" / "trl_reward.py")]
            done = subprocess.run(
                [*example, "--url", url, "--steps", "2", "--out", str(tmp_path / "out")],
                capture_output=True,
                text=True,
                timeout=280,
            )
        finally:
            farm.terminate()
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("step ")]
    assert len(lines) == 2
    assert all("'kernels/accepted'" in line for line in lines)
