"""Which tier is chosen, why not another, and where boxes go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.sandbox import Command, Sandbox, TierReport, best, boxes, bubblewrap, get, new_box, probe
from hayate.sandbox.identity import pool

probing = sys.modules["hayate.sandbox.probe"]  # the package has a function of that name
ROOT = Path(boxes.__file__).resolve().parents[2]


@pytest.fixture
def fresh() -> None:
    probing._best.cache_clear()
    bubblewrap._options.cache_clear()


@pytest.fixture(autouse=True)
def forget() -> object:
    yield
    probing._best.cache_clear()
    bubblewrap._options.cache_clear()


def test_every_tier_is_reported() -> None:
    reports = {report.tier: report for report in probe()}
    assert list(reports) == ["bubblewrap", "landlock"]
    for report in reports.values():
        assert report.works == (report.reason == "") == (report.start_ms is not None)
        if report.works:
            assert report.weaknesses


def test_best_is_the_strongest_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAYATE_SANDBOX", raising=False)
    working = [report.tier for report in probe() if report.works]
    if not working:
        with pytest.raises(Fault):
            best()
    else:
        assert best().tier == working[0]


def test_a_tier_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for report in probe():
        if report.works:
            monkeypatch.setenv("HAYATE_SANDBOX", report.tier)
            assert best().tier == report.tier
    monkeypatch.setenv("HAYATE_SANDBOX", "none")
    with pytest.raises(WrongUse, match="bubblewrap, landlock"):
        best()
    with pytest.raises(WrongUse):
        get("")


class Flaky(Sandbox):
    """A tier that works here, but for the starts whose numbers are named, counted from 1."""

    tier = "flaky"

    def __init__(self, tier: Sandbox, fails: set[int], how: str = "fault") -> None:
        self._tier, self._fails, self._how = tier, fails, how
        self.starts = 0

    def start(self, command: Command) -> Any:
        self.starts += 1
        if self.starts in self._fails:
            if self._how == "fault":
                raise Fault(FaultKind.SANDBOX_BROKEN, "File descriptor in bad state")
            if self._how == "exit":
                return self._tier.start(replace(command, argv=["sh", "-c", "echo no >&2; exit 3"]))
            return self._tier.start(replace(command, pass_fds=command.pass_fds[::-1]))
        return self._tier.start(command)

    def weaknesses(self) -> tuple[str, ...]:
        return ()


def flaky(monkeypatch: pytest.MonkeyPatch, fails: set[int], how: str = "fault") -> Flaky:
    """The only tier there is."""
    try:
        made = Flaky(best(), fails, how)
    except Fault as fault:
        pytest.skip(str(fault))
    monkeypatch.setattr(probing, "TIERS", {"flaky": lambda: made})
    monkeypatch.delenv("HAYATE_SANDBOX", raising=False)
    probing._best.cache_clear()
    return made


def report_of(monkeypatch: pytest.MonkeyPatch, fails: set[int], how: str = "fault") -> TierReport:
    flaky(monkeypatch, fails, how)
    (report,) = probe()
    return report


def test_a_tier_that_fails_now_and_then_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(monkeypatch, {7, 19})
    assert not report.works
    assert report.reason.startswith("2 of 20 starts failed, the first with: File descriptor in bad state")


@pytest.mark.parametrize("fails", [{1}, {1, 2}, {20}, set(range(2, 21))])
def test_every_start_is_tried_and_counted(fails: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert report_of(monkeypatch, fails).reason.startswith(f"{len(fails)} of 20 starts failed")


def test_a_tier_that_never_starts_is_told_by_its_reason_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = flaky(monkeypatch, set(range(1, 100)))
    (report,) = probe()
    assert report.reason == "File descriptor in bad state"
    assert made.starts == 3


@pytest.mark.parametrize(
    ("how", "seen"),
    [("exit", "a command ended with 3: no"), ("order", "does not find the descriptors that it was given")],
)
def test_a_start_must_find_what_a_runner_is_given(
    how: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = report_of(monkeypatch, {13}, how)
    assert report.reason.startswith("1 of 20 starts failed")
    assert seen in report.reason


def test_the_choice_of_a_tier_stays_quick_and_the_report_thorough(monkeypatch: pytest.MonkeyPatch) -> None:
    made = flaky(monkeypatch, set())
    assert best() is made
    assert made.starts == 3 + 1  # and one that must not reach a file outside
    (report,) = probe()
    assert report.works
    assert made.starts == 3 + 1 + 20 + 1


def test_missing_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = next(report for report in probe() if report.tier == "bubblewrap")
    assert not report.works
    assert "apt install bubblewrap" in report.reason
    monkeypatch.setenv("HAYATE_SANDBOX", "bubblewrap")
    with pytest.raises(Fault, match="apt install bubblewrap") as caught:
        best()
    assert caught.value.kind == FaultKind.SANDBOX_BROKEN


def test_broken_bubblewrap_is_a_fault_and_no_exit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: None
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.getuid() and folder != Path("/") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o011)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with new_box() as box, pytest.raises(Fault, match="setting up uid map") as caught:
        get("bubblewrap").run(Command(["true"], box))
    assert caught.value.kind == FaultKind.SANDBOX_BROKEN


def test_no_user_namespaces_and_root_of_a_small_namespace(tmp_path: Path) -> None:
    """As on a machine where they are switched off: Landlock takes over, with capabilities dropped."""
    unshare = shutil.which("unshare")
    ask = [unshare or "", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc", "true"]
    if unshare is None or subprocess.run(ask, capture_output=True).returncode != 0:
        pytest.skip("needs user namespaces and util-linux: apt install util-linux")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from hayate.sandbox import *\n"
        "one, two = probe()\n"
        "print(one.works, one.reason)\nprint(two.works, two.reason)\n"
        "with new_box() as box: print(best().run(Command(['cat', '/etc/shadow'], box)).returncode)\n"
    )
    script = f'echo 0 > /proc/sys/user/max_user_namespaces && exec {sys.executable} -c "$0"'
    told = subprocess.run([*ask[:-1], "sh", "-c", script, code], capture_output=True, text=True)
    first, second, third = told.stdout.splitlines()
    assert first.startswith("False")
    assert "user.max_user_namespaces" in first
    if not second.startswith("True"):
        pytest.skip(f"Landlock does not work here either: {second}")
    assert third != "0"


def test_both_tiers_work_for_an_ordinary_user() -> None:
    python = next(
        (p for p in (sys.executable, "/usr/bin/python3") if boxes.reachable(Path(p).resolve())), None
    )
    if pool() is None or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv: apt install util-linux")
    if python is None or not boxes.reachable(ROOT / "x"):
        pytest.skip("needs a Python and a checkout that other users can reach: apt install python3")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from hayate.sandbox import *\n"
        "for report in probe(): print(report.tier, report.works, report.reason)\n"
    )
    argv = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", python, "-B", "-c", code]
    told = subprocess.run(argv, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    as_root = {report.tier: report.works for report in probe()}
    as_user = {line.split()[0]: line.split()[1] == "True" for line in told.stdout.splitlines()}
    assert as_user == as_root, told


def test_boxes_are_removed_whatever_is_in_them() -> None:
    with new_box() as box:
        deep = box / "a" / "b" / "c"
        deep.mkdir(parents=True)
        (deep / "file").touch()
        (box / "link").symlink_to("/etc")
        deep.chmod(0)
        (box / "a").chmod(0o500)
    assert not box.exists()
    assert Path("/etc/passwd").exists()


def test_full_disk_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(Fault) as caught, new_box():
        pass
    assert caught.value.kind == FaultKind.DISK_FULL


def test_unusable_temporary_folder_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with new_box() as box:
        assert box.is_dir()
