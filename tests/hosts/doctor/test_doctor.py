"""All checks together, on the real machine and on an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hayate import hosts


def test_all_checks_on_this_machine() -> None:
    found = hosts.checks()
    names = [check.name for check in found]
    assert len(set(names)) == len(names)
    assert {"compiler", "load", "priority", "disk", "state folder", "GPU", "Python venv"} <= set(names)
    assert any(name.startswith("sandbox") for name in names)
    assert all(check.seen for check in found)
    assert all(check.remedy for check in found if check.ok is False)


def test_an_empty_tree_raises_nothing(tmp_path: Path) -> None:
    assert all(check.seen for check in hosts.checks(tmp_path))


def test_a_check_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HAYATE_STATE", str(blocked / "state"))
    by_name = {check.name: check for check in hosts.checks()}
    assert by_name["disk"].ok is False
    assert "HAYATE_STATE" in by_name["disk"].seen
    assert "writable" in by_name["disk"].remedy
