"""Guesses in the report: counted on their own, in no other figure; and what audits say of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from record_examples import accepted, candidate
from rich.console import Console
from synthetic_run import HOST, make_run

from hayate import tasks
from hayate.archive import Archive
from hayate.farm.replay import REPLAYED
from hayate.records import GUESSED, Candidate, Interval, Outcome, Technique, Verdict
from hayate.report import RunReport, build, summary
from hayate.surrogate.guess import Guess

HELD_OUT = Interval(value=0.9, low=0.85, high=0.93)


def _guess(speedup: float) -> Guess:
    return Guess(
        speedup=speedup,
        low=0.8 * speedup,
        high=1.2 * speedup,
        passes=0.95,
        failure=Outcome.WRONG,
        objects=123,
        held_out=HELD_OUT,
        metric=("GFLOPS", 3.0),
    )


def _guessed(of: Candidate, speedup: float) -> Verdict:
    found = _guess(speedup).measurement()
    update = {"timing": None, "numbers": found.numbers, "metric": found.metric, "speedup": found.speedup}
    return _measured(of, speedup).model_copy(
        update={**update, "guess": True, "judge_version": GUESSED + "1", "reason": found.reason}
    )


def _measured(of: Candidate, speedup: float) -> Verdict:
    return accepted(
        of,
        gflops=3 * speedup,
        speedup=speedup,
        techniques=(Technique.PREFETCH,),
        object_hash=f"g{of.hash[:6]}",
        task_hash=tasks.builtin("dgemm").hash,
        host=HOST,
    )


def _with_guesses(folder: Path, *, audits: int = 40, guesses: int = 100, bias: float = 1.2) -> Path:
    """A run with guesses of a thousand times the reference, which would lead every table."""
    make_run(folder, steps=4, group=8)
    rng = random.Random(1)
    with Archive(folder / "archive.db") as archive:
        for i in range(guesses):
            one = candidate(f"guess {i}", run="demo", step=i % 4)
            archive.record_sample(one, _guessed(one, 1000.0 + i), 20.0)
        for i in range(audits):
            one = candidate(f"audit {i}", run="demo", step=i % 4)
            told = rng.uniform(1, 10)
            verdict = _measured(one, bias * told * rng.lognormvariate(0, 0.1))
            verdict = verdict.model_copy(update={"numbers": _guess(told).numbers(audit=True)})
            archive.record_sample(one, verdict, 5.0)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = _with_guesses(tmp_path_factory.mktemp("guesses"))
    build(made)
    return made


def test_a_run_without_guesses_has_no_such_key(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, steps=2, group=6))
    assert report.surrogate == ()
    assert "surrogate" not in json.loads((tmp_path / "report.json").read_text())
    assert "What was guessed" not in (tmp_path / "report.html").read_text()
    assert RunReport.model_validate_json((tmp_path / "report.json").read_text()) == report


def test_the_documented_keys(folder: Path) -> None:
    (one,) = json.loads((folder / "report.json").read_text())["surrogate"]
    page = (Path(__file__).parents[2] / "docs" / "replay.md").read_text()
    for key in one:
        assert f"`{key}`" in page, key
    assert (one["task"], one["guesses"], one["measured"], one["audits"]) == ("dgemm", 100, 40, 40)
    assert one["trained_on"] == 123
    assert one["held_out"]["value"] == HELD_OUT.value
    assert one["audit"]["value"] > 0.8
    assert one["bias"]["low"] < 1.2 < one["bias"]["high"]
    assert one["audit_correct_share"]["value"] == 1
    assert one["guessed_correct_share"] == pytest.approx(0.95)


def test_guesses_are_in_no_other_figure(folder: Path, tmp_path: Path) -> None:
    """The report of the same run without its guesses says the same."""
    report = RunReport.model_validate_json((folder / "report.json").read_text())
    without = build(_with_guesses(tmp_path, guesses=0))
    differ = {name for name in RunReport.model_fields if getattr(report, name) != getattr(without, name)}
    allowed = {"created", "reported", "wall_s", "surrogate", "notes", "tasks", "phases", "best", "change"}
    assert differ <= allowed
    # What was measured beside guesses was picked: its quarters say nothing of the policy's progress.
    assert report.change is None
    assert without.change is not None
    for ours, theirs in zip(report.tasks, without.tasks, strict=True):
        assert ours.curve == theirs.curve
        assert ours.niches == theirs.niches
        assert ours.reasons == theirs.reasons
        for one, other in zip(ours.phases, theirs.phases, strict=True):
            assert one.model_copy(update={"wall_s": None}) == other.model_copy(update={"wall_s": None})
    assert report.best is not None
    assert without.best is not None
    assert report.best.candidate == without.best.candidate
    assert not report.judge_version.startswith(GUESSED)
    assert any("100 samples got a surrogate's guess" in note for note in report.notes)
    assert any("was picked" in note for note in report.notes)


def test_page_and_terminal_tell_of_them(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "What was guessed" in page
    report = RunReport.model_validate_json((folder / "report.json").read_text())
    console = Console(width=140, record=True, file=(folder / "out").open("w"))
    console.print(summary(report))
    text = console.export_text()
    assert "100 guessed and not measured" in text
    assert "held-out rank correlation 0.90" in text


def test_few_audits_have_no_correlation(tmp_path: Path) -> None:
    (one,) = build(_with_guesses(tmp_path, audits=3)).surrogate
    assert one.audits == 3
    assert one.audit is None
    assert one.held_out is not None


def test_a_replayed_run_says_so(tmp_path: Path) -> None:
    make_run(tmp_path, steps=2, group=6)
    host = HOST.model_copy(update={"warnings": (REPLAYED,)})
    with Archive(tmp_path / "archive.db") as archive:
        one = candidate("replayed", run="demo")
        archive.record_sample(one, _measured(one, 2.0).model_copy(update={"host": host}), 1.0)
    assert any("replayed from an archive" in note for note in build(tmp_path).notes)
