"""Several training processes: the main one draws the prompts and makes the verdicts for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hayate.archive import Archive

CHILD = Path(__file__).with_name("train_child.py")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_train_as_one(chat_miniature: Path, tmp_path: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    child = [str(CHILD), str(chat_miniature), str(tmp_path / "run"), str(tmp_path / "log"), "never"]
    # As `accelerate launch` would set them.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run([*launch, *child], capture_output=True, text=True, timeout=500, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    with Archive(tmp_path / "run" / "archive.db") as archive:
        rows = archive.samples("killed", "grpo")
        steps = archive.steps("killed", "grpo")
    # Two processes of four replies each: two groups of four in each step, every sample once.
    assert Counter((row.step, row.group) for row in rows) == {(s, g): 4 for s in range(6) for g in range(2)}
    assert [step.step for step in steps] == list(range(6))
    assert all(len(step.metrics["permitted"]) == 2 for step in steps)
