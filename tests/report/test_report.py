"""The report of whole, interrupted and empty runs, made from a real archive."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from synthetic_run import make_run

from hayate.archive import Archive
from hayate.errors import WrongUse
from hayate.records import Fastest
from hayate.report import RunReport, build, summary
from hayate.report.page import cards


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_run(tmp_path_factory.mktemp("run"), abandoned_steps=0)
    build(folder)
    return folder


def _read(folder: Path) -> RunReport:
    return RunReport.model_validate_json((folder / "report.json").read_text())


def test_keys_that_others_rely_on(whole: Path) -> None:
    found = json.loads((whole / "report.json").read_text())
    assert found["schema_version"] == 1
    assert [p["name"] for p in found["phases"]] == ["sft", "selftrain", "grpo"]
    for phase in found["phases"]:
        assert {"verdicts", "correct_share", "median", "best", "outcomes", "wall_s"} <= phase.keys()
        for name in ("correct_share", "median", "best"):
            low, value, high = (phase[name][k] for k in ("low", "value", "high"))
            assert low <= value <= high
    assert set(found["baselines"]) == {
        "reference",
        "reference, best flags",
        "OpenBLAS, best core type",
        "measured FMA peak",
    }
    assert {"value", "low", "high"} <= found["baselines"]["reference"].keys()
    best = {"candidate", "source", "metric", "speedup", "techniques", "niche", "diff", "lineage"}
    assert best <= found["best"].keys()
    assert {
        "wall_s",
        "host",
        "settings",
        "faults",
        "reused",
        "curve",
        "niches",
        "run",
        "created",
    } <= found.keys()
    assert found["settings"]["run"]["tasks"] == ["dgemm"]


def test_figures_agree_with_the_archive(whole: Path) -> None:
    report = _read(whole)
    with Archive(whole / "archive.db") as archive:
        rows = archive.samples("demo")
        grpo = archive.samples("demo", "grpo")
        elite = archive.best("dgemm")
        counts = archive.counts("demo", "grpo")
    assert report.samples == len(rows)
    assert report.verdicts == sum(r.outcome is not None for r in rows)
    assert sum(report.faults.values()) == report.samples - report.verdicts > 0
    phase = next(p for p in report.phases if p.name == "grpo")
    assert phase.outcomes == counts
    assert phase.correct_share is not None
    judged = sum(r.outcome is not None for r in grpo)
    assert phase.correct_share.value == sum(r.accepted for r in grpo) / judged
    assert elite is not None
    assert report.best is not None
    assert report.best.candidate == elite.candidate
    assert report.best.confirmed
    assert "double t = 0;" in report.best.diff
    assert report.best.final is not None
    assert sum(n.accepted for n in report.niches) == sum(r.accepted for r in rows)
    so_far = [p.best_so_far or 0.0 for p in report.curve]
    assert so_far == sorted(so_far)
    assert len(report.curve) == 24
    assert report.curve[0].permitted[0] == ("blocking",)


def test_the_demo_figure_compares_quarters(whole: Path) -> None:
    change = _read(whole).change
    assert change is not None
    assert _read(whole).probe is None
    assert (change.first.first_step, change.first.last_step) == (0, 5)
    assert (change.last.first_step, change.last.last_step) == (18, 23)
    assert change.ratio is not None
    assert change.first.median is not None
    assert change.last.median is not None
    assert change.ratio.value == pytest.approx(change.last.median.value / change.first.median.value)
    assert change.share_points is not None
    assert any("permitted different techniques" in note for note in _read(whole).notes)


def test_the_same_conditions_need_no_such_note(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, staged=False, steps=8, group=6))
    assert not any("different techniques" in note for note in report.notes)


def test_before_and_after_were_asked_the_same(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, probes=True, steps=6, group=8))
    by_name = {p.name: p for p in report.phases}
    assert list(by_name) == ["sft", "selftrain", "before", "grpo", "after"]
    before, after = by_name["before"].median, by_name["after"].median
    assert report.probe is not None
    assert report.probe.ratio is not None
    assert before is not None
    assert after is not None
    assert report.probe.ratio.value == pytest.approx(after.value / before.value)
    assert report.probe.share_points is not None
    assert any("asked the same" in note for note in report.notes)
    assert "after phase 3" in (tmp_path / "report.html").read_text()


def test_the_page_stands_alone(whole: Path) -> None:
    page = (whole / "report.html").read_text()
    outside = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!#|data:)([^"')>\s]+)""", page)
    assert outside == []
    assert set(re.findall(r"https?://[^\"'\s<>]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', page))
    assert references <= set(ids)
    assert page.count("<svg") == 5
    assert "#0a0b" not in page


def test_untrusted_text_is_escaped(whole: Path) -> None:
    page = (whole / "report.html").read_text()
    assert "<b>&amp;</b> */" not in page
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt; */" in page
    assert "undeclared &lt;first use&gt; &amp; more" in page


def test_an_interrupted_run(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, steps=5, end=False, baselines=False, abandoned_steps=2))
    assert not report.finished
    assert not report.phases[-1].ended
    assert report.abandoned == 32
    assert [p.step for p in report.curve] == [0, 1, 2]
    assert any("interrupted" in note for note in report.notes)
    assert report.baselines == {}
    assert report.best is not None
    assert report.best.final is None


@pytest.mark.parametrize("steps", [0, 2])
def test_hardly_begun(tmp_path: Path, steps: int) -> None:
    report = build(make_run(tmp_path, steps=steps, group=6, end=False, baselines=False))
    assert len(report.curve) == steps
    assert (report.change is None) == (steps < 2)
    assert "<svg" in (tmp_path / "report.html").read_text() or steps == 0


def test_nothing_accepted(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, right=0.0, steps=6, group=6))
    assert report.best is None
    assert report.niches == ()
    assert all(p.median is None and p.best is None for p in report.phases)
    assert report.phases[-1].correct_share is not None
    assert report.phases[-1].correct_share.value == 0
    assert any("No sample was accepted" in note for note in report.notes)
    assert "best kernel" not in [title for title, _, _ in cards(report.tasks[0])]


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        archive.start_run("demo", {"run": {"tasks": ["dgemm"]}})
    report = build(tmp_path)
    assert report.task == "dgemm"
    assert report.wall_s is None
    assert report.phases == ()
    Console(file=(tmp_path / "out").open("w")).print(summary(report))


