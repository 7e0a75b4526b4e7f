"""The training loop of the tiny model: next-token loss on completions, resumable, the same bits from a seed.

    examples (prompt, completion) -> token ids -> batches of like length -> loss -> Muon + AdamW -> checkpoint

The order of the batches depends on seed and step alone, and the network has no dropout; so a run that was
killed and resumed ends in the same weights as one that was not. They also depend on what the sums depend on:
torch's version, the number of threads, the CPU's instruction set.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hayate.policies.muon import Muon
from hayate.policies.tiny_settings import TrainingSettings

Example = tuple[list[int], list[int]]  # token ids of prompt and completion
Progress = Callable[[dict[str, float]], None]


def train(
    model: Any,
    examples: Sequence[Example],
    settings: TrainingSettings,
    checkpoint: Path | None = None,
    checkpoint_every_s: float = 120.0,
    on_progress: Progress | None = None,
) -> list[float]:
    """Train `model` in place; returns the loss of each step (nats per token of the completions).

    With `checkpoint` the state is saved there now and then, and a state found there is continued.
    `on_progress` gets step, steps, loss (smoothed), tokens_per_s, left_s after each step.
    """
    torch.set_num_threads(settings.threads)
    optimisers = _optimisers(model, settings)
    losses: list[float] = []
    if checkpoint and checkpoint.exists():
        losses = _restore(checkpoint, model, optimisers)
    model.train()
    started, first, tokens, saved = time.monotonic(), len(losses), 0, time.monotonic()
    for step in range(len(losses), settings.steps):
        batch = batch_of_step(examples, settings.seed, step, settings.batch_size)
        ids, targets = _pad([examples[i] for i in batch])
        scale = _schedule(step, settings)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = scale * group["peak_lr"]
        loss = completion_loss(model, ids, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_norm)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        losses.append(float(loss.detach()))
        tokens += ids.numel()
        now = time.monotonic()
        if on_progress:
            done = len(losses) - first
            on_progress(
                {
                    "step": len(losses),
                    "steps": settings.steps,
                    "loss": float(np.mean(losses[-50:])),
                    "tokens_per_s": tokens / (now - started),
                    "left_s": (settings.steps - len(losses)) * (now - started) / done,
                }
            )
        if checkpoint and now - saved > checkpoint_every_s:
            _save(checkpoint, model, optimisers, losses)
            saved = now
    if checkpoint:
        _save(checkpoint, model, optimisers, losses)
    model.eval()
    return losses


def completion_loss(model: Any, ids: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over the targets that aren't -100; logits are made for those positions only."""
    # Padding is on the right: under a causal mask it can't reach what is before it, so none is masked.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    kept = targets != -100
    logits = model.lm_head(hidden[kept])
    return torch.nn.functional.cross_entropy(logits.float(), targets[kept])


def batch_of_step(examples: Sequence[Example], seed: int, step: int, size: int) -> list[int]:
    """Indices of a step's examples: an epoch in random order, sorted by length within 16 batches."""
    per_epoch = max(1, len(examples) // size)
    epoch, place = divmod(step, per_epoch)
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(examples))
    window = 16 * size
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window].tolist(), key=lambda i: sum(map(len, examples[i])))
        batches += [part[k : k + size] for k in range(0, len(part), size)]
    batches = [b for b in batches if len(b) == size] or batches
    return batches[int(rng.permutation(len(batches))[place % len(batches)])]


def _pad(examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (batch, longest - 1) each; a target is -100 in the prompt and in the padding."""
    width = max(len(p) + len(c) for p, c in examples) - 1
    ids = torch.zeros(len(examples), width, dtype=torch.long)
    targets = torch.full((len(examples), width), -100, dtype=torch.long)
    for row, (prompt, completion) in enumerate(examples):
        both = torch.tensor(prompt + completion)
        ids[row, : len(both) - 1] = both[:-1]
        targets[row, len(prompt) - 1 : len(both) - 1] = both[len(prompt) :]
    return ids, targets


def _optimisers(model: Any, settings: TrainingSettings) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = Muon(matrices, lr=settings.matrix_learning_rate, weight_decay=settings.weight_decay)
    adam = torch.optim.AdamW(rest, lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    for optimiser, peak in ((muon, settings.matrix_learning_rate), (adam, settings.learning_rate)):
        for group in optimiser.param_groups:
            group["peak_lr"] = peak
    return [muon, adam]


def _schedule(step: int, settings: TrainingSettings) -> float:
    """Factor of the learning rate: linear warm-up, then a cosine down to `final_fraction`."""
    warmup = min(settings.warmup_steps, settings.steps // 2)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1, settings.steps - warmup)
    return settings.final_fraction + (1 - settings.final_fraction) * 0.5 * (1 + math.cos(math.pi * progress))


def _save(path: Path, model: Any, optimisers: list[torch.optim.Optimizer], losses: list[float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "model": model.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "losses": losses,
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)  # a kill leaves the old state or the new one, never half of one


def _restore(path: Path, model: Any, optimisers: list[torch.optim.Optimizer]) -> list[float]:
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    return list(state["losses"])
