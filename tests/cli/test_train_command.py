"""`hayate train` on a task folder outside the package, with a policy that gets nothing right."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from test_commands import hayate

from hayate import tasks

pytest.importorskip("trl", reason="training needs TRL: pip install 'hayate[train]'")


def train(run: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return hayate("train", str(run), "--out", str(out), *more)


def test_a_training_in_which_nothing_was_accepted_is_none(tmp_path: Path) -> None:
    """Phase 1 finds the folder's variants; replies of eight tokens are cut off; --resume adds no time."""
    mine = tmp_path / "mine"
    shutil.copytree(tasks.folder("jacobi2d"), mine)
    text = (mine / "task.toml").read_text()
    (mine / "task.toml").write_text(text.replace('name = "jacobi2d"', 'name = "mine"', 1))
    run, out = tmp_path / "run.toml", tmp_path / "out"
    run.write_text(
        f"""
[run]
name = "short"
tasks = ["{mine}"]
baselines = false
[policy]
model = "tiny"
max_new_tokens = 8
[phases.sft]
steps = 1
examples = 4
check_samples = 2
trl = {{ per_device_train_batch_size = 2 }}
"""
    )
    done = train(run, out)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing was accepted in this training; most often:" in done.stderr
    assert "2 times violation: no code block in the reply\n    " in done.stderr
    assert "Warning" not in done.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["tasks"][0]["task"] == "mine"
    again = train(run, out, "--resume", "--json")
    assert again.returncode == 1, again.stdout + again.stderr
    said = json.loads(again.stdout)
    assert [(one["outcome"], one["count"]) for one in said["refused"]] == [("violation", 2)]
    assert said["refused"][0]["reply"]
    assert json.loads((out / "report.json").read_text())["wall_s"] == report["wall_s"]
