from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hayate.errors import WrongUse
from hayate.policies import PolicySettings, load
from hayate.policies.make_tiny import main, make
from hayate.policies.tiny_corpus import TinyExample
from hayate.policies.tiny_settings import TinySettings, TrainingSettings

from .miniature import KERNELS, SMALLEST, make_prompt

EXAMPLES = [TinyExample(prompt=make_prompt(), source=k) for k in KERNELS]
QUICK = TinySettings(
    shape=SMALLEST, training=TrainingSettings(steps=6, batch_size=4), vocabulary=400, check_samples=0
)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "card.json"}


def test_it_writes_a_folder_that_load_takes_and_a_card(tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    card = make(EXAMPLES, out, QUICK, {"per_task": 32})
    assert json.loads((out / "card.json").read_text()) == card
    assert card["corpus"]["kernels"] == len(KERNELS)
    assert card["per_task"] == 32
    assert TinySettings.model_validate(card["settings"]) == QUICK
    assert not (tmp_path / "tiny.partial").exists()
    policy = load(PolicySettings(model=str(out), device="cpu", max_new_tokens=8))
    assert len(policy.sample([make_prompt()], 2, seed=0)[0]) == 2


def test_a_state_begun_with_other_settings_is_not_continued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "tiny.partial"
    work.mkdir()
    (work / "made_with.json").write_text("{}")
    (work / "state.pt").write_bytes(b"not a state")
    make(EXAMPLES, tmp_path / "tiny", QUICK)
    assert "beginning anew" in capsys.readouterr().err


def test_an_example_longer_than_the_context_is_wrong_use(tmp_path: Path) -> None:
    short = QUICK.model_copy(update={"shape": SMALLEST.model_copy(update={"positions": 20})})
    with pytest.raises(WrongUse, match="tokens"):
        make(EXAMPLES, tmp_path / "tiny", short)
    with pytest.raises(WrongUse, match="empty"):
        make([], tmp_path / "tiny", QUICK)


def test_the_command_refuses_wrong_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "t"), "--steps", "0"]) == 2
    assert "steps" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_is_reproducible_from_its_seed_and_its_loss_falls(tmp_path: Path) -> None:
    cards: list[dict[str, Any]] = []
    for name in ("a", "b", "other"):
        seed = "1" if name == "other" else "0"
        samples = "2" if name == "a" else "0"
        options = [
            "--steps",
            "16",
            "--batch-size",
            "4",
            "--per-task",
            "30",
            "--samples",
            samples,
            "--seed",
            seed,
        ]
        assert main(["--out", str(tmp_path / name), *options]) == 0
        cards.append(json.loads((tmp_path / name / "card.json").read_text()))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "other")
    assert cards[0]["corpus"]["hash"] == cards[1]["corpus"]["hash"]
    assert cards[0]["loss_first"] > cards[0]["loss_last"] + 0.2
    assert set(cards[0]["samples"]) == set(cards[0]["corpus"]["by_task"])
