"""Each check of what distorts timing, on trees made for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hayate.hosts.doctor import Check, timing

Look = Callable[[Path], Check]
CPU = "sys/devices/system/cpu"

CASES: list[tuple[str, Look, dict[str, str], bool | None, str]] = [
    (
        "governor performance",
        timing.governor,
        {f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n"},
        True,
        "performance",
    ),
    (
        "governor powersave",
        timing.governor,
        {f"{CPU}/cpu3/cpufreq/scaling_governor": "powersave\n"},
        None,
        "powersave",
    ),
    ("governor hidden", timing.governor, {}, None, "virtual machine"),
    ("turbo on, Intel", timing.turbo, {f"{CPU}/intel_pstate/no_turbo": "0\n"}, None, "on"),
    ("turbo off, Intel", timing.turbo, {f"{CPU}/intel_pstate/no_turbo": "1\n"}, True, "off"),
    ("turbo on, AMD", timing.turbo, {f"{CPU}/cpufreq/boost": "1\n"}, None, "on"),
    ("turbo hidden", timing.turbo, {}, None, "virtual machine"),
    ("smt", timing.smt, {f"{CPU}/smt/active": "1\n"}, None, "share a core"),
    ("no smt", timing.smt, {f"{CPU}/smt/active": "0\n"}, True, "one per core"),
    ("steal", timing.steal, {"proc/stat": "cpu  70 0 0 20 0 0 0 10 0 0\n"}, False, "10.00%"),
    ("little steal", timing.steal, {"proc/stat": "cpu  9000 0 0 900 0 0 0 100 0 0\n"}, None, "1.00%"),
    ("no steal", timing.steal, {"proc/stat": "cpu  70 0 0 30 0 0 0 0 0 0\n"}, True, "0.00%"),
    ("steal hidden", timing.steal, {"proc/stat": "cpu  \n"}, None, "not visible"),
    (
        "quota in a parent",
        timing.cpu_quota,
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
        timing.cpu_quota,
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
        timing.cpu_quota,
        {"proc/self/cgroup": "3:cpu:/box\n", "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "-1\n"},
        True,
        "none",
    ),
    (
        "groups on",
        timing.autogroups,
        {"proc/sys/kernel/sched_autogroup_enabled": "1\n"},
        None,
        "login session",
    ),
    ("groups off", timing.autogroups, {"proc/sys/kernel/sched_autogroup_enabled": "0\n"}, True, "off"),
    ("no groups", timing.autogroups, {}, True, "off"),
    (
        "huge pages",
        timing.huge_pages,
        {"sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n"},
        True,
        "madvise",
    ),
    (
        "two nodes",
        timing.numa,
        {f"sys/devices/system/node/node{i}/cpulist": f"{i}" for i in range(2)},
        None,
        "2 nodes",
    ),
    ("one node", timing.numa, {"sys/devices/system/node/node0/cpulist": "0-1"}, True, "one node"),
    ("idle", timing.load, {"proc/loadavg": "0.01 0.10 0.20 1/100 1\n"}, True, "0.01"),
    ("busy", timing.load, {"proc/loadavg": "9999.00 5.00 3.00 9/100 1\n"}, False, "9999.00"),
    (
        "clock",
        timing.clock_source,
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n"},
        True,
        "tsc",
    ),
    (
        "slow clock",
        timing.clock_source,
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"},
        False,
        "hpet",
    ),
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
