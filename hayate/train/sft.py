"""Phase 1: supervised fine-tuning on variants of the tasks' templates. Held-out combinations stay out.

augment.corpus -> prompt and completion of each kernel -> SFTTrainer -> model, and some verdicts on it
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hayate.policies import HuggingFacePolicy
from hayate.records import Prompt
from hayate.train import trainers
from hayate.train.probe import check
from hayate.train.runfile import PhaseName, PhaseTable, RunFile
from hayate.train.session import Session
from hayate.train.trl_fields import require

PHASE: PhaseName = "sft"


def sft(session: Session, model: str) -> Path:
    """Train on the corpus from `model`; the folder of the result. Raises Stopped and Fault."""
    from hayate import augment

    table = session.run.phases.sft
    assert table is not None
    policy = session.policy(model)
    corpus = augment.corpus(
        list(session.tasks.values()),
        seed=session.run.run.seed,
        per_task=table.examples,
        folders=session.folders,
    )
    pairs = [(item.prompt, item.source) for item in corpus]
    result = fine_tune(session, policy, PHASE, table, pairs, session.folder(PHASE))
    if table.check_samples and session.judging is not None:
        session.progress.say(f"{table.check_samples} samples of the result, everything permitted")
        check(session, policy, PHASE, table.check_samples, step=table.steps)
    return result


def arguments(run: RunFile, table: PhaseTable, device: str, folder: Path) -> dict[str, Any]:
    """Of trl.SFTConfig."""
    ours = {"completion_only_loss": True, "max_length": None}
    return ours | trainers.arguments(run, table, device, folder)


def fine_tune(
    session: Session,
    policy: HuggingFacePolicy,
    phase: PhaseName,
    table: PhaseTable,
    pairs: Sequence[tuple[Prompt, str]],
    folder: Path,
    *,
    first_step: int = 0,
) -> Path:
    """Train `policy` on (prompt, source) pairs, with the loss on the completion; `folder`/model."""
    datasets, trl = require("datasets"), require("trl")
    rows = [
        {
            "prompt": policy.prompt_for_trl(prompt),
            "completion": policy.completion_for_trl(source, prompt.opening),
        }
        for prompt, source in pairs
    ]
    given = arguments(session.run, table, policy.model.device.type, folder)
    trainer = trl.SFTTrainer(
        model=policy.model,
        args=trainers.config("SFTConfig", given, phase),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=policy.tokenizer,
        peft_config=trainers.lora(session),
    )

    def on_log(done: int, logs: dict[str, Any]) -> None:
        session.archive().record_step(session.name, phase, first_step + done - 1, logs)
        session.progress.step(first_step + done, logs)

    trainers.run_trainer(trainer, session, phase, folder, on_log=on_log, first_step=first_step)
    return trainers.save_result(trainer, session, policy, folder / "model")
