"""A run's time is that in which a process worked on it."""

from __future__ import annotations

import json
from pathlib import Path

from hayate.report.worked import read_worked, worked_s


def test_pauses_between_processes_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"phases": {}, "worked": [[100, 160], [1000, 1030]]}))
    spans = read_worked(tmp_path, None)
    assert worked_s(spans, 100, 1030) == 90
    assert worked_s(spans, 100, 99_999) == 90  # resumed when it was done
    assert worked_s(spans, 150, 1010) == 20  # a phase from here to there


def test_a_process_that_was_killed_worked_until_its_last_verdict(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"phases": {}, "worked": [[100, 160]]}))
    assert worked_s(read_worked(tmp_path, 170.0), 100, 170) == 70
    assert worked_s(read_worked(tmp_path, 150.0), 100, 160) == 60


def test_a_folder_that_says_nothing_of_pauses_counts_from_first_to_last(tmp_path: Path) -> None:
    assert worked_s(read_worked(tmp_path, 170.0), 100, 170) == 70
    (tmp_path / "state.json").write_text(json.dumps({"version": 1, "phases": {}}))
    assert worked_s(read_worked(tmp_path, 170.0), 100, 170) == 70
    (tmp_path / "state.json").write_text("{")
    assert worked_s(read_worked(tmp_path, None), 100, 90) == 0
