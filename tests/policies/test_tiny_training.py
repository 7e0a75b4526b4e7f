from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hayate.policies.muon import orthogonal
from hayate.policies.tiny_model import new_model
from hayate.policies.tiny_training import (
    Example,
    TrainingSettings,
    batch_of_step,
    completion_loss,
    train,
)

from .miniature import KERNELS, SMALLEST

SETTINGS = TrainingSettings(seed=3, steps=12, batch_size=4, warmup_steps=2, matrix_learning_rate=0.05)


def examples(tokenizer: Any) -> list[Example]:
    prompt = tokenizer("Write scale faster.\n")["input_ids"]
    return [(prompt, tokenizer(k)["input_ids"] + [tokenizer.eos_token_id]) for k in KERNELS]


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_the_loss_falls_and_the_same_seed_gives_the_same_bits(tokenizer: Any) -> None:
    runs = []
    for _ in range(2):
        model = new_model(SMALLEST, tokenizer, seed=3)
        runs.append((train(model, examples(tokenizer), SETTINGS), weights(model)))
    assert runs[0][0] == runs[1][0]
    assert equal(runs[0][1], runs[1][1])
    assert runs[0][0][-1] < runs[0][0][0] - 0.5


def test_killed_and_resumed_it_ends_in_the_same_weights(tokenizer: Any, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill_at_seven(progress: dict[str, float]) -> None:
        if progress["step"] == 7:
            raise KilledError

    straight = new_model(SMALLEST, tokenizer, seed=3)
    losses = train(straight, examples(tokenizer), SETTINGS)
    state = tmp_path / "state.pt"
    try:
        broken = new_model(SMALLEST, tokenizer, seed=3)
        train(broken, examples(tokenizer), SETTINGS, state, checkpoint_every_s=0, on_progress=kill_at_seven)
    except KilledError:
        pass
    resumed = new_model(SMALLEST, tokenizer, seed=99)  # its own weights must not matter
    seen: list[float] = []
    resumed_losses = train(
        resumed, examples(tokenizer), SETTINGS, state, on_progress=lambda p: seen.append(p["step"])
    )
    assert seen == [7, 8, 9, 10, 11, 12]  # the state of step 6 was saved
    assert resumed_losses == losses
    assert equal(weights(straight), weights(resumed))


def test_the_prompt_and_the_padding_carry_no_loss(tokenizer: Any) -> None:
    from hayate.policies.tiny_training import _pad

    model = new_model(SMALLEST, tokenizer, seed=0).eval()
    long, short = [5, 6, 7], [8, 9]
    alone = [completion_loss(model, *_pad([([1, 2], c)])) for c in (long, short)]
    together = completion_loss(model, *_pad([([1, 2], long), ([1, 2], short)]))
    assert torch.isclose(together, (3 * alone[0] + 2 * alone[1]) / 5, rtol=1e-5)


def test_every_epoch_shows_each_example_once(tokenizer: Any) -> None:
    data = examples(tokenizer)
    steps = len(data) // 4
    for epoch in (0, 1):
        batches = [batch_of_step(data, 7, epoch * steps + s, 4) for s in range(steps)]
        assert Counter(i for b in batches for i in b) == Counter(range(len(data)))
    assert batch_of_step(data, 7, 0, 4) != batch_of_step(data, 7, steps, 4)
    assert batch_of_step(data[:3], 7, 5, 4)  # fewer examples than a batch holds


def test_orthogonal_brings_the_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((3, 16, 40), (2, 40, 16), (1, 24, 24)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.shape == (shape[0], min(shape[1:]))
        assert 0.3 < float(values.min()) <= float(values.max()) < 1.3
        assert 0.7 < float(np.median(values.numpy())) < 1.2
