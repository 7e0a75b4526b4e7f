"""How long a trainer waits for verdicts: phase 3's own path from curriculum to rewards, on a judge that sleeps.

    prompts (train.live) -> generation: a sleep -> replies -> Rewarder (train.grpo): candidates, evaluate on the
    local farm with so many slots, archive, curriculum, rewards -> the next batch

Simulated: generation, and each measurement; builds take no time. There is no optimiser step, which would make the
share smaller. Generation and judging take turns, as they do in phase 3.
"""

from __future__ import annotations

import itertools
import os
import random
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from benchmarks import simulated
from hayate import tasks
from hayate.archive import Archive
from hayate.evaluate import Evaluator
from hayate.policies import HuggingFacePolicy
from hayate.train import Progress, parse_run
from hayate.train.grpo import Rewarder
from hayate.train.interrupt import Interrupt
from hayate.train.live import LivePrompts
from hayate.train.session import Judging, Session
from hayate.train.state import RunState

RATIOS = (1, 2, 4)  # seconds of judging on one slot for each second of generation
SLOTS = (1, 2, 4, 8, 16, 32)
GROUPS, GROUP = 2, 32
VERDICT_S = 0.25  # the mean
STEPS = 2
_END = -1  # the token that ends a reply


def generation_s(ratio: float, groups: int = GROUPS, verdict_s: float = VERDICT_S) -> float:
    """Of a batch."""
    return groups * GROUP * verdict_s / ratio


def about_s(ratio: float, slots: int) -> float:
    judging_s = GROUPS * GROUP * VERDICT_S
    return STEPS * (generation_s(ratio) + judging_s / slots) + 3


class _Policy:
    """As much of a policy as phase 3 asks: its replies were written beforehand."""

    def __init__(self) -> None:
        self.replies: list[str] = []
        self.tokenizer = SimpleNamespace(decode=lambda ids, **_: self.replies[ids[0]])

    def prompt_for_trl(self, _prompt: object) -> str:
        return ""


def waiting(
    ratio: float,
    slots: int,
    *,
    steps: int = STEPS,
    groups: int = GROUPS,
    verdict_s: float = VERDICT_S,
    object_bytes: int,
) -> dict[str, Any]:
    """Seconds of generation and of waiting, step by step, and the share of waiting in their sum."""
    task, rng = tasks.builtin(simulated.TASK), random.Random(0)
    run = parse_run(
        {
            "run": {"name": "waiting", "tasks": [task.name], "baselines": False},
            "judge": {"confirm": "never"},  # a batch takes its time on one slot and no more
            "phases": {"grpo": {"steps": steps}},
        }
    )
    spent: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        folder = Path(name)
        os.environ[simulated.FOLDER] = name
        with Archive(folder / "archive.db") as archive, simulated.local(slots) as farm:
            known = {task.name: task}
            evaluator = Evaluator(
                farm, archive, known, reward_settings=run.reward, settings=run.judge, run=run.run.name
            )
            session = Session(
                run=run,
                out=folder,
                tasks=known,
                folders={},
                progress=Progress(),
                interrupt=Interrupt(lambda _: None),
                state=RunState(folder / "state.json"),
                judging=Judging(evaluator),
            )
            scripted = _Policy()
            policy = cast(HuggingFacePolicy, scripted)
            live = LivePrompts(session, policy, session.curriculum())
            rewarder = Rewarder(session, policy, live)
            rewarder.group_size, rewarder.ends = GROUP, {_END}
            clock, rows = rewarder.clock(), iter(live.dataset())
            for step in range(-1, steps):  # the first only warms up
                drawn = [rng.uniform(0.5, 1.5) for _ in range(groups * GROUP)]
                scale = verdict_s * len(drawn) / sum(drawn) if step >= 0 else 0.0
                sources = [
                    simulated.source(f"{step}-{i}", scale * s, object_bytes, task.yardsticks[-1].text)
                    for i, s in enumerate(drawn)
                ]
                scripted.replies = [f"```c\n{source.rstrip()}\n```\n" for source in sources]
                clock.on_step_begin()
                prompts = [row["hayate_prompt"] for row in itertools.islice(rows, groups)]
                if step >= 0:
                    time.sleep(generation_s(ratio, groups, verdict_s))
                paid = rewarder.rewards(
                    [(i, _END) for i in range(len(drawn))],
                    [prompt for prompt in prompts for _ in range(GROUP)],
                    SimpleNamespace(global_step=step + 1),
                )
                clock.on_step_end()
                metrics = rewarder.metrics()
                if step >= 0:
                    assert all(value is not None for value in paid)
                    spent.append({key: metrics[key] for key in ("generate_s", "judge_s")})
    generate_s, judge_s = (sum(s[key] for s in spent) for key in ("generate_s", "judge_s"))
    return {
        "ratio": ratio,
        "slots": slots,
        "batch": groups * GROUP,
        "verdict_s": verdict_s,
        "steps": spent,
        "waiting_share": judge_s / (generate_s + judge_s),
        "at_best": (ratio / slots) / (1 + ratio / slots),  # were slots never idle and all else free
    }
