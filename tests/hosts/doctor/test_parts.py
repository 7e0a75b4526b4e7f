"""What hayate needs on a machine: compilers, tiers of the sandbox, yardsticks, memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hayate import hosts, sandbox, toolchains
from hayate.errors import Fault, FaultKind
from hayate.hosts.doctor import parts
from hayate.hosts.profile import fingerprint
from hayate.records import Fastest
from hayate.sandbox import TierReport


@pytest.mark.parametrize(
    ("free_kb", "ok", "seen"), [(8_388_608, True, "8.0 GiB"), (102_400, False, "0.1 GiB")]
)
def test_memory_that_is_free(free_kb: int, ok: bool, seen: str, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable:    {free_kb} kB\n")
    check = parts.memory(tmp_path)
    assert check.ok is ok
    assert seen in check.seen
    assert ok or check.remedy


WORKS = {"works": True, "reason": "", "start_ms": 5.0}
FAILS = {"works": False, "reason": "2 of 20 starts failed, the first with: bad state"}


@pytest.mark.parametrize(
    ("first", "second", "chosen", "ok", "remedy"),
    [
        (WORKS, WORKS, "bubblewrap", [True, True], ["", ""]),
        (FAILS, WORKS, "bubblewrap", [False, True], ["HAYATE_SANDBOX=landlock", ""]),
        (FAILS, WORKS, "landlock", [None, True], ["apt install bubblewrap", ""]),
        (FAILS, FAILS, "", [False, False], ["apt install bubblewrap", "Landlock"]),
        (FAILS, FAILS, "landlock", [False, False], ["apt install bubblewrap", "report it"]),
    ],
)
def test_a_tier_that_candidates_run_in_must_start_every_time(
    first: dict[str, object],
    second: dict[str, object],
    chosen: str,
    ok: list[bool | None],
    remedy: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports = [TierReport(tier="bubblewrap", **first), TierReport(tier="landlock", **second)]  # type: ignore[arg-type]
    monkeypatch.setattr(sandbox, "probe", lambda starts: reports)

    def best() -> SimpleNamespace:
        if not chosen:
            raise Fault(FaultKind.SANDBOX_BROKEN, "none")
        return SimpleNamespace(tier=chosen)

    monkeypatch.setattr(sandbox, "best", best)
    checks = parts.sandboxes()
    assert [check.ok for check in checks] == ok
    for check, report, words in zip(checks, reports, remedy, strict=True):
        assert ("20 of 20 starts of 5 ms" if report.works else "2 of 20 starts failed") in check.seen
        assert words in check.remedy


def test_a_missing_compiler_is_something_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[toolchains.Compiler]:
        raise Fault(FaultKind.COMPILER_MISSING, "no compiler", remedy="apt install gcc")

    monkeypatch.setattr(toolchains, "compilers", none)
    (check,) = parts.compilers()
    assert check.ok is False
    assert check.remedy == "apt install gcc"


def test_yardsticks_far_from_the_fastest_known_are_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    assert parts.yardsticks() == []
    here = Fastest(
        task="dgemm",
        task_hash="1",
        fingerprint=fingerprint(),
        name="OpenBLAS Haswell",
        yardstick="40_tile",
        times=2.9,
    )
    hosts.note_fastest(here)
    hosts.note_fastest(here.model_copy(update={"name": "the best kernel", "times": 1.5}))  # slower: not kept
    hosts.note_fastest(here.model_copy(update={"fingerprint": "another machine's", "times": 9.0}))
    (found,) = parts.yardsticks()
    assert found.name == "yardsticks of dgemm"
    assert found.ok is None
    assert found.seen == "OpenBLAS Haswell is 2.9 times as fast as 40_tile, the nearest yardstick"
    assert found in hosts.checks()
    hosts.note_fastest(
        here.model_copy(update={"task_hash": "2", "times": 1.1})
    )  # it has better yardsticks now
    (found,) = parts.yardsticks()
    assert found.ok is True
