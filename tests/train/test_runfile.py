"""A run file says what is wrong with it: file, key, what is allowed."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hayate.errors import WrongUse
from hayate.train import load_run, parse_run

RUNS = Path(__file__).parents[2] / "runs"
BASE: dict[str, Any] = {"run": {"name": "x", "tasks": ["dgemm"]}, "phases": {"grpo": {"steps": 3}}}


def changed(key: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(BASE)
    *path, last = key.split(".")
    node = data
    for part in path:
        node = node.setdefault(part, {})
    node[last] = value
    return data


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.toml")), ids=lambda p: p.stem)
def test_the_shipped_run_files_load(path: Path) -> None:
    run = load_run(path, seed=7)
    assert run.run.seed == 7
    assert run.curriculum.seed == 7
    assert run.run.out == f"out/{run.run.name}"


def test_the_demo_has_three_phases_and_the_published_set_up_one() -> None:
    assert load_run(RUNS / "demo.toml").names == ("sft", "selftrain", "grpo")
    published = load_run(RUNS / "dgemm-qwen14b.toml")
    assert published.names == ("grpo",)
    assert published.policy.model == "Qwen/Qwen2.5-Coder-14B-Instruct"
    assert published.reward.preset == "s1"
    assert published.curriculum.staging == "sqd"
    assert published.lora is not None
    table = published.phases.grpo
    assert table is not None
    assert table.trl["beta"] > 0
    assert table.trl["use_vllm"]
    assert table.trl["per_device_train_batch_size"] * table.trl["gradient_accumulation_steps"] % 8 == 0


@pytest.mark.parametrize(
    ("key", "value", "at", "says"),
    [
        ("run.nme", "y", "run.nme", "did you mean name?"),
        ("run.seed", "many", "run.seed", "int >= 0"),
        ("phases.grpo.steps", "60", "phases.grpo.steps", "should be a valid integer, not '60'"),
        ("phases.grpo.steps", 60.0, "phases.grpo.steps", "int"),
        ("policy.temperature", "0.5", "policy.temperature", "float"),
        ("run.baselines", "yes", "run.baselines", "bool"),
        ("farm", {"kind": "local", "slots": "2"}, "farm.slots", "int"),
        ("run.tasks", [], "run.tasks", "of length >= 1"),
        ("policy.temprature", 1.0, "policy.temprature", "did you mean temperature?"),
        ("reward.preset", "s2", "reward.preset", "'scaled', 's1'"),
        ("curriculum.staging", "sqq", "curriculum.staging", "'sqd'"),
        ("judge.launch", 2, "judge.launch", "did you mean launches?"),
        ("farm.slots", 0, "farm.slots", "greater than or equal to 1"),
        ("phases.rl", {}, "phases.rl", "sft, selftrain, grpo"),
        ("phases.grpo.steps", 0, "phases.grpo.steps", "int >= 1"),
        ("phases.grpo.round", 1, "phases.grpo.round", "steps"),
        (
            "phases.grpo.trl",
            {"lerning_rate": 1e-4},
            "phases.grpo.trl.lerning_rate",
            "did you mean learning_rate",
        ),
        ("phases.grpo.trl", {"learning_rate": "1e-4"}, "phases.grpo.trl.learning_rate", "float"),
        ("phases.grpo.trl", {"max_steps": 4}, "phases.grpo.trl.max_steps", "steps of the phase"),
        ("phases.grpo.trl", {"temperature": 1.0}, "phases.grpo.trl.temperature", "policy.temperature"),
        ("phases.sft", {"steps": 1, "trl": {"beta": 0.1}}, "phases.sft.trl.beta", "trl.SFTConfig"),
        ("lora", {"rank": 8}, "lora.rank", "peft.LoraConfig"),
        ("lora", {"r": "eight"}, "lora.r", "int"),
        ("phases", {}, "phases", "[phases.sft]"),
    ],
)
def test_what_is_wrong_is_named(key: str, value: object, at: str, says: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        parse_run(changed(key, value), where="runs/x.toml")
    assert wrong.value.where == f"runs/x.toml: {at}"
    assert says in str(wrong.value)


def test_files_that_are_no_run(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[run\n")
    with pytest.raises(WrongUse, match=r"broken\.toml: no TOML"):
        load_run(broken)
    with pytest.raises(WrongUse, match="No such file"):
        load_run(tmp_path / "missing.toml")


def test_trl_types_are_not_guessed() -> None:
    """What TOML gives for TRL's own names is taken as it is, an int for a float too."""
    run = parse_run(changed("phases.grpo.trl", {"learning_rate": 1, "bf16": False, "vllm_mode": "colocate"}))
    table = run.phases.grpo
    assert table is not None
    assert table.trl["learning_rate"] == 1


def test_an_adapter_alone_goes_nowhere() -> None:
    data = changed("lora", {"r": 8})
    data["run"]["merge_lora"] = False
    parse_run(data)
    data["phases"]["sft"] = {"steps": 1}
    with pytest.raises(WrongUse, match="merge_lora"):
        parse_run(data)


def test_run_files_are_toml_that_says_what_is_ours() -> None:
    text = (RUNS / "dgemm-qwen14b.toml").read_text()
    trl = tomllib.loads(text)["phases"]["grpo"]["trl"]
    for name in ("num_generations", "beta", "learning_rate", "epsilon"):
        line = next(line for line in text.splitlines() if line.startswith(f"{name} ="))
        assert "ours" in line, name
        assert name in trl


def test_answers_in_cxx_have_no_phase_1() -> None:
    run = {"name": "x", "tasks": ["dgemm"], "language": "c++"}
    assert parse_run({"run": run, "phases": {"grpo": {"steps": 1}}}).run.language == "c++"
    with pytest.raises(WrongUse, match="in C"):
        parse_run({"run": run, "phases": {"sft": {"steps": 1}}})
