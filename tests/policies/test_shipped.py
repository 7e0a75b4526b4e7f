"""The model that is in the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hayate import tasks
from hayate.policies import TINY_FOLDER, HuggingFacePolicy, PolicySettings, load
from hayate.policies.make_tiny import MOST_BYTES
from hayate.prompts import extract, render
from hayate.records import Assignment, Prompt, Task

NAMES = ("dgemm", "jacobi2d")


@pytest.fixture(scope="module")
def tiny() -> HuggingFacePolicy:
    return load(PolicySettings(model="tiny", device="cpu"))


def plain_prompt(task: Task) -> Prompt:
    return render("staged", task, Assignment(task=task.name, permitted=task.techniques))


def test_it_is_small_enough_to_ship() -> None:
    files = [p for p in TINY_FOLDER.iterdir() if p.is_file()]
    assert {"config.json", "model.safetensors", "tokenizer.json", "card.json"} <= {p.name for p in files}
    assert sum(p.stat().st_size for p in files) <= MOST_BYTES


def test_its_card_says_what_it_was_made_from() -> None:
    card = json.loads(Path(TINY_FOLDER / "card.json").read_text())
    assert set(card["corpus"]["by_task"]) == set(NAMES)
    assert card["settings"]["training"]["seed"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_its_tokenizer_holds_prompt_and_solutions_in_few_tokens(tiny: HuggingFacePolicy, name: str) -> None:
    task = tasks.builtin(name)
    prompt = plain_prompt(task)
    ids = tiny.token_ids(prompt)
    assert tiny.tokenizer.decode(ids, clean_up_tokenization_spaces=False) == tiny.encode_prompt(prompt)
    assert len(ids) < 250
    variants = list(tasks.templates.load(tasks.folder(name)).all(limit=20))
    # A line of a template is a few tokens: three characters a token would say that it was trained on other text.
    assert (
        sum(len(tiny.tokenizer(v.text)["input_ids"]) for v in variants)
        < sum(len(v.text) for v in variants) / 5
    )


@pytest.mark.parametrize("name", NAMES)
def test_its_replies_keep_the_format_and_define_the_entry(tiny: HuggingFacePolicy, name: str) -> None:
    task = tasks.builtin(name)
    samples = tiny.sample([plain_prompt(task)], 16, seed=1)[0]
    sources = [extract(s.text) for s in samples]
    named = [s for s in sources if s is not None and f"void {task.entry}(" in s]
    assert len(named) >= 12
    assert len(set(named)) >= 6
