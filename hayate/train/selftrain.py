"""Phase 2: self-supervised, as CUDA-L1's second stage: speed is ignored, failures are dropped.

    each round: curriculum -> prompts -> policy samples -> evaluate -> accepted, distinct in object code
                -> kept.json -> SFTTrainer -> phases/selftrain/round-R/model -> the next round's policy

The archive counts a round's samples under the step at which its training begins. A round that was interrupted
before `kept.json` was there is sampled again with the same seed; what was measured is recalled, not measured
again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hayate.errors import Fault
from hayate.policies import HuggingFacePolicy
from hayate.records import Candidate, Outcome, Prompt, Verdict, decode, encode
from hayate.train.probe import ask
from hayate.train.runfile import PhaseName, SelftrainTable
from hayate.train.session import Session, Stopped
from hayate.train.sft import fine_tune
from hayate.train.state import write_whole

PHASE: PhaseName = "selftrain"


def selftrain(session: Session, model: str) -> Path:
    """All rounds, from `model`; the folder of the result. Raises Stopped and Fault."""
    table = session.run.phases.selftrain
    assert table is not None
    result = session.folder(PHASE) / "model"
    if not result.exists():
        for number in range(table.rounds):
            folder = session.folder(PHASE) / f"round-{number}"
            if not (folder / "model").exists():
                _round(session, table, model, number, folder)
            model = str(folder / "model")
        session.dispatch.wait()
        if session.dispatch.is_main:
            Path(model).rename(result)
        session.dispatch.wait()
    return result


def _round(session: Session, table: SelftrainTable, model: str, number: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    policy = session.policy(model)
    first_step = number * (table.steps + 1)  # the round's samples, then its training steps
    kept = folder / "kept.json"
    if session.dispatch.is_main and not kept.exists():
        session.abandon(PHASE, first_step)
        session.progress.say(
            f"round {number + 1} of {table.rounds}: sampling {table.groups * table.samples} replies"
        )
        _sample(session, policy, table, number, kept)
    session.dispatch.wait()
    if session.dispatch.from_main(lambda: session.interrupt.asked):
        raise Stopped
    pairs = [(decode(Prompt, json.dumps(p)), source) for p, source in json.loads(kept.read_text())["pairs"]]
    if not pairs:
        session.progress.say(f"round {number + 1}: nothing was accepted, the policy stays as it is")
        if session.dispatch.is_main:
            policy.model.save_pretrained(folder / "model.partial")
            policy.tokenizer.save_pretrained(folder / "model.partial")
            (folder / "model.partial").rename(folder / "model")
        session.dispatch.wait()
        return
    session.progress.step(first_step + 1, {})
    fine_tune(session, policy, PHASE, table, pairs, folder, first_step=first_step + 1)


def _sample(
    session: Session, policy: HuggingFacePolicy, table: SelftrainTable, number: int, kept: Path
) -> None:
    state = kept.with_name("curriculum.json")
    curriculum = session.curriculum()
    before = kept.parent.with_name(f"round-{number - 1}") / state.name
    if before.exists():
        curriculum.load_state(json.loads(before.read_text()))
    prompts = [session.prompt(curriculum.next()) for _ in range(table.groups)]
    step = number * (table.steps + 1)
    seed = session.run.run.seed + 1000 * (number + 1)
    candidates = ask(session, policy, prompts, table.samples, PHASE, step=step, seed=seed)
    results = session.evaluate(candidates)
    for group, prompt in enumerate(prompts):
        own = results[group * table.samples : (group + 1) * table.samples]
        curriculum.observe(prompt.assignment, [r if isinstance(r, Verdict) else None for r in own])
        session.progress.group(own)
    write_whole(state, json.dumps(curriculum.state()))
    by_hash = {prompt.hash: prompt for prompt in prompts}
    pairs = [
        (json.loads(encode(by_hash[c.origin.prompt_hash])), c.source) for c in distinct(candidates, results)
    ]
    write_whole(kept, json.dumps({"pairs": pairs}))


def distinct(candidates: Sequence[Candidate], results: Sequence[Verdict | Fault]) -> list[Candidate]:
    """The accepted, one for each object code and permitted set: copies would weigh more than their worth.

    What was only guessed to be right is no solution to learn from.
    """
    seen = set()
    kept = []
    for candidate, result in zip(candidates, results, strict=True):
        if isinstance(result, Verdict) and result.outcome is Outcome.ACCEPTED and not result.guess:
            key = (candidate.task, candidate.permitted, result.object_hash or candidate.hash)
            if key not in seen:
                seen.add(key)
                kept.append(candidate)
    return kept
