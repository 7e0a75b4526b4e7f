"""The tiny model's tokenizer: byte-level BPE that merges within a line, with the digits of numbers apart.

Constant lines of a template become a few tokens, so kernels are short; digits stay apart, so the policy can
write a block size that no kernel of the corpus has; any text, ASCII or not, is encoded without loss. The
prompts' prose is one token a line, or one a constant passage: merged pair by pair it would fill the vocabulary.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hayate.policies.tiny_settings import PromptTokens

# A 0 by itself is no tuning parameter ("int i = 0;") and may merge; any other digit stands alone.
DIGIT = r"[1-9]|(?<=[0-9])0|0(?=[0-9])"
_PASSAGE = re.compile(r"(?:[^\n]+\n)+\n*")
_FENCED = re.compile(r"^```c\n(.*?)^```", re.MULTILINE | re.DOTALL)
END = "<|end|>"
PAD = "<|pad|>"


def train_tokenizer(
    prompts: Sequence[str],
    completions: Sequence[str],
    vocabulary: int,
    longest: int = 32,
    prompt_tokens: PromptTokens = "lines",
) -> Any:
    """A `PreTrainedTokenizerFast` over distinct prompts and their completions; deterministic.

    `vocabulary` is the most tokens: 256 bytes, 2 special ones, the prompts' lines, merges. `longest` is the
    most characters of a merged token: longer ones would make whole statements unchangeable. `prompt_tokens`:
    "lines" keeps the reference in a prompt as code, and bears an edited line; "passages" makes prompts a third
    as long or less, reference included, but an edited passage is then unknown to the model.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    lines, code = _split_prompts(prompts, prompt_tokens)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("\n", behavior="merged_with_previous"),
            pre_tokenizers.Split(Regex(DIGIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(lines),
        min_frequency=2,
        max_token_length=longest,
        special_tokens=[END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # The reference stands in every prompt but is one text: a few repetitions, or it would rule the merges.
    tokenizer.train_from_iterator([*completions, *code * max(1, len(completions) // 200)], trainer)
    tokenizer.add_tokens([AddedToken(line, normalized=False) for line in lines])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )


def _split_prompts(prompts: Sequence[str], kind: PromptTokens) -> tuple[list[str], list[str]]:
    """Texts of the distinct prompts that are worth a token; the distinct lines of their code.

    A passage is what stands between empty lines, with those after it. One that a tenth of the prompts share is
    constant (of one task, at least); of the others each line counts.
    """
    code: dict[str, None] = {}
    for prompt in prompts:
        for block in _FENCED.findall(prompt):
            code |= dict.fromkeys(block.splitlines(keepends=True))
    constant: list[str] = []
    rest = list(prompts)
    if kind == "passages":
        passages = Counter(passage for prompt in prompts for passage in _PASSAGE.findall(prompt))
        constant = [p for p, count in passages.items() if 10 * count >= len(prompts)]
        rest = [p for p in passages if p not in constant]
    lines = dict.fromkeys(line for text in rest for line in text.splitlines(keepends=True))
    worth = [line for line in lines if len(line) > 6 and line not in code and not line.startswith("```")]
    return ["```c\n", "```", *constant, *worth], list(code)
