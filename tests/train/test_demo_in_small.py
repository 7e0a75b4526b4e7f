"""`make demo` cut down: the shipped model, the three phases, the real judge, the command that a person gives."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from hayate import sandbox
from hayate.archive import Archive
from hayate.records import Outcome

ROOT = Path(__file__).parents[2]
# The keys of runs/demo.toml that make it long, and what they are here.
SHORTER = {
    "expected_groups": 2,
    "examples": 16,
    "check_samples": 2,
    "samples": 8,
    "num_generations": 8,
    "per_device_train_batch_size": 8,
    "steps": 2,
}


def test_the_demo_ends_with_verdicts_and_a_report(tmp_path: Path) -> None:
    text = (ROOT / "runs" / "demo.toml").read_text()
    for key, value in SHORTER.items():
        text, count = re.subn(rf"^{key} = \d+", f"{key} = {value}", text, flags=re.MULTILINE)
        assert count, key
    (tmp_path / "run.toml").write_text(text)
    hayate, out = Path(sys.executable).with_name("hayate"), tmp_path / "out"
    argv = [str(hayate), "train", str(tmp_path / "run.toml"), "--out", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=280, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (out / "report.html").stat().st_size > 0
    assert (out / "report.json").stat().st_size > 0
    with Archive(out / "archive.db") as archive:
        samples = archive.samples("demo")
    assert {sample.phase for sample in samples} >= {"selftrain", "grpo"}
    assert any(sample.outcome is Outcome.ACCEPTED for sample in samples)
    assert sandbox.best().tier in (out / "report.json").read_text()
