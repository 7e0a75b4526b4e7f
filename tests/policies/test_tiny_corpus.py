from __future__ import annotations

import random

import pytest

from hayate import tasks
from hayate.augment import corpus
from hayate.policies.tiny_corpus import builtin_examples, draw_set
from hayate.policies.tiny_tokenizer import train_tokenizer
from hayate.records import WITHHOLDABLE, Technique

from .miniature import KERNELS


def test_drawn_sets_have_every_size_and_never_threads() -> None:
    task = tasks.builtin("dgemm")
    rng = random.Random(0)
    drawn = [draw_set(task, rng) for _ in range(300)]
    assert {len(permitted) for permitted in drawn} == set(range(1, len(task.techniques)))
    for permitted in drawn:
        assert Technique.THREADS not in permitted
        assert list(permitted) == [t for t in task.techniques if t in permitted]


@pytest.mark.parametrize("name", ["dgemm", "jacobi2d"])
def test_what_follows_the_corpus_is_right_under_its_prompt(name: str) -> None:
    task = tasks.builtin(name)
    once = builtin_examples(0, per_task=60, per_kernel=1, names=[name])
    thrice = builtin_examples(0, per_task=60, per_kernel=3, names=[name])
    assert thrice[:60] == once
    assert len(thrice) == 180
    assert builtin_examples(0, per_task=60, per_kernel=3, names=[name]) == thrice
    uses = {item.source: set(item.techniques) for item in corpus([task], seed=0, per_task=60)}
    sets = [(set(e.prompt.assignment.permitted), uses[e.source]) for e in thrice]
    assert all(used & WITHHOLDABLE <= permitted for permitted, used in sets)
    assert any(not used <= permitted for permitted, used in sets)  # a suggestion is not a need
    needed = len(set(task.reference.techniques) & WITHHOLDABLE)
    assert sum(len(permitted) <= needed + 2 for permitted, _ in sets[60:]) > 10


def test_constant_passages_of_the_prompts_can_be_one_token_each() -> None:
    head = "Write scale faster.\n\nReference:\n```c\nint x;\n```\n\n"
    prompts = [f"{head}Permitted techniques:\n- technique {i}: one\n\nAnswer.\n```c\n" for i in range(20)]
    passages = train_tokenizer(prompts, KERNELS, vocabulary=420, prompt_tokens="passages")
    lines = train_tokenizer(prompts, KERNELS, vocabulary=420, prompt_tokens="lines")
    assert len(passages(head)["input_ids"]) == 2
    assert len(passages(prompts[3])["input_ids"]) < len(lines(prompts[3])["input_ids"])
    for tokenizer in (passages, lines):
        for text in prompts:
            assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
