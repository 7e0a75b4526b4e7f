"""The three phases on a miniature of Qwen2.5-Coder's architecture, with chat template; verdicts are scripted."""

from __future__ import annotations

import json
import statistics
import tomllib
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from record_examples import HOST, OTHER_HOST
from scripted_farm import ScriptedFarm
from train_runs import GRPO, SFT, settings

import hayate.train.session
from hayate import farm as farms
from hayate.archive import Archive
from hayate.curriculum import Curriculum
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies import PolicySettings, load
from hayate.prompts import extract
from hayate.records import Assignment, Outcome
from hayate.report import build
from hayate.train import Progress, parse_run
from hayate.train.grpo import Rewarder
from hayate.train.run import run_phases
from hayate.train.state import checkpoints

ROOT = Path(__file__).parents[2]


def mean_speed(archive: Archive, phase: str, steps: range) -> float:
    rows = [row for row in archive.samples("mini", phase) if row.step in steps]
    return statistics.mean(row.speedup or 0.0 for row in rows)


def test_phase_1_teaches_the_format(chat_miniature: Path) -> None:
    policy = load(PolicySettings(model=str(chat_miniature), max_new_tokens=32, device="cpu"))
    from train_miniature import prompts

    (replies,) = policy.sample(prompts()[:1], 16, seed=1)
    in_format = [extract(r.text) for r in replies if not r.truncated]
    assert sum(source is not None for source in in_format) >= 12
    with Archive(chat_miniature.parents[1] / ".." / "archive.db") as archive:
        losses = [step.metrics["loss"] for step in archive.steps("mini", "sft")]
    assert len(losses) == SFT["steps"]
    assert losses[-1] < losses[0] / 4


def test_phase_3_learns_from_measured_speed(chat_miniature: Path, tmp_path: Path) -> None:
    run = settings(chat_miniature, {"grpo": GRPO})
    run_phases(run, tmp_path / "run", open_farm=lambda _: ScriptedFarm())
    with Archive(tmp_path / "run" / "archive.db") as archive:
        first, last = mean_speed(archive, "grpo", range(3)), mean_speed(archive, "grpo", range(9, 12))
        steps = archive.steps("mini", "grpo")
        samples = archive.samples("mini", "grpo")
    assert last > first + 1
    assert [step.step for step in steps] == list(range(12))
    assert len(samples) == 12 * 16
    assert {(row.step, row.group, row.index) for row in samples} == {
        (s, 0, i) for s in range(12) for i in range(16)
    }
    wanted = {"reward", "kl", "generate_s", "judge_s", "update_s", "accepted_share", "permitted"}
    assert wanted <= steps[0].metrics.keys()


def test_phase_2_keeps_what_is_accepted_and_distinct(chat_miniature: Path, tmp_path: Path) -> None:
    table = {
        "rounds": 2,
        "groups": 2,
        "samples": 8,
        "steps": 2,
        "trl": {"per_device_train_batch_size": 4, "learning_rate": 1e-4},
    }
    run = settings(chat_miniature, {"selftrain": table})
    model = run_phases(run, tmp_path / "run", open_farm=lambda _: ScriptedFarm())
    assert model == tmp_path / "run" / "phases" / "selftrain" / "model"
    load(PolicySettings(model=str(model), device="cpu"))
    kept = (model.parent / "round-0" / "kept.json").read_text()
    with Archive(tmp_path / "run" / "archive.db") as archive:
        rows = archive.samples("mini", "selftrain")
        accepted = {row.object_hash for row in rows if row.accepted and row.step == 0}
        sources = archive.sources(row.hash for row in rows if row.step == 0 and not row.accepted)
        steps = [step.step for step in archive.steps("mini", "selftrain")]
    import json

    pairs = json.loads(kept)["pairs"]
    assert len(rows) == 2 * 2 * 8
    assert 0 < len(accepted) <= len(pairs) <= 16
    assert not {source for _, source in pairs} & set(sources.values())
    assert steps == [1, 2, 4, 5]  # the samples of the rounds stand at 0 and 3


