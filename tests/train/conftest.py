"""A miniature that has learned to answer in the format, once for all tests here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("trl", reason="training needs TRL: pip install 'hayate[train]'")

import train_miniature
from scripted_farm import ScriptedFarm
from train_runs import SFT, settings

import hayate.augment
from hayate.train.run import run_phases

Start = Callable[..., Path]


class Item:
    """As much of augment.CorpusItem as phase 1 reads."""

    def __init__(self, prompt: Any, source: str) -> None:
        self.prompt, self.source = prompt, source


def corpus(_tasks: object, *, seed: int, per_task: int, folders: object = None) -> list[Item]:
    return [Item(prompt, source) for prompt, source in train_miniature.pairs(per_task, seed)]


@pytest.fixture(autouse=True)
def _small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A miniature can't learn whole kernels in seconds: its corpus is one line each."""
    monkeypatch.setattr(hayate.augment, "corpus", corpus)


@pytest.fixture(scope="session")
def chat_miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a chat template; answers in the format, every speed about equally often. Made by phase 1 itself."""
    folder = tmp_path_factory.mktemp("miniature")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hayate.augment, "corpus", corpus)
        random = train_miniature.make(folder / "random")
        run = settings(random, {"sft": SFT})
        return run_phases(run, folder / "run", open_farm=lambda _: ScriptedFarm())
