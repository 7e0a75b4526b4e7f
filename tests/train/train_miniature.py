"""A randomly initialised miniature of Qwen2.5-Coder's architecture, with a chat template like Qwen's.

It answers a prompt with one line, `int speed = D;`, whose digit is the speed that the scripted farm finds.
"""

from __future__ import annotations

import random
from pathlib import Path

from hayate import tasks
from hayate.curriculum import Curriculum, CurriculumSettings
from hayate.prompts import render
from hayate.records import Prompt

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def source(speed: int, salt: int = 0) -> str:
    """What the scripted farm reads: 0 is wrong, 1-9 are times the reference."""
    return f"int speed = {speed};\nint salt = {salt};\n"


def prompts(count: int = 8) -> list[Prompt]:
    task = tasks.find("dgemm")
    curriculum = Curriculum({"dgemm": task}, CurriculumSettings(staging="random"))
    return [render("staged", task, curriculum.next()) for _ in range(count)]


def pairs(count: int, seed: int = 0, speeds: range = range(1, 9)) -> list[tuple[Prompt, str]]:
    """A corpus: every speed equally often."""
    rng = random.Random(seed)
    known = prompts()
    return [(rng.choice(known), source(rng.choice(speeds), rng.randrange(10))) for _ in range(count)]


def make(folder: Path, *, chat: bool = True, hidden: int = 64, seed: int = 0) -> Path:
    """A tokenizer and random weights in `folder`, as save_pretrained leaves them."""
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d|[^\d\n]+|\n"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bare.decoder = decoders.ByteLevel()
    bare.train_from_iterator(
        [f"system\nuser\nassistant\n```c\n{source(s, s)}```" for s in range(10)] * 10,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    # A prompt's lines are one token each, so that prompts are short.
    lines = {line for p in prompts() for line in f"{p.system}\n{p.user}".split("\n") if len(line) > 3}
    bare.add_tokens(sorted(lines))
    end = "<|im_end|>" if chat else "<|endoftext|>"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, eos_token=end, pad_token="<|endoftext|>")
    if not chat:
        tokenizer.add_special_tokens({"pad_token": "<|im_start|>"})
    tokenizer.chat_template = TEMPLATE if chat else None
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            tie_word_embeddings=True,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