def test_the_published_set_up_runs_with_lora_and_chat_template(chat_miniature: Path, tmp_path: Path) -> None:
    data = tomllib.loads((ROOT / "runs" / "dgemm-qwen14b.toml").read_text())
    data["policy"] |= {"model": str(chat_miniature), "max_new_tokens": 32, "device": "cpu"}
    data["phases"]["grpo"] |= {"steps": 2, "checkpoint_steps": 1}
    # What a CPU and a miniature can't do; everything else is the file's.
    data["phases"]["grpo"]["trl"] |= {
        "use_vllm": False,
        "gradient_accumulation_steps": 4,
        "per_device_train_batch_size": 8,
    }
    data["run"] |= {"baselines": False}
    run = parse_run(data)
    model = run_phases(run, tmp_path / "run", open_farm=lambda _: ScriptedFarm())
    with Archive(tmp_path / "run" / "archive.db") as archive:
        rows = archive.samples("dgemm-qwen14b", "grpo")
        steps = archive.steps("dgemm-qwen14b", "grpo")
    assert len(rows) == 2 * 32
    assert {(row.step, row.group) for row in rows} == {(s, g) for s in range(2) for g in range(4)}
    assert {row.reward for row in rows if row.outcome is Outcome.VIOLATION} <= {-100.0}
    assert all(row.reward == pytest.approx(row.metric, rel=0.03) for row in rows if row.accepted)
    assert len(steps) == 2
    assert "kl" in steps[0].metrics
    newest = checkpoints(tmp_path / "run" / "phases" / "grpo")[-1]
    assert (newest / "adapter_model.safetensors").exists()  # an adapter, not a whole model
    trained, before = (
        load(PolicySettings(model=str(m), device="cpu", dtype="float32")).model
        for m in (model, chat_miniature)
    )
    name = "model.layers.0.self_attn.q_proj.weight"
    moved = (trained.state_dict()[name] - before.state_dict()[name]).abs().max()
    assert moved > 0


