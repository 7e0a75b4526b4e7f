"""Each check on trees made for it, and all of them on the real machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from hayate import hosts, sandbox, toolchains
from hayate.errors import Fault, FaultKind
from hayate.hosts import doctor as rooms
from hayate.hosts.doctor import Check
from hayate.hosts.profile import fingerprint
from hayate.records import Fastest
from hayate.sandbox import TierReport

Look = Callable[[Path], Check]
CPU = "sys/devices/system/cpu"

CASES: list[tuple[str, Look, dict[str, str], bool | None, str]] = [
    (
        "governor performance",
        rooms.governor,
        {f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n"},
        True,
        "performance",
    ),
    (
        "governor powersave",
        rooms.governor,
        {f"{CPU}/cpu3/cpufreq/scaling_governor": "powersave\n"},
        None,
        "powersave",
    ),
    ("governor hidden", rooms.governor, {}, None, "virtual machine"),
    ("turbo on, Intel", rooms.turbo, {f"{CPU}/intel_pstate/no_turbo": "0\n"}, None, "on"),
    ("turbo off, Intel", rooms.turbo, {f"{CPU}/intel_pstate/no_turbo": "1\n"}, True, "off"),
    ("turbo on, AMD", rooms.turbo, {f"{CPU}/cpufreq/boost": "1\n"}, None, "on"),
    ("turbo hidden", rooms.turbo, {}, None, "virtual machine"),
    ("smt", rooms.smt, {f"{CPU}/smt/active": "1\n"}, None, "share a core"),
    ("no smt", rooms.smt, {f"{CPU}/smt/active": "0\n"}, True, "one per core"),
    ("steal", rooms.steal, {"proc/stat": "cpu  70 0 0 20 0 0 0 10 0 0\n"}, False, "10.00%"),
    ("little steal", rooms.steal, {"proc/stat": "cpu  9000 0 0 900 0 0 0 100 0 0\n"}, None, "1.00%"),
    ("no steal", rooms.steal, {"proc/stat": "cpu  70 0 0 30 0 0 0 0 0 0\n"}, True, "0.00%"),
    ("steal hidden", rooms.steal, {"proc/stat": "cpu  \n"}, None, "not visible"),
    (
        "quota in a parent",
        rooms.cpu_quota,
        {
            "proc/self/cgroup": "0::/jobs/one\n",
            "sys/fs/cgroup/jobs/one/cpu.max": "max 100000\n",
            "sys/fs/cgroup/jobs/cpu.max": "150000 100000\n",
        },
        False,
        "1.5 cores",
    ),
    (
        "quota, older groups",
        rooms.cpu_quota,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/box\n0::/\n",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
        },
        False,
        "0.5 cores",
    ),
    (
        "no quota",
        rooms.cpu_quota,
        {"proc/self/cgroup": "3:cpu:/box\n", "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "-1\n"},
        True,
        "none",
    ),
    (
        "groups on",
        rooms.autogroups,
        {"proc/sys/kernel/sched_autogroup_enabled": "1\n"},
        None,
        "login session",
    ),
    ("groups off", rooms.autogroups, {"proc/sys/kernel/sched_autogroup_enabled": "0\n"}, True, "off"),
    ("no groups", rooms.autogroups, {}, True, "off"),
    (
        "huge pages",
        rooms.huge_pages,
        {"sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n"},
        True,
        "madvise",
    ),
    (
        "two nodes",
        rooms.numa,
        {f"sys/devices/system/node/node{i}/cpulist": f"{i}" for i in range(2)},
        None,
        "2 nodes",
    ),
    ("one node", rooms.numa, {"sys/devices/system/node/node0/cpulist": "0-1"}, True, "one node"),
    ("idle", rooms.load, {"proc/loadavg": "0.01 0.10 0.20 1/100 1\n"}, True, "0.01"),
    ("busy", rooms.load, {"proc/loadavg": "9999.00 5.00 3.00 9/100 1\n"}, False, "9999.00"),
    (
        "clock",
        rooms.clock_source,
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n"},
        True,
        "tsc",
    ),
    (
        "slow clock",
        rooms.clock_source,
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"},
        False,
        "hpet",
    ),
    (
        "memory",
        rooms.memory,
        {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:    8388608 kB\n"},
        True,
        "8.0 GiB",
    ),
    ("little memory", rooms.memory, {"proc/meminfo": "MemAvailable:    102400 kB\n"}, False, "0.1 GiB"),
]


@pytest.mark.parametrize(("name", "look", "tree", "ok", "seen"), CASES, ids=[case[0] for case in CASES])
def test_a_check(
    name: str, look: Look, tree: dict[str, str], ok: bool | None, seen: str, tmp_path: Path
) -> None:
    for path, text in tree.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    check = look(tmp_path)
    assert check.ok is ok
    assert seen in check.seen
    if ok is False:
        assert check.remedy


def test_all_checks_on_this_machine() -> None:
    found = hosts.checks()
    names = [check.name for check in found]
    assert len(set(names)) == len(names)
    assert {"compiler", "load", "priority", "disk", "state folder", "GPU", "Python venv"} <= set(names)
    assert any(name.startswith("sandbox") for name in names)
    assert all(check.seen for check in found)
    assert all(check.remedy for check in found if check.ok is False)


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
    checks = rooms.sandboxes()
    assert [check.ok for check in checks] == ok
    for check, report, words in zip(checks, reports, remedy, strict=True):
        assert ("20 of 20 starts of 5 ms" if report.works else "2 of 20 starts failed") in check.seen
        assert words in check.remedy


def test_an_empty_tree_raises_nothing(tmp_path: Path) -> None:
    assert all(check.seen for check in hosts.checks(tmp_path))


def test_a_missing_compiler_is_something_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[toolchains.Compiler]:
        raise Fault(FaultKind.COMPILER_MISSING, "no compiler", remedy="apt install gcc")

    monkeypatch.setattr(toolchains, "compilers", none)
    (check,) = rooms.compilers()
    assert check.ok is False
    assert check.remedy == "apt install gcc"


def test_a_check_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HAYATE_STATE", str(blocked / "state"))
    by_name = {check.name: check for check in hosts.checks()}
    assert by_name["disk"].ok is False
    assert "HAYATE_STATE" in by_name["disk"].seen
    assert "writable" in by_name["disk"].remedy


def test_yardsticks_far_from_the_fastest_known_are_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    assert rooms.yardsticks() == []
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
    (found,) = rooms.yardsticks()
    assert found.name == "yardsticks of dgemm"
    assert found.ok is None
    assert found.seen == "OpenBLAS Haswell is 2.9 times as fast as 40_tile, the nearest yardstick"
    assert found in hosts.checks()
    hosts.note_fastest(
        here.model_copy(update={"task_hash": "2", "times": 1.1})
    )  # it has better yardsticks now
    (found,) = rooms.yardsticks()
    assert found.ok is True
