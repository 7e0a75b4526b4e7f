"""GRPO with TRL's own trainer; kernels are judged by a served farm.

    pip install 'hayate[train,client]'
    hayate serve &                                                   # on the machine that measures
    python examples/trl_reward.py --model tiny --steps 3             # any causal model of the hub, or a folder

The tiny model that hayate ships knows the built-in tasks and needs no GPU.
"""

from __future__ import annotations

import argparse

import torch
from datasets import Dataset
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from hayate.adapters import ask
from hayate.adapters.trl import KernelReward, row
from hayate.policies import TINY_FOLDER


def main(given: list[str] | None = None) -> GRPOTrainer:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8177")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--task", default="dgemm")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--group", type=int, default=8, help="replies to a prompt")
    parser.add_argument("--max-new-tokens", type=int, default=400)
    parser.add_argument("--out", default="out/trl")
    options = parser.parse_args(given)

    model = str(TINY_FOLDER) if options.model == "tiny" else options.model
    tokenizer = AutoTokenizer.from_pretrained(model)
    # One question for each permitted set; a curriculum of your own would choose among them.
    asked = [ask(options.task, permitted) for permitted in (["simd"], ["simd", "alloc", "packing"])]
    rows = [row(q, prompt, conversational=bool(tokenizer.chat_template)) for q, prompt in asked]
    on_cpu = not torch.cuda.is_available()
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=KernelReward(options.url),
        args=GRPOConfig(
            output_dir=options.out,
            max_steps=options.steps,
            num_generations=options.group,
            per_device_train_batch_size=options.group,
            max_completion_length=options.max_new_tokens,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=on_cpu,
            bf16=not on_cpu,
            gradient_checkpointing=not on_cpu,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    trainer.train()
    for step in trainer.state.log_history:
        if "reward" in step:
            shown = {
                name: round(value, 3)
                for name, value in step.items()
                if name.startswith(("reward", "kernels")) and value is not None
            }
            print(f"step {step['step']}: {shown}")
    return trainer


if __name__ == "__main__":
    main()
