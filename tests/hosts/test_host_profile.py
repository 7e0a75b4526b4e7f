"""Slots, the state folder, the architecture, and a profile that is kept and expires."""

from __future__ import annotations

import importlib
import os
import platform
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hayate import hosts
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.hosts import calibrate, topology
from hayate.hosts.state import _usable, is_fallback
from hayate.records import HostProfile, decode, encode

profiles = importlib.import_module("hayate.hosts.profile")  # hosts.profile is the function
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="needs an x86-64 machine")
BASE = "fpu sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"
V3 = f"{BASE} avx avx2 bmi1 bmi2 f16c fma movbe"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


def test_threads_that_try_the_same_folder_at_once_find_it_usable(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(_usable, [tmp_path] * 4000))
    assert list(tmp_path.iterdir()) == []


def cores(tree: Path, siblings: dict[int, str]) -> None:
    for core, text in siblings.items():
        file = tree / f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"
        file.parent.mkdir(parents=True)
        file.write_text(text + "\n")


def affinity(monkeypatch: pytest.MonkeyPatch, mask: set[int]) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: mask)


@pytest.mark.parametrize(
    ("mask", "siblings", "expected"),
    [
        ({0, 1}, {0: "0", 1: "1"}, [((1,), 0)]),
        ({0, 1, 2, 3}, {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, [((1,), 0)]),
        ({0, 1, 2, 3}, {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}, [((2,), 0)]),
        ({0, 1, 2, 3}, {i: str(i) for i in range(4)}, [((1,), 0), ((3,), 2)]),
        ({4, 6, 7}, {i: str(i) for i in (4, 6, 7)}, [((6,), 4)]),
        ({0, 1, 2, 3}, {}, [((1,), 0), ((3,), 2)]),
    ],
)
def test_slots_pair_a_core_with_a_clock(
    mask: set[int],
    siblings: dict[int, str],
    expected: list[tuple[tuple[int, ...], int]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    affinity(monkeypatch, mask)
    cores(tmp_path, siblings)
    made = topology.slots(root=tmp_path)
    assert [(slot.compute_cores, slot.clock_core) for slot in made] == expected
    assert not any(slot.shared for slot in made)


def test_one_core_is_shared_with_the_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    affinity(monkeypatch, {5})
    assert topology.slots(root=tmp_path) == [hosts.Slot((5,), 5, shared=True)]


def test_two_threads_of_one_core_are_one_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    affinity(monkeypatch, {0, 1})
    cores(tmp_path, {0: "0-1", 1: "0-1"})
    assert topology.slots(root=tmp_path)[0].shared


def test_wide_slots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    affinity(monkeypatch, set(range(8)))
    assert topology.slots(3, tmp_path) == [hosts.Slot((1, 2, 3), 0), hosts.Slot((5, 6, 7), 4)]
    with pytest.raises(Fault) as caught:
        topology.slots(9, tmp_path)
    assert caught.value.kind is FaultKind.HOST_UNFIT
    assert caught.value.remedy


@X86
@pytest.mark.parametrize(
    ("flags", "expected"),
    [(V4, "x86-64-v4"), (V3, "x86-64-v3"), (BASE, "x86-64-v2"), (V4.replace(" fma", ""), "x86-64-v2")],
)
def test_the_architecture_level(
    flags: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HAYATE_ARCH", raising=False)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n")
    assert profiles.architecture(tmp_path) == expected


@X86
def test_a_lower_level_can_be_asked_for_and_no_higher_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(f"model name\t: Some CPU\nflags\t\t: {V3}\n")
    monkeypatch.delenv("HAYATE_ARCH", raising=False)
    own = profiles.fingerprint(tmp_path)
    monkeypatch.setenv("HAYATE_ARCH", "x86-64-v3")
    assert profiles.fingerprint(tmp_path) == own
    monkeypatch.setenv("HAYATE_ARCH", "x86-64-v2")
    assert profiles.architecture(tmp_path) == "x86-64-v2"
    assert profiles.highest_architecture(tmp_path) == "x86-64-v3"
    assert profiles.fingerprint(tmp_path) != own
    for level in ("x86-64-v4", "native", "armv8-a"):
        monkeypatch.setenv("HAYATE_ARCH", level)
        with pytest.raises(WrongUse, match="x86-64-v3, x86-64-v2") as caught:
            profiles.architecture(tmp_path)
        assert caught.value.where == "HAYATE_ARCH"


@X86
def test_a_lowered_level_makes_a_host_class_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    monkeypatch.setenv("HAYATE_ARCH", "x86-64-v2")
    monkeypatch.setattr(calibrate, "ROUNDS", 1)
    lowered = hosts.profile()
    assert lowered.arch == "x86-64-v2"
    assert lowered.host_class.endswith(", x86-64-v2")
    (check,) = (check for check in hosts.checks() if check.name == "instructions")
    assert check.seen.startswith("x86-64-v2")
    if profiles.highest_architecture() != "x86-64-v2":
        assert check.ok is None
        assert "HAYATE_ARCH" in check.seen


@X86
def test_an_old_cpu_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        profiles.architecture(tmp_path)
    assert caught.value.kind is FaultKind.HOST_UNFIT


def test_the_state_folder_by_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HAYATE_STATE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert hosts.state_dir() == tmp_path / "home/.local/state/hayate"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert hosts.state_dir() == tmp_path / "xdg/hayate"
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path / "own"))
    assert hosts.state_dir() == tmp_path / "own"
    assert (tmp_path / "own").is_dir()


@pytest.fixture
def home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file stands where the home should be: even root can't make a folder there. Returns the temporary folder."""
    blocked, temporary = tmp_path / "blocked", tmp_path / "tmp"
    blocked.write_text("")
    temporary.mkdir()
    monkeypatch.delenv("HAYATE_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


def test_a_home_that_cannot_be_written(home_that_cannot_be_written: Path) -> None:
    with pytest.warns(UserWarning, match="can't be written"):
        folder = hosts.state_dir()
    assert folder.parent == home_that_cannot_be_written
    assert is_fallback(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_planted_folder_is_not_used(home_that_cannot_be_written: Path) -> None:
    """Anybody may write among the temporary files; a folder that others can write holds no programs of ours."""
    from hayate.hosts import state

    planted = state._fallback()
    planted.mkdir()
    planted.chmod(0o777)
    with pytest.raises(Fault) as caught:
        hosts.state_dir()
    assert caught.value.kind is FaultKind.NOT_WRITABLE
    planted.rmdir()
    planted.symlink_to(home_that_cannot_be_written)
    with pytest.raises(Fault):
        hosts.state_dir()


def test_a_forced_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path / "file/state"))
    with pytest.raises(Fault) as caught:
        hosts.state_dir()
    assert caught.value.kind is FaultKind.NOT_WRITABLE
    assert "HAYATE_STATE" in str(caught.value)


def test_a_calibration_gives_figures_of_every_level() -> None:
    """The real programs on the real core; the values are the machine's business."""
    core = hosts.slots()[0].compute_cores[0]
    found = calibrate.calibrate(core, profiles.architecture())
    assert 0 < found.peak_gflops.low <= found.peak_gflops.value <= found.peak_gflops.high
    assert {"L1", "DRAM"} <= set(found.bandwidth_gbs)
    assert all(0 < b.low <= b.value <= b.high for b in found.bandwidth_gbs.values())
    assert found.noise >= 0


def test_a_profile_is_kept_and_made_anew_when_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    monkeypatch.setattr(calibrate, "ROUNDS", 1)
    profiles._profile.cache_clear()
    first = hosts.profile()
    (file,) = (tmp_path / "hosts").glob("*.json")
    assert decode(HostProfile, file.read_bytes()) == first
    profiles._profile.cache_clear()
    assert hosts.profile() == first  # read, not measured: the figures would differ

    for spoilt in (
        encode(first.model_copy(update={"expires_at": "2001-01-01T00:00:00+00:00", "cpu": "stale"})),
        encode(first.model_copy(update={"fingerprint": "another", "cpu": "stale"})),
        "{ torn",
    ):
        file.write_text(spoilt)
        profiles._profile.cache_clear()
        again = hosts.profile()
        assert again.cpu == first.cpu
        assert decode(HostProfile, file.read_bytes()) == again
    assert hosts.profile(refresh=True).fingerprint == first.fingerprint
    assert not list((tmp_path / "hosts").glob("*.partial"))
    profiles._profile.cache_clear()


def test_the_interval_lies_between_median_and_maximum() -> None:
    found = calibrate.interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 100.0])
    assert (found.low, found.value, found.high) == (5.5, 9.0, 100.0)


def test_caches_are_read_from_sysfs(tmp_path: Path) -> None:
    base = tmp_path / "sys/devices/system/cpu/cpu0/cache"
    for index, (kind, level, size) in enumerate(
        [
            ("Data", "1", "48K"),
            ("Instruction", "1", "32K"),
            ("Unified", "2", "2048K"),
            ("Unified", "3", "36M"),
        ]
    ):
        folder = base / f"index{index}"
        folder.mkdir(parents=True)
        for name, text in (("type", kind), ("level", level), ("size", size)):
            (folder / name).write_text(text + "\n")
    assert calibrate.cache_bytes(0, tmp_path) == {"L1": 48 << 10, "L2": 2 << 20, "L3": 36 << 20}
    assert "L1" in calibrate.cache_bytes(7, tmp_path)


def test_the_priority_is_one_of_three() -> None:
    assert calibrate.priority() in ("fifo", "nice", "none")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # tried in a child
