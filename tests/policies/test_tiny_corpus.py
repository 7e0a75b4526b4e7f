from __future__ import annotations

import random

from hayate import tasks
from hayate.policies.tiny_corpus import builtin_examples, redraw
from hayate.policies.tiny_tokenizer import train_tokenizer
from hayate.records import WITHHOLDABLE, Technique

from .miniature import KERNELS


def test_a_redrawn_set_permits_what_the_kernel_uses_and_never_adds_threads() -> None:
    task = tasks.builtin("dgemm")
    used = {Technique.SIMD, Technique.ALLOC, Technique.PACKING}
    drawn = {redraw(task, used, random.Random(seed)) for seed in range(200)}
    assert len(drawn) > 20
    for permitted in drawn:
        assert used & WITHHOLDABLE <= set(permitted)
        assert Technique.THREADS not in permitted
        assert list(permitted) == [t for t in task.techniques if t in permitted]
    assert any(Technique.PACKING not in permitted for permitted in drawn)  # a suggestion, not a need
    assert (Technique.SIMD, Technique.ALLOC) in {tuple(t for t in p if t in used) for p in drawn}


def test_each_kernel_stands_under_as_many_prompts_as_asked_for_the_corpus_own_first() -> None:
    once = builtin_examples(0, per_task=5, prompts_per_kernel=1, names=["dgemm"])
    thrice = builtin_examples(0, per_task=5, prompts_per_kernel=3, names=["dgemm"])
    assert thrice[::3] == once
    assert [e.source for e in thrice] == [e.source for e in once for _ in range(3)]
    assert len({e.prompt.hash for e in thrice}) > len({e.prompt.hash for e in once})
    assert builtin_examples(0, per_task=5, prompts_per_kernel=3, names=["dgemm"]) == thrice


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
