"""kill -9 at any moment, then --resume: nothing recorded is lost, nothing is measured twice, the curve goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from train_child import STEPS

from hayate.archive import Archive
from hayate.train.state import RunState

CHILD = Path(__file__).with_name("train_child.py")

KILLS = (
    "sft:step:3",  # after the first checkpoint, before the second
    "sft:save:4",  # the checkpoint's files are there, its mark isn't
    "selftrain:verdict:3",  # in the midst of a round's verdicts
    "selftrain:step:3",  # in its training
    "grpo:verdict:2",  # in the first group
    "grpo:step:3",
    "grpo:verdict:6",
    "grpo:save:6",  # the very last
)


def run_child(model: Path, out: Path, log: Path, kill: str) -> int:
    command = [sys.executable, str(CHILD), str(model), str(out), str(log), kill, "resume"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-3000:]
    return done.returncode


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_at_many_points_and_resumed(chat_miniature: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "run", tmp_path / "measured"
    known: dict[int, str] = {}
    judged: set[str | None] = set()  # object code
    for kill in (*KILLS, "never"):
        log.write_text("")
        code = run_child(chat_miniature, out, log, kill)
        assert code == (0 if kill == "never" else -signal.SIGKILL), f"did not reach {kill}"
        assert not judged & set(log.read_text().split()), "measured again"
        with Archive(out / "archive.db") as archive:
            rows = archive.samples("killed", include_abandoned=True)
        assert known.items() <= {row.id: row.hash for row in rows}.items(), "a recorded verdict is gone"
        known = {row.id: row.hash for row in rows}
        judged = {row.object_hash for row in rows}

    state = RunState.load(out)
    with Archive(out / "archive.db") as archive:
        everything = archive.samples("killed", include_abandoned=True)
        on_curve = archive.samples("killed")
        steps = {name: [s.step for s in archive.steps("killed", name)] for name in STEPS}
        phases = archive.phases("killed")
    assert known.keys() <= {row.id for row in everything}
    assert any(row.abandoned for row in everything)
    assert len({(r.phase, r.step, r.group, r.index) for r in on_curve}) == len(on_curve)
    assert Counter(row.phase for row in on_curve) == {"sft": 4, "selftrain": 2 * 2 * 6, "grpo": 6 * 4}
    assert steps == {"sft": list(range(6)), "selftrain": [1, 2, 3, 5, 6, 7], "grpo": list(range(6))}
    assert [phase.name for phase in phases if phase.ended is not None] == list(STEPS)
    assert all(state.done(name) and (state.model(name) / "config.json").exists() for name in STEPS)
