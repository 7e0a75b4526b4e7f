from __future__ import annotations

import string
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hayate.policies import PolicySettings, load
from hayate.policies.tiny_tokenizer import END, PAD, train_tokenizer

from .miniature import KERNELS

ASCII = st.text(alphabet=string.printable, max_size=200)
SNIPPETS = st.lists(
    st.sampled_from([*KERNELS, "Write scale faster.\n", "```c\n", "```", "00", "10"]), max_size=3
)


def same(tokenizer: Any, text: str) -> bool:
    ids = tokenizer(text)["input_ids"]
    return bool(tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text)


@given(ASCII, SNIPPETS)
@settings(max_examples=200, deadline=None)
def test_any_text_is_encoded_without_loss(tokenizer: Any, text: str, snippets: list[str]) -> None:
    assert same(tokenizer, text)
    assert same(tokenizer, text.join(snippets))


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_text_beyond_ascii_is_too(tokenizer: Any, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert same(tokenizer, text)


def test_saved_and_loaded_it_is_the_same(tokenizer: Any, miniature: Path) -> None:
    again = load(PolicySettings(model=str(miniature), device="cpu")).tokenizer
    for text in [*KERNELS, "int a10 = 0x1F;\n\n\t/* -- */ 3.1400\n", " leading\n  and trailing  "]:
        assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
        assert same(again, text)


def test_digits_of_numbers_stand_alone_and_tokens_stay_within_a_line(tokenizer: Any) -> None:
    for token, index in tokenizer.get_vocab().items():
        if token in (END, PAD):
            continue
        text = tokenizer.decode([index])
        assert "\n" not in text[:-1]
        assert len(text) == 1 or not set(text) & set("123456789")
        assert "00" not in text


def test_no_merged_token_is_longer_than_the_limit() -> None:
    tokenizer = train_tokenizer([], KERNELS, vocabulary=600, longest=9)
    assert 4 < max(len(t) for t in tokenizer.get_vocab() if t not in (END, PAD)) <= 9


def test_constant_lines_take_few_tokens_and_lines_of_prompts_one(tokenizer: Any) -> None:
    assert len(tokenizer("Write scale faster.\n")["input_ids"]) == 1
    assert len(tokenizer(KERNELS[0])["input_ids"]) < len(KERNELS[0]) / 4


def test_it_is_deterministic() -> None:
    made = [train_tokenizer(["a b c d e f g\n"], KERNELS, vocabulary=450).get_vocab() for _ in range(2)]
    assert made[0] == made[1]
