"""What a command left behind is counted and removed whatever it is: deep, closed, many, odd."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from hayate.sandbox import Command, boxes, get, new_box, probe, trees


def nest(folder: Path, depth: int) -> None:
    """`depth` folders, one in the other, with a file in each."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=at)
        below = os.open("deeper", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=below))
        os.close(at)
        at = below
    os.close(at)


@pytest.mark.parametrize("depth", [0, 1, 40, 3 * sys.getrecursionlimit()])
def test_nested_folders_are_removed(tmp_path: Path, depth: int) -> None:
    box = tmp_path / "box"
    box.mkdir()
    nest(box, depth)
    assert trees.remove(box)
    assert not box.exists()


def test_closed_folders_odd_names_and_odd_things_are_removed(tmp_path: Path) -> None:
    box, outside = tmp_path / "box", tmp_path / "outside"
    box.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("kept")
    outside.chmod(0o751)
    before = outside.stat().st_mode
    for name in (b".0", b".1", b"\xff\xfe", b"a b", b"-rf", b"x" * 255):
        inner = os.path.join(os.fsencode(box), name)  # noqa: PTH118 -- names that are no text
        os.mkdir(inner)  # noqa: PTH102
        os.mkdir(os.path.join(inner, b".0"))  # noqa: PTH102, PTH118
        os.mkfifo(os.path.join(inner, b"fifo"))  # noqa: PTH118
    (box / "link").symlink_to(outside)
    (box / "a b" / "link").symlink_to(outside)
    os.link(outside / "kept", box / "hard")
    for folder in (box / "a b" / ".0", box / "a b", box):
        folder.chmod(0)
    assert trees.remove(box)
    assert (outside / "kept").read_text() == "kept"
    assert outside.stat().st_mode == before


def test_what_is_gone_is_removed_and_what_is_no_folder_is_not(tmp_path: Path) -> None:
    assert trees.remove(tmp_path / "never")
    (tmp_path / "file").write_text("kept")
    assert not trees.remove(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_removal_ends_in_time_and_goes_on_later(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    nest(box, 200)
    assert not trees.remove(box, most_s=0.0)
    assert box.exists()
    assert trees.remove(box)


def test_usage_is_counted_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some").write_bytes(b"x" * 100_000)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "more").write_bytes(b"x" * 100_000)
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert 200_000 <= trees.usage_bytes(folder, 1 << 30) < 400_000
        assert trees.usage_bytes(folder, 150_000) == 150_001
        monkeypatch.setattr(trees, "LOOK_MOST", 2)
        assert trees.usage_bytes(folder, 1 << 30) == (1 << 30) + 1
        nest(tmp_path, 600)  # beyond the longest path
        monkeypatch.undo()
        assert trees.usage_bytes(folder, 1 << 30) == (1 << 30) + 1
    finally:
        os.close(folder)
    assert trees.remove(tmp_path / "deeper")


def test_a_box_of_many_nested_folders_stands_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once made every later judgement end in a RecursionError: each began with a sweep of what was left."""
    tier = next(report.tier for report in probe() if report.works)
    root = tmp_path / "boxes"
    root.mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    monkeypatch.setattr(boxes.tempfile, "gettempdir", lambda: str(root))
    left = root / f"{boxes.PREFIX}abcdefgh"
    left.mkdir()
    nest(left, 1500)
    long_ago = time.time() - 2 * boxes.STALE_S
    os.utime(left, (long_ago, long_ago))
    monkeypatch.setattr(boxes, "_swept", set())
    with new_box() as box:
        assert box.parent == root
        assert not left.exists()
        assert get(tier).run(Command(["true"], box)).ok
        nest(box, 1500)
    assert not box.exists()
