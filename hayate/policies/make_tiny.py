"""Make the shipped tiny model: `python -m hayate.policies.make_tiny --out DIR [--seed 0]`.

    built-in tasks -> corpus of variants -> tokenizer -> training -> DIR/{config.json, model.safetensors, ...}
                                                                     DIR/card.json: what it was made from

It is made from the tasks' variants and the prompts' text; when either changes, make it again. Killed, it goes
on where it was when the same command is given again: its state lies in `DIR.partial` until it is done.

The same seed gives the same weights for the same task folders, prompts, options (`--threads` too), versions
of torch and tokenizers, and kind of CPU. Elsewhere sums round differently: as good a model, but other bits.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, get_args

from hayate.errors import Fault, WrongUse
from hayate.policies.huggingface import HuggingFacePolicy, load
from hayate.policies.settings import PolicySettings
from hayate.policies.tiny_corpus import TinyExample, builtin_examples
from hayate.policies.tiny_settings import PromptTokens, TinySettings, TrainingSettings
from hayate.records import content_hash

MOST_BYTES = 8_000_000  # of what is shipped


def make(
    examples: list[TinyExample],
    out: Path,
    settings: TinySettings | None = None,
    made_with: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train on `examples`, write the model to `out`, return its card. Progress goes to stderr.

    Continues what lies in `out`.partial if it was begun with the same settings and corpus, else begins anew.
    """
    from hayate.policies.tiny_model import new_model
    from hayate.policies.tiny_tokenizer import train_tokenizer
    from hayate.policies.tiny_training import train

    settings = settings or TinySettings()
    if not examples:
        raise WrongUse("the corpus is empty", where="make_tiny")
    started = time.monotonic()
    corpus_hash = content_hash(*(part for e in examples for part in (e.prompt.text, e.source)))
    identity = {"settings": settings.model_dump(mode="json"), "corpus_hash": corpus_hash}
    work = out.with_name(out.name + ".partial")
    _prepare(work, identity)

    prompts = list(dict.fromkeys(e.prompt.text for e in examples))
    tokenizer = train_tokenizer(
        prompts,
        list(dict.fromkeys(e.source for e in examples)),
        settings.vocabulary,
        settings.longest_token,
        settings.prompt_tokens,
    )
    model = new_model(settings.shape, tokenizer, settings.training.seed)
    policy = HuggingFacePolicy("tiny", model, tokenizer, PolicySettings(device="cpu"))
    prompt_ids = {p: tokenizer(p)["input_ids"] for p in prompts}
    pairs = [
        (prompt_ids[e.prompt.text], tokenizer(policy.completion_for_trl(e.source))["input_ids"])
        for e in examples
    ]
    lengths = sorted(len(p) + len(c) for p, c in pairs)
    if lengths[-1] > settings.shape.positions:
        raise WrongUse(f"an example has {lengths[-1]} tokens", allowed=f"at most {settings.shape.positions}")
    parameters = sum(p.numel() for p in model.parameters())
    _say(
        f"{len(examples)} examples, {len(prompts)} prompts, median {lengths[len(lengths) // 2]} tokens; "
        f"{parameters:,} parameters; {settings.training.steps} steps of {settings.training.batch_size}"
    )
    losses = train(model, pairs, settings.training, work / "state.pt", on_progress=_Ticker().show)

    import tokenizers
    import torch
    import transformers

    fresh = work / "model"
    model.to(torch.bfloat16).save_pretrained(fresh)
    tokenizer.save_pretrained(fresh)
    card: dict[str, Any] = {
        "what": "A tiny policy that knows hayate's built-in tasks and nothing else",
        "made_by": "python -m hayate.policies.make_tiny",
        **(made_with or {}),
        "settings": identity["settings"],
        "corpus": {
            "examples": len(examples),
            "kernels": len({e.source for e in examples}),
            "prompts": len(prompts),
            "by_task": dict(Counter(e.prompt.assignment.task for e in examples)),
            "hash": corpus_hash,
        },
        "tokens": {
            "vocabulary": len(tokenizer),
            "prompt_mean": round(sum(len(p) for p, _ in pairs) / len(pairs), 1),
            "completion_mean": round(sum(len(c) for _, c in pairs) / len(pairs), 1),
            "completion_most": max(len(c) for _, c in pairs),
        },
        "parameters": parameters,
        "loss_first": round(losses[0], 5),
        "loss_last": round(sum(losses[-50:]) / len(losses[-50:]), 5),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        },
        "wall_s": round(time.monotonic() - started),
    }
    if settings.check_samples:
        card["samples"] = _check(fresh, examples, settings.check_samples, max(len(c) for _, c in pairs))
    (fresh / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    size = sum(f.stat().st_size for f in fresh.iterdir())
    if size > MOST_BYTES:
        raise WrongUse(f"the model takes {size:,} bytes", where=str(fresh), allowed=f"at most {MOST_BYTES:,}")
    if out.exists():
        shutil.rmtree(out)
    fresh.rename(out)
    shutil.rmtree(work)
    _say(f"{out}: {size:,} bytes, loss {card['loss_last']}")
    return card


def _check(folder: Path, examples: list[TinyExample], count: int, longest: int) -> dict[str, Any]:
    """Sample the model as it will be loaded; tells per task what compiles and what is a copy."""
    from hayate.policies.tiny_check import check_samples

    policy = load(PolicySettings(model=str(folder), device="cpu", max_new_tokens=longest + 64))
    try:
        return check_samples(policy, [(e.prompt, e.source) for e in examples], count)
    except Fault as fault:  # a missing compiler or sandbox must not cost half an hour of training
        _say(f"samples not checked: {fault}")
        return {"not_checked": str(fault)}


def _prepare(work: Path, identity: dict[str, Any]) -> None:
    """Keep the state in `work` only if it was begun with the same settings and corpus."""
    marker = work / "made_with.json"
    text = json.dumps(identity, indent=2)
    if work.exists() and (not marker.exists() or marker.read_text() != text):
        _say(f"{work} was begun with other settings or another corpus: beginning anew")
        shutil.rmtree(work)
    if not work.exists():
        work.mkdir(parents=True)
        marker.write_text(text)
    shutil.rmtree(work / "model", ignore_errors=True)


class _Ticker:
    """A progress line every ten seconds: step, loss, tokens a second, minutes left."""

    def __init__(self, every_s: float = 10.0) -> None:
        self._every_s = every_s
        self._last = 0.0

    def show(self, p: dict[str, float]) -> None:
        now = time.monotonic()
        if now - self._last < self._every_s and p["step"] < p["steps"]:
            return
        self._last = now
        _say(
            f"step {p['step']:.0f}/{p['steps']:.0f}  loss {p['loss']:.4f}  "
            f"{p['tokens_per_s']:,.0f} tokens/s  {p['left_s'] / 60:.1f} min left"
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    # Waiting threads that spin take the core from those they wait for: on a busy machine that costs a factor
    # of five. Read when torch is imported, which is later.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    defaults = TrainingSettings()
    parser = argparse.ArgumentParser(
        prog="python -m hayate.policies.make_tiny", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write; replaced at the end")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--batch-size", type=int, default=defaults.batch_size)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--per-task", type=int, default=4000, help="kernels of each task in the corpus")
    parser.add_argument(
        "--per-kernel", type=int, default=4, help="examples for each kernel of the corpus, itself included"
    )
    parser.add_argument(
        "--prompt-tokens", choices=get_args(PromptTokens), default=TinySettings().prompt_tokens
    )
    parser.add_argument("--vocabulary", type=int, default=TinySettings().vocabulary)
    parser.add_argument("--task", action="append", help="a built-in task; may be repeated; default: all")
    parser.add_argument("--samples", type=int, default=64, help="kernels sampled of each task at the end")
    a = parser.parse_args(argv)
    try:
        training = TrainingSettings(seed=a.seed, steps=a.steps, batch_size=a.batch_size, threads=a.threads)
        settings = TinySettings(
            training=training,
            vocabulary=a.vocabulary,
            prompt_tokens=a.prompt_tokens,
            check_samples=a.samples,
        )
        examples = builtin_examples(a.seed, a.per_task, a.per_kernel, a.task)
        asked = {"per_task": a.per_task, "per_kernel": a.per_kernel, "tasks": a.task or "all"}
        card = make(examples, a.out, settings, asked)
    except (Fault, WrongUse, ValueError) as error:
        _say(f"make_tiny: {error}")
        return 2
    print(json.dumps(card, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
