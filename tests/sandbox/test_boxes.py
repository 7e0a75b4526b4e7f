"""Boxes are there while they are used, and gone afterwards, however their maker ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hayate.sandbox import boxes, new_box

LONG_AGO = 1_000_000_000.0
MAKER = """
import time
from hayate.sandbox import new_box
with new_box() as box:
    (box / "x").write_text("1")
    print(box, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that boxes are made in."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_is_removed_and_nothing_else(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        left = Path(maker.stdout.readline().strip())
        assert left.parent == root
        os.utime(left, (LONG_AGO, LONG_AGO))
        boxes._sweep(root)
        assert left.exists()  # in use
        maker.send_signal(signal.SIGKILL)
    # The second is a state folder of a user whose name has eight letters.
    names = ("hayate-uids", "hayate-u1234567", "hayate-box-notes-of-mine", "other-box-abcd1234")
    others = [root / name for name in names]
    young = root / "hayate-box-abcd1234"
    for folder in (*others, young):
        folder.mkdir()
    for folder in others:
        os.utime(folder, (LONG_AGO, LONG_AGO))
    (root / "hayate-box-abcd5678").symlink_to(others[0])
    boxes._sweep(root)
    assert not left.exists()
    assert all(folder.exists() for folder in (*others, young))


def test_a_box_ends_with_its_block(root: Path) -> None:
    with new_box() as box:
        assert boxes._NAME.fullmatch(box.name)
        (box / "closed").mkdir(mode=0)
    assert not box.exists()