def test_several_tasks(tmp_path: Path) -> None:
    report = build(make_run(tmp_path, names=("dgemm", "jacobi2d"), steps=8, group=8))
    assert [t.task for t in report.tasks] == ["dgemm", "jacobi2d"]
    assert report.task == "dgemm"
    assert {(p.task, p.name) for p in report.phases} >= {("dgemm", "grpo"), ("jacobi2d", "grpo")}
    assert [p.step for p in report.tasks[1].curve] == [1, 3, 5, 7]
    assert report.tasks[1].best is not None
    assert report.tasks[1].baselines == {}


def test_a_task_that_is_gone_and_broken_baselines(tmp_path: Path) -> None:
    folder = make_run(tmp_path, steps=4, group=6)
    (folder / "baselines.json").write_text('{"task": "dgemm", "best"')
    report = build(folder, tasks={})
    assert report.best is not None
    assert report.best.diff == ""
    assert any("baselines.json could not be read" in note for note in report.notes)


def test_baselines_of_an_earlier_best(tmp_path: Path) -> None:
    folder = make_run(tmp_path, steps=4, group=6)
    data = json.loads((folder / "baselines.json").read_text())
    (folder / "baselines.json").write_text(json.dumps({**data, "best": "0" * 32}))
    report = build(folder)
    assert any("earlier best kernel" in note for note in report.notes)
    assert report.best is not None
    assert report.best.final is None


@pytest.mark.parametrize("times", [1.3, 2.9])
def test_a_yardstick_that_is_far_from_the_fastest_is_said(tmp_path: Path, times: float) -> None:
    folder = make_run(tmp_path, steps=4, group=6)
    data = json.loads((folder / "baselines.json").read_text())
    fastest = Fastest(
        task="dgemm", task_hash="", fingerprint="", name="OpenBLAS Haswell", yardstick="40_tile", times=times
    )
    (folder / "baselines.json").write_text(json.dumps({**data, "fastest": fastest.model_dump()}))
    said = [note for note in build(folder).notes if "nearest yardstick" in note]
    assert len(said) == (times > 2)
    assert all("OpenBLAS Haswell is 2.9 times as fast as 40_tile" in note for note in said)


def test_wrong_use_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no archive\.db here"):
        build(tmp_path)
    Archive(tmp_path / "archive.db").close()
    with pytest.raises(WrongUse, match="holds no run"):
        build(tmp_path)
    make_run(tmp_path / "run", steps=1)
    with pytest.raises(WrongUse, match=r"no run 'other'.*demo"):
        build(tmp_path / "run", run="other")


def test_the_terminal_summary(whole: Path) -> None:
    console = Console(width=100, record=True, file=(whole / "out").open("w"))
    console.print(summary(_read(whole)))
    text = console.export_text()
    for word in ("sft", "selftrain", "grpo", "OpenBLAS", "best kernel", "429 verdicts", "Note:"):
        assert word in text


def test_made_twice_it_says_the_same(whole: Path) -> None:
    first, page = _read(whole), (whole / "report.html").read_text()
    build(whole)
    again = _read(whole)
    assert first.model_copy(update={"reported": ""}) == again.model_copy(update={"reported": ""})
    assert len(page) == len((whole / "report.html").read_text())


def test_a_browser_shows_it_without_a_complaint(whole: Path) -> None:
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        pytest.skip("no Chromium: apt install chromium")
    picture = whole / "page.png"
    page = whole / "report.html"
    done = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"),
            *("--window-size=390,6000", f"--user-data-dir={whole / 'profile'}"),
            *(f"--screenshot={picture}", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert picture.stat().st_size > 50_000
