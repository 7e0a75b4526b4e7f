"""Phase 3: GRPO on measured speed.

    curriculum -> prompt -> a group of replies -> candidates -> evaluate (the whole batch at once) -> verdicts
         ^                                                                                               |
         +------------------------------------ observe <-------------------------------------------------+
                                                                              rewards -> advantages -> update

Who waits for whom: generation, judging and update take turns, so that the cores are quiet while calls are
timed. A sample without a verdict (a Fault) has reward None: TRL leaves it out of its group's baseline and
gives it no advantage. When more than a tenth of a batch has none, `evaluate` raises, and the state is saved.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hayate.errors import Fault
from hayate.policies import HuggingFacePolicy
from hayate.prompts import source_in
from hayate.records import Candidate, Outcome, Prompt, Verdict, decode
from hayate.rewards import over_classes
from hayate.train import trainers
from hayate.train.live import LivePrompts
from hayate.train.runfile import PhaseName, RunFile
from hayate.train.session import Session
from hayate.train.trl_fields import require

PHASE: PhaseName = "grpo"


def grpo(session: Session, model: str) -> Path:
    """Train from `model`, which is also the reference of the KL term; the folder of the result.

    Raises Stopped and Fault, after saving.
    """
    table = session.run.phases.grpo
    assert table is not None
    policy = session.policy(model)
    folder = session.folder(PHASE)
    live = LivePrompts(session, policy, session.curriculum() if session.judging is not None else None)
    rewarder = Rewarder(session, policy, live)
    trainer = require("trl").GRPOTrainer(
        model=policy.model,
        reward_funcs=[rewarder.rewards],
        args=trainers.config("GRPOConfig", _arguments(session, policy, folder), PHASE),
        train_dataset=live.dataset(),
        processing_class=policy.tokenizer,
        peft_config=trainers.lora(session),
    )
    rewarder.group_size = trainer.num_generations
    rewarder.ends = {*trainer.eos_token_ids, policy.tokenizer.pad_token_id}
    trainer.add_callback(rewarder.clock())

    def on_log(done: int, logs: dict[str, Any]) -> None:
        metrics = {**logs, **rewarder.metrics()}
        session.archive().record_step(session.name, PHASE, done - 1, metrics)
        session.progress.step(done, metrics)

    def saved() -> dict[str, Any]:
        assert live.curriculum is not None
        return {"curriculum": live.curriculum.state()}

    def restore(content: dict[str, Any]) -> None:
        if live.curriculum is not None:
            live.curriculum.load_state(content["curriculum"])

    trainers.run_trainer(trainer, session, PHASE, folder, on_log=on_log, saved=saved, restore=restore)
    return trainers.save_result(trainer, session, policy, folder / "model")


def _arguments(session: Session, policy: HuggingFacePolicy, folder: Path) -> dict[str, Any]:
    sampling = session.run.policy
    # The reference model is loaded again by name: with the same care as the policy was.
    init: dict[str, Any] = {"trust_remote_code": sampling.trust_remote_code}
    if str(getattr(policy.model.config, "_name_or_path", "")) == sampling.model and sampling.revision:
        init["revision"] = sampling.revision
    return {"model_init_kwargs": init, **arguments(session.run, policy.model.device.type, folder)}


def arguments(run: RunFile, device: str, folder: Path) -> dict[str, Any]:
    """Of trl.GRPOConfig, but for how the reference model is loaded."""
    table, sampling = run.phases.grpo, run.policy
    assert table is not None
    owned = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_completion_length": sampling.max_new_tokens,
        "ignore_data_skip": True,
        "shuffle_dataset": False,
        "remove_unused_columns": False,
        "chat_template_kwargs": sampling.chat_template_kwargs or None,
    }
    return {**trainers.arguments(run, table, device, folder), **owned}


class Rewarder:
    """TRL's reward function: replies -> candidates -> verdicts -> rewards; and what a step's metrics say."""

    def __init__(self, session: Session, policy: HuggingFacePolicy, live: LivePrompts) -> None:
        self.session, self.policy, self.live = session, policy, live
        self.group_size = 1
        self.ends: set[int] = set()  # tokens that end a reply; one that lacks them was cut off
        self._step, self._groups = -1, 0  # of this step so far, where a step generates more than once
        self._results: list[Verdict | Fault] = []
        self._prompts: list[Prompt] = []
        self._mark = time.monotonic()
        self._spent = {"generate_s": 0.0, "judge_s": 0.0, "update_s": 0.0}

    def rewards(
        self,
        completion_ids: Sequence[Sequence[int]],
        hayate_prompt: Sequence[str],
        trainer_state: Any,
        **_: Any,
    ) -> list[float | None]:
        """One reward for each reply of this process; None where the machine failed. Raises Fault in all."""
        self._lap("generate_s")
        step = int(trainer_state.global_step)
        own = [
            (text, self._source(decode(Prompt, text), ids))
            for text, ids in zip(hayate_prompt, completion_ids, strict=True)
        ]
        unread = next((at for at, (_, source) in enumerate(own) if source is None), None)
        if unread is not None:
            self.session.keep_reply(self._text(completion_ids[unread]))
        everything = self.session.dispatch.together(own)
        paid = self.session.dispatch.from_main(lambda: self._judge(step, everything))
        first = self.session.dispatch.index * len(own)
        self._lap("judge_s")
        return paid[first : first + len(own)]

    def _source(self, prompt: Prompt, ids: Sequence[int]) -> str | None:
        """The source in a reply; None if it was cut off or has another format."""
        cut_off = not len(ids) or int(ids[-1]) not in self.ends
        return source_in(self._text(ids), prompt.assignment, cut_off=cut_off)

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self.policy.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _judge(self, step: int, replies: Sequence[tuple[str, str | None]]) -> list[float | None]:
        """In the main process: verdicts on all processes' replies, the curriculum told group by group."""
        if step != self._step:
            self._step, self._groups = step, 0
            self._results, self._prompts = [], []
        size = self.group_size
        first = self._groups
        self._groups += len(replies) // size
        prompts = [decode(Prompt, text) for text, _ in replies[::size]]
        candidates: list[Candidate] = []
        for at, (_, source) in enumerate(replies):
            group, index = divmod(at, size)
            candidates.append(
                self.session.candidate(
                    prompts[group], source, PHASE, step=step, group=first + group, index=index
                )
            )
        everywhere = self.session.evaluate_classes(candidates)
        results = [of_classes[0] for of_classes in everywhere]
        for group, prompt in enumerate(prompts):
            of_group = results[group * size : (group + 1) * size]
            assert self.live.curriculum is not None
            self.live.curriculum.observe(
                prompt.assignment, [r if isinstance(r, Verdict) else None for r in of_group]
            )
            self.session.progress.group(of_group)
        self._results += results
        self._prompts += prompts
        return [over_classes(of_classes, self.session.run.reward) for of_classes in everywhere]

    def metrics(self) -> dict[str, Any]:
        """Of the step that has just ended."""
        verdicts = [r for r in self._results if isinstance(r, Verdict)]
        guesses = [v for v in verdicts if v.guess]
        measured = [v for v in verdicts if not v.guess]
        accepted = [v for v in measured if v.outcome is Outcome.ACCEPTED]
        values = [v.metric.value for v in accepted if v.metric is not None]
        found: dict[str, Any] = {
            "verdicts": len(verdicts),
            "faults": len(self._results) - len(verdicts),
            # What a surrogate picked for measuring is no sample of the policy's.
            "accepted_share": len(accepted) / len(measured) if measured and not guesses else None,
            **({"guesses": len(guesses)} if guesses else {}),
            "metric_median": statistics.median(values) if values else None,
            "metric_best": max(values, default=None),
            "distinct_objects": len({v.object_hash for v in accepted}),
            "stages": [p.assignment.stage for p in self._prompts],
            "permitted": ["+".join(t.value for t in p.assignment.permitted) for p in self._prompts],
            **{name: round(spent, 3) for name, spent in self._spent.items()},
        }
        self._spent = dict.fromkeys(self._spent, 0.0)
        return found

    def _lap(self, name: str) -> None:
        now = time.monotonic()
        self._spent[name] += now - self._mark
        self._mark = now

    def clock(self) -> Any:
        """A callback that splits a step's time; generation includes the reference's log-probabilities."""
        from hayate.train.callbacks import Clock

        return Clock(on_begin=self._begin, on_end=lambda: self._lap("update_s"))

    def _begin(self) -> None:
        self._mark = time.monotonic()
