"""What the trainers tell us while they run. Importing this module imports transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from hayate.train.session import Session
from hayate.train.state import mark_complete


class Checkpoints(TrainerCallback):  # type: ignore[misc]
    """Hears of steps, completes checkpoints, ends the training when a person asks for it or the time is up."""

    def __init__(
        self,
        trainer: Any,
        session: Session,
        on_log: Callable[[int, dict[str, Any]], None],
        saved: Callable[[], dict[str, Any]],
    ) -> None:
        """`on_log` gets the steps done and what TRL logged; `saved` makes what a checkpoint keeps of ours."""
        self.trainer, self.session = trainer, session
        self.tell, self.saved = on_log, saved
        self.last_saved = 0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        session = self.session
        if session.dispatch.from_main(lambda: session.interrupt.asked or session.time_is_up()):
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if self.session.dispatch.is_main and logs and "train_runtime" not in logs:
            self.tell(state.global_step, dict(logs))
            self.session.state.work_goes_on()

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.session.dispatch.wait()  # every process has written its part
        if self.session.dispatch.is_main:
            mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}", self.saved())
        self.last_saved = state.global_step

    def save_now(self) -> None:
        """A checkpoint of the last finished step, unless it is there."""
        if self.trainer.state.global_step > self.last_saved:
            self.trainer._save_checkpoint(self.trainer.model, trial=None)
            self.on_save(self.trainer.args, self.trainer.state, self.trainer.control)


class Clock(TrainerCallback):  # type: ignore[misc]
    """Says when an optimiser step begins and ends."""

    def __init__(self, on_begin: Callable[[], None], on_end: Callable[[], None]) -> None:
        self.on_begin, self.on_end = on_begin, on_end

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.on_begin()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.on_end()
