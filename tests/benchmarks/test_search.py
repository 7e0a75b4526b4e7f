"""Best of N reads a reply as training does, whether the model opens its block itself or goes on behind the fence."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("optuna", reason="no optuna: pip install 'hayate[bench]'")

from benchmarks import search
from hayate.records import Candidate, Prompt, Sample
from hayate.train import parse_run

CODE = "void dgemm(void)\n{\n}\n"


@pytest.mark.parametrize(
    ("language", "reply", "source"),
    [
        ("c", f"Here:\n```c\n{CODE}```\n", CODE),
        ("c", f"{CODE}```", CODE),
        ("c++", f"```cpp\n{CODE}```", CODE),
        ("c", f"```c\n{CODE}", ""),
    ],
)
def test_a_reply_is_read_as_in_training(
    language: str, reply: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample(prompts: list[Prompt], n: int, seed: int) -> list[list[Sample]]:
        return [[Sample(text=reply, tokens=9, truncated=False)] * n for _ in prompts]

    proposed: list[Candidate] = []

    def spend(run: object, folder: Path, verdicts: int, propose: Any, tell: object) -> dict[str, Any]:
        proposed.extend(propose(verdicts))
        return {}

    monkeypatch.setattr(search, "load_policy", lambda _: SimpleNamespace(sample=sample))
    monkeypatch.setattr(search, "_spend", spend)
    table = {"name": "x", "tasks": ["dgemm"], "language": language}
    run = parse_run({"run": table, "phases": {"grpo": {"steps": 1}}})
    search.best_of_n(run, "tiny", tmp_path, 2, seed=0)
    assert [(one.source, one.language) for one in proposed] == [(source, language)] * 2
