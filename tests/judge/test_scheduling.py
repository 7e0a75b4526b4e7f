"""Who may raise a runner's priority: the clock, as an ordinary user too, and the runner never."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from hayate import sandbox
from hayate.sandbox import Limits, allowed, confine, seccomp
from hayate.sandbox.syscalls import TABLE

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import surroundings  # noqa: E402

PRIORITY = {resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE}

# The judge's launch in each tier that works, by a user who is not root; prints what the runners got and may get.
LAUNCH = """
import sys
from pathlib import Path
from hayate import hosts, sandbox
from hayate.judge.native import natives
from hayate.judge.session import LaunchSession
from hayate.tasks import builtin
from hostile import kernel, raw

task, host, slot = builtin("dgemm"), hosts.profile(), hosts.slots()[0]
print("host", host.priority)
for report in sandbox.probe():
    if not report.works:
        continue
    with LaunchSession(task, raw(kernel()), [raw(kernel())], natives=natives(task, host), slot=slot,
                       sandbox=sandbox.get(report.tier), shapes=[{"M": 96, "N": 96, "K": 96}]) as session:
        for who, runner in session._runners.items():
            limits = Path(f"/proc/{runner.payload_pid()}/limits").read_text().splitlines()
            left = [line.split()[-2:] for line in limits if line.startswith(("Max nice", "Max realtime"))]
            print(report.tier, who, "shared" if slot.shared else session.priority, *left[0], *left[1])
"""


@pytest.mark.parametrize("raisable", [True, False])
def test_a_command_that_is_to_be_raised_keeps_the_limits_that_allow_it(
    raisable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel looks at the limits of the process that is raised, not at those of who raises it."""
    changed: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(confine.resource, "setrlimit", changed.__setitem__)
    confine._limits(asdict(Limits(raisable=raisable)))
    assert changed.keys() & PRIORITY == (set() if raisable else PRIORITY)
    assert all(changed[kind] == (0, 0) for kind in changed.keys() & PRIORITY)


def test_a_runner_can_ask_for_no_priority_itself() -> None:
    """Between its start and the clock's word its limits may allow some: what it asks for ends it all the same."""
    names = ("sched_setscheduler", "sched_setparam", "sched_setattr", "setpriority")
    assert set(names) <= set(seccomp.DENIED_ALWAYS)
    for name in names:
        assert name not in allowed._LOADING | allowed._THREADS | allowed._ALWAYS
        assert name in TABLE


@pytest.mark.parametrize("rtprio", [0, 50])
def test_an_ordinary_user_gets_real_time_priority_where_the_limit_allows_it(
    rtprio: int, tmp_path: Path
) -> None:
    """With what `hayate doctor` advises, a line `rtprio 50` in limits.conf."""
    if missing := surroundings.unavailable():
        pytest.skip(missing)
    limited = ["prlimit", f"--rtprio={rtprio}:{rtprio}", "--nice=0:0"]
    done = subprocess.run([*limited, "true"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine's root may not raise the limit: {done.stderr.strip()}")
    if not any(report.works for report in sandbox.probe()):
        pytest.skip("no sandbox works here")
    tmp_path.chmod(0o777)
    words = surroundings.command(
        [sys.executable, "-B", "-c", LAUNCH],
        hide=[],
        show=[ROOT, Path(sys.prefix), Path(sys.base_prefix), tmp_path],
        user=12345,
    )
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'judge'}"
    env = {**os.environ, "PYTHONPATH": paths, "HAYATE_STATE": str(tmp_path), "HOME": str(tmp_path)}
    told = subprocess.run([*limited, *words], capture_output=True, text=True, env=env)
    host, *lines = told.stdout.splitlines() or [""]
    best = "fifo" if rtprio else "none"
    assert host == f"host {best}", told
    assert lines, told
    for line in lines:
        _, _, got, *left = line.split()
        assert got in (best, "shared"), line
        assert left == ["0"] * 4, line  # the clock has taken the limits away
