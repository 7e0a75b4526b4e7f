"""What the three phases share on TRL: arguments, checkpoints that --resume trusts, the result's folder."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies import HuggingFacePolicy
from hayate.train.runfile import PhaseName, PhaseTable, RunFile
from hayate.train.session import Session, Stopped
from hayate.train.state import checkpoint_step, last_checkpoint
from hayate.train.trl_fields import require

KEPT_CHECKPOINTS = 2  # the newest may be incomplete when a run is killed
OnLog = Callable[[int, dict[str, Any]], None]  # steps done, what TRL logged


@cache
def quieten() -> None:
    """TRL, transformers and datasets speak to their developers; a run speaks through `Progress`."""
    transformers, datasets = require("transformers"), require("datasets")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    for name in ("trl", "accelerate"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(trl|transformers|torch|peft|accelerate)(\.|$)")


def arguments(run: RunFile, table: PhaseTable, device: str, folder: Path) -> dict[str, Any]:
    """What both configs get: technical settings of ours, then the run file's."""
    on_cpu = device == "cpu"
    technical: dict[str, Any] = {
        "report_to": "none",
        "disable_tqdm": True,
        "save_total_limit": KEPT_CHECKPOINTS,
    }
    if on_cpu:
        # TRL turns both on by default. On few CPUs they only cost time.
        technical |= {"bf16": False, "gradient_checkpointing": False}
    owned = {
        "output_dir": str(folder),
        "max_steps": table.steps,
        "seed": run.run.seed,
        "save_strategy": "steps",
        "save_steps": table.checkpoint_steps,
        "logging_steps": 1,
        "use_cpu": on_cpu,
        "dataloader_num_workers": 0,
    }
    return {**technical, **table.trl, **owned}


def config(kind: str, given: Mapping[str, Any], phase: PhaseName) -> Any:
    """trl.SFTConfig or trl.GRPOConfig. Raises `WrongUse` for values that TRL refuses together."""
    try:
        return getattr(require("trl"), kind)(**given)
    except (ValueError, TypeError) as error:
        raise WrongUse(f"TRL refuses: {error}", where=f"phases.{phase}.trl") from error


def lora(session: Session) -> Any:
    """peft.LoraConfig, or None."""
    if session.run.lora is None:
        return None
    return require("peft").LoraConfig(**{"task_type": "CAUSAL_LM", **session.run.lora})


def run_trainer(
    trainer: Any,
    session: Session,
    phase: PhaseName,
    folder: Path,
    *,
    on_log: OnLog,
    first_step: int = 0,
    saved: Callable[[], dict[str, Any]] = dict,
    restore: Callable[[dict[str, Any]], None] = lambda _: None,
) -> None:
    """Train to the end, or until the time is up, from the last complete checkpoint in `folder` if there is one.

    `saved` is kept in each checkpoint and given back to `restore`. What the archive holds of later steps is
    marked abandoned. `first_step` is the phase's step number at which this trainer begins. On Ctrl-C, and on
    a Fault within a step, the last finished step is saved first; raises Stopped, or the Fault.
    """
    steps = trainer.args.max_steps
    callback = _callback(trainer, session, on_log, saved)
    found = session.dispatch.from_main(lambda: last_checkpoint(folder))
    done = 0 if found is None else checkpoint_step(found[0])
    if session.judging is not None:
        session.abandon(phase, first_step + done)
    if found is not None:
        restore(found[1])
        session.progress.goes_on(first_step + done)
    if found is not None and done >= steps:
        trainer._load_from_checkpoint(str(found[0]))  # TRL would train one step too many
        return
    callback.last_saved = done
    try:
        trainer.train(resume_from_checkpoint=None if found is None else str(found[0]))
    except Fault:
        callback.save_now()
        raise
    except (RuntimeError, OSError) as error:
        fault = _explained(error)
        if fault is None:
            raise
        raise fault from error
    done = trainer.state.global_step
    if done < steps:
        if session.dispatch.from_main(lambda: session.time_is_up() and not session.interrupt.asked):
            session.progress.say(f"the time is up: {phase} ends after step {done} of {steps}")
            return
        callback.save_now()
        raise Stopped


def save_result(trainer: Any, session: Session, policy: HuggingFacePolicy, folder: Path) -> Path:
    """The trained model as a folder that `policies.load` takes. Collective; there at once or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    if session.dispatch.is_main:
        shutil.rmtree(partial, ignore_errors=True)
    session.dispatch.wait()
    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload") and session.run.run.merge_lora:
        if session.dispatch.is_main:
            model.merge_and_unload().save_pretrained(partial)
    else:
        trainer.save_model(str(partial))
    if session.dispatch.is_main:
        policy.tokenizer.save_pretrained(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    session.dispatch.wait()
    return folder


def _callback(trainer: Any, session: Session, on_log: OnLog, saved: Callable[[], dict[str, Any]]) -> Any:
    from hayate.train.callbacks import Checkpoints

    transformers = require("transformers")
    for shown in (transformers.PrinterCallback, transformers.ProgressCallback):
        trainer.remove_callback(shown)
    callback = Checkpoints(trainer, session, on_log, saved)
    trainer.add_callback(callback)
    # A card per checkpoint is for models that are published; checkpoints are not.
    trainer.create_model_card = lambda *_, **__: None
    return callback


def _explained(error: RuntimeError | OSError) -> Fault | None:
    """Trouble of the machine as a Fault; None for a programming error."""
    torch = require("torch")
    if isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error):
        return Fault(
            FaultKind.OUT_OF_MEMORY,
            f"no memory for a step: {error}",
            remedy="lower per_device_train_batch_size, raise gradient_accumulation_steps in the phase's trl",
        )
    if (isinstance(error, OSError) and error.errno == 28) or "No space left" in str(error):
        return Fault(
            FaultKind.DISK_FULL,
            f"a checkpoint could not be written: {error}",
            remedy="free some space, then go on with --resume",
        )
    return None