class Spy(Curriculum):
    """Writes down when it is asked and told."""

    events: list[str]

    def next(self) -> Assignment:
        Spy.events.append("next")
        return super().next()

    def observe(self, assignment: Assignment, verdicts: Any) -> None:
        Spy.events.append("observe")
        super().observe(assignment, verdicts)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_prompt_is_never_staler_than_one_batch(
    groups: int, chat_miniature: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spy.events = []
    monkeypatch.setattr(hayate.train.session, "Curriculum", Spy)
    trl = {"num_generations": 4, "per_device_train_batch_size": 4, "gradient_accumulation_steps": groups}
    run = settings(chat_miniature, {"grpo": {"steps": 4, "trl": trl}})
    run_phases(run, tmp_path / "run", open_farm=lambda _: ScriptedFarm())
    asked = told = 0
    assert Spy.events.count("observe") == 4 * groups
    for event in Spy.events:
        if event == "observe":
            told += 1
        else:
            batch = asked // groups
            assert told >= (batch - 1) * groups, f"prompt {asked} had not heard of batch {batch - 2}"
            asked += 1


def test_a_fault_is_left_out_of_its_group(
    chat_miniature: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import GRPOTrainer

    paid: list[list[float | None]] = []
    advantages: list[Any] = []
    rewards, score = Rewarder.rewards, GRPOTrainer._generate_and_score_completions

    def spy_rewards(self: Rewarder, *args: Any, **kwargs: Any) -> list[float | None]:
        paid.append(rewards(self, *args, **kwargs))
        return paid[-1]

    def spy_score(self: Any, inputs: Any) -> Any:
        output = score(self, inputs)
        advantages.append(output["advantages"].clone())
        return output

    monkeypatch.setattr(Rewarder, "rewards", spy_rewards)
    monkeypatch.setattr(GRPOTrainer, "_generate_and_score_completions", spy_score)
    trl = {"num_generations": 16, "per_device_train_batch_size": 16, "learning_rate": 1e-5}
    run = settings(chat_miniature, {"grpo": {"steps": 2, "trl": trl}}, judge={"fault_share": 1.0})
    run_phases(run, tmp_path / "run", open_farm=lambda _: ScriptedFarm(faulty=lambda speed: speed in (2, 7)))
    faults = [r for group in paid for r in group if r is None]
    assert faults
    for group, given in zip(paid, advantages, strict=True):
        known = torch.tensor([r for r in group if r is not None])
        for value, advantage in zip(group, given, strict=True):
            due = 0.0 if value is None else float((value - known.mean()) / (known.std() + 1e-4))
            assert advantage == pytest.approx(due, abs=1e-3)
    with Archive(tmp_path / "run" / "archive.db") as archive:
        rows = archive.samples("mini", "grpo")
    assert sum(row.fault is not None for row in rows) == len(faults)
    assert all(row.reward is None for row in rows if row.fault)


class Stopper(Progress):
    """Presses Ctrl-C when step `at` is done."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.said: list[str] = []

    def show(self, event: str, *, text: str = "", metrics: Any = None) -> None:
        if event == "say":
            self.said.append(text)
        if event == "step" and self.step_number == self.at:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_saves_and_resume_goes_on(chat_miniature: Path, tmp_path: Path) -> None:
    trl = {"num_generations": 4, "per_device_train_batch_size": 4, "learning_rate": 1e-5}
    run = settings(chat_miniature, {"grpo": {"steps": 5, "checkpoint_steps": 100, "trl": trl}})
    stopper = Stopper(at=2)
    with pytest.raises(KeyboardInterrupt):
        run_phases(run, tmp_path / "run", progress=stopper, open_farm=lambda _: ScriptedFarm())
    assert "--resume" in stopper.said[-1]
    (saved,) = checkpoints(tmp_path / "run" / "phases" / "grpo")
    done = int(saved.name.split("-")[1])
    assert done in (2, 3)
    run_phases(run, tmp_path / "run", resume=True, open_farm=lambda _: ScriptedFarm())
    with Archive(tmp_path / "run" / "archive.db") as archive:
        assert [step.step for step in archive.steps("mini", "grpo")] == list(range(5))
        assert len(archive.samples("mini", "grpo")) == 5 * 4


def test_a_run_whose_time_is_up_ends_with_a_model(chat_miniature: Path, tmp_path: Path) -> None:
    trl = {"num_generations": 4, "per_device_train_batch_size": 4, "learning_rate": 1e-5}
    run = settings(chat_miniature, {"grpo": {"steps": 5, "checkpoint_steps": 100, "trl": trl}})
    talker = Stopper(at=99)
    model = run_phases(run, tmp_path / "run", progress=talker, open_farm=lambda _: ScriptedFarm(), minutes=0)
    assert (model / "config.json").exists()
    assert "the time is up: grpo ends after step 1 of 5" in talker.said
    run_phases(run, tmp_path / "run", resume=True, open_farm=lambda _: ScriptedFarm())  # it is done
    with Archive(tmp_path / "run" / "archive.db") as archive:
        assert [step.step for step in archive.steps("mini", "grpo")] == [0]
        assert len(archive.samples("mini", "grpo")) == 4


def test_too_many_faults_save_the_state_and_stop(chat_miniature: Path, tmp_path: Path) -> None:
    trl = {"num_generations": 8, "per_device_train_batch_size": 8, "learning_rate": 1e-5}
    run = settings(chat_miniature, {"grpo": {"steps": 5, "checkpoint_steps": 100, "trl": trl}})
    broken = False

    class Breaking(Progress):
        def show(self, event: str, **_: Any) -> None:
            nonlocal broken
            broken = broken or (event == "step" and self.step_number == 2)

    with pytest.raises(Fault) as fault:
        run_phases(
            run,
            tmp_path / "run",
            progress=Breaking(),
            open_farm=lambda _: ScriptedFarm(faulty=lambda _: broken),
        )
    assert fault.value.kind is FaultKind.TOO_MANY_FAULTS
    assert "scripted to fail" in str(fault.value)
    (saved,) = checkpoints(tmp_path / "run" / "phases" / "grpo")
    assert saved.name == "checkpoint-2"
    run_phases(run, tmp_path / "run", resume=True, open_farm=lambda _: ScriptedFarm())
    with Archive(tmp_path / "run" / "archive.db") as archive:
        everything = archive.samples("mini", "grpo", include_abandoned=True)
        assert len(archive.samples("mini", "grpo")) == 5 * 8
        assert {row.step for row in everything if row.abandoned} == {2}


def test_a_run_over_two_classes_of_hosts(
    chat_miniature: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the fast are slow: the trainer is paid the worse of the two, and the report compares them."""
    other = ScriptedFarm(host=OTHER_HOST, truth=lambda speed: 9 - speed)
    monkeypatch.setattr(farms, "also", lambda settings, first, on_event: nullcontext({"other": other}))
    paid: list[list[float | None]] = []
    rewards = Rewarder.rewards

    def spy(self: Rewarder, *args: Any, **kwargs: Any) -> list[float | None]:
        paid.append(rewards(self, *args, **kwargs))
        return paid[-1]

    monkeypatch.setattr(Rewarder, "rewards", spy)
    run = settings(
        chat_miniature,
        {"grpo": {**GRPO, "steps": 2, "check_samples": 4}},
        farm={"also": {"other": "http://other"}},
        judge={"classes": "all"},
        reward={"over_classes": "worst"},
    )
    out = tmp_path / "run"
    run_phases(run, out, open_farm=lambda _: ScriptedFarm())
    with Archive(out / "archive.db") as here, Archive(out / "classes" / "other" / "archive.db") as there:
        own, others = (one.samples("mini", "grpo") for one in (here, there))
        assert [p.name for p in there.phases("mini")] == ["before", "grpo", "after"]
        assert all(p.ended for p in there.phases("mini"))
    assert [row.hash for row in sorted(own, key=lambda r: (r.step, r.index))] == [
        row.hash for row in sorted(others, key=lambda r: (r.step, r.index))
    ]
    least = {
        (a.step, a.index): min(a.reward, b.reward)
        for a in own
        for b in others
        if (a.step, a.index) == (b.step, b.index) and a.reward is not None and b.reward is not None
    }
    assert {(row.step, row.index): row.reward for row in own if row.phase == "grpo"} == pytest.approx(least)
    assert paid == [[pytest.approx(least[step, index]) for index in range(16)] for step in range(2)]
    assert (out / "portability.json").exists()
    assert {name: farm.closed for name, farm in farms.look_at(str(out)).farms.items()} == {
        "": True,
        "other": True,
    }
    report = build(out)
    assert report.portability is not None
    assert [c.host_class for c in report.portability.classes] == [HOST.host_class, OTHER_HOST.host_class]
    assert any(
        "the worst over all classes of hosts, as the trainer was paid" in note for note in report.notes
    )
    assert (
        len([row for row in own if row.outcome]) == report.phases[1].verdicts
    )  # the other class counts nowhere
    page = (out / "report.html").read_text()
    assert "Across classes of hosts" in page
    assert OTHER_HOST.host_class in page
    assert "portability" in json.loads((out / "report.json").read_text())


def test_a_reward_over_classes_needs_verdicts_on_each(chat_miniature: Path) -> None:
    with pytest.raises(WrongUse, match=r"reward\.over_classes"):
        settings(chat_miniature, {"grpo": GRPO}, reward={"over_classes": "mean"})
    with pytest.raises(WrongUse, match=r"reward\.over_classes"):
        settings(
            chat_miniature,
            {"grpo": GRPO},
            reward={"over_classes": "mean"},
            farm={"also": {"other": "http://other"}},
        )
