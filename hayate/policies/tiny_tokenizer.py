"""The tiny model's tokenizer: byte-level BPE that merges within a line, with the digits of numbers apart.

Constant lines of a template become a few tokens, so kernels are short; digits stay apart, so the policy can
write a block size that no kernel of the corpus has; any text, ASCII or not, is encoded without loss. The
prompts' own lines (rules, techniques) are one token each: merged pair by pair they would fill the vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

# A 0 by itself is no tuning parameter ("int i = 0;") and may merge; any other digit stands alone.
DIGIT = r"[1-9]|(?<=[0-9])0|0(?=[0-9])"
END = "<|end|>"
PAD = "<|pad|>"


def train_tokenizer(
    prompts: Iterable[str], completions: Sequence[str], vocabulary: int = 1536, longest: int = 32
) -> Any:
    """A `PreTrainedTokenizerFast` over distinct prompts and their completions; deterministic.

    `vocabulary` is the most tokens: 256 bytes, 2 special ones, the prompts' lines, merges. `longest` is the
    most characters of a merged token: longer ones would make whole statements unchangeable.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    lines, code = _split_prompts(prompts)
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


def _split_prompts(prompts: Iterable[str]) -> tuple[list[str], list[str]]:
    """The distinct lines of the prompts' prose that are worth a token; the distinct lines of code."""
    prose: Counter[str] = Counter()
    code: Counter[str] = Counter()
    for prompt in prompts:
        fenced = False
        for line in prompt.splitlines(keepends=True):
            if line.startswith("```"):
                fenced = not fenced
            else:
                (code if fenced else prose)[line] += 1
    fences = ["```c\n", "```"]
    return fences + [line for line in prose if len(line) > 6 and line not in code], list(code)
