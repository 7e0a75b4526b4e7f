"""What `hayate doctor` looks at: everything that hinders a measurement here or makes it worth less."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hayate import sandbox, toolchains
from hayate.errors import Fault, WrongUse
from hayate.hosts.calibrate import priority
from hayate.hosts.fastest import fastest_known
from hayate.hosts.profile import ARCH_CHOICE, architecture, fingerprint, highest_architecture
from hayate.hosts.state import is_fallback, state_dir
from hayate.hosts.topology import physical_cores, slots
from hayate.sandbox.probe import CHOICE, STARTS_TO_REPORT

_CPU = "sys/devices/system/cpu"
_GIB = 1 << 30
_ROOT = Path("/")


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool | None  # None: a note; works, but timings are worth less, or something optional is missing
    seen: str
    remedy: str = ""


def _read(path: Path) -> str:
    """A file of /proc or /sys, stripped; "" where it is not there."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def cores(root: Path = _ROOT) -> Check:
    """Whether a clock has a core of its own."""
    usable = len(physical_cores(root))
    made = slots(root=root)
    if made[0].shared:
        return Check(
            "cores",
            None,
            "one core: clock and calls share it, so intervals get wide",
            "use a machine with two cores, or widen this process's CPU affinity",
        )
    return Check("cores", True, f"{usable} physical cores, {len(made)} slot{'s' * (len(made) > 1)}")


def smt(root: Path = _ROOT) -> Check:
    """Hardware threads that share a core."""
    if _read(root / _CPU / "smt/active") == "1":
        return Check(
            "hardware threads",
            None,
            "two share a core; slots use one of each, but other programs may use its sibling",
            "echo off | sudo tee /sys/devices/system/cpu/smt/control",
        )
    return Check("hardware threads", True, "one per core")


def governor(root: Path = _ROOT) -> Check:
    """Whether the clock rate follows the load."""
    found = {_read(path) for path in (root / _CPU).glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    if not found:
        return Check("frequency governor", None, "not visible here, as usual in a virtual machine")
    if found == {"performance"}:
        return Check("frequency governor", True, "performance")
    return Check(
        "frequency governor",
        None,
        f"{', '.join(sorted(found))}: the first calls after a pause are slow",
        "sudo cpupower frequency-set -g performance",
    )


def turbo(root: Path = _ROOT) -> Check:
    """Whether the clock rate depends on heat and on the neighbours."""
    no_turbo, boost = _read(root / _CPU / "intel_pstate/no_turbo"), _read(root / _CPU / "cpufreq/boost")
    if not no_turbo and not boost:
        return Check("turbo", None, "not visible here, as usual in a virtual machine")
    if no_turbo == "0" or boost == "1":
        switch = "intel_pstate/no_turbo" if no_turbo else "cpufreq/boost"
        value = 1 if no_turbo else 0
        return Check(
            "turbo",
            None,
            "on: single figures drift with heat; ratios of interleaved calls do not",
            f"echo {value} | sudo tee /{_CPU}/{switch}",
        )
    return Check("turbo", True, "off")


def steal(root: Path = _ROOT) -> Check:
    """CPU time that the hypervisor gave to others, since boot."""
    fields = _read(root / "proc/stat").partition("\n")[0].split()[1:]
    try:
        # user nice system idle iowait irq softirq steal; guest time is within user time.
        ticks = [int(field) for field in fields[:8]]
        share = ticks[7] / sum(ticks)
    except (ValueError, IndexError, ZeroDivisionError):
        return Check("steal time", None, "not visible here")
    seen = f"{share:.2%} since boot"
    if share < 0.005:
        return Check("steal time", True, seen)
    return Check(
        "steal time", False if share > 0.05 else None, seen, "use a less crowded host or dedicated cores"
    )


def cpu_quota(root: Path = _ROOT) -> Check:
    """A quota of the control group: once it is spent, everything stops for some milliseconds."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup"
        bases = [base] if not controllers else [base / controllers, base / "cpu", base / "cpu,cpuacct"]
        group = Path(path.strip("/"))
        for level in (group, *group.parents):
            for folder in bases:
                quota, _, period = _read(folder / level / "cpu.max").partition(" ")
                if not quota:
                    quota = _read(folder / level / "cpu.cfs_quota_us")
                    period = _read(folder / level / "cpu.cfs_period_us")
                if quota.isdigit() and period.isdigit() and int(period):
                    return Check(
                        "CPU quota",
                        False,
                        f"{int(quota) / int(period):.2g} cores by the control group: calls are throttled",
                        "run without a quota; bind to cores instead (a cpuset, `docker --cpuset-cpus`)",
                    )
    return Check("CPU quota", True, "none")


def autogroups(root: Path = _ROOT) -> Check:
    """Whether the scheduler shares cores among login sessions before it looks at `nice`."""
    if _read(root / "proc/sys/kernel/sched_autogroup_enabled") != "1":
        return Check("session groups", True, "off: `nice` counts everywhere")
    return Check(
        "session groups",
        None,
        "on: `nice` counts within a login session only, and other sessions' work slows training down however nice",
        "sudo sysctl kernel.sched_autogroup_enabled=0",
    )


def huge_pages(root: Path = _ROOT) -> Check:
    """Transparent huge pages: whether a kernel's arrays get them by luck."""
    text = _read(root / "sys/kernel/mm/transparent_hugepage/enabled")
    mode = text.partition("[")[2].partition("]")[0]
    if not mode:
        return Check("huge pages", None, "not visible here")
    return Check("huge pages", True, f"transparent: {mode}")


def numa(root: Path = _ROOT) -> Check:
    """Memory at different distances."""
    nodes = len(list((root / "sys/devices/system/node").glob("node[0-9]*")))
    if nodes > 1:
        return Check(
            "NUMA",
            None,
            f"{nodes} nodes: memory may be far from the core that uses it",
            "start hayate under `numactl --cpunodebind=0 --membind=0`",
        )
    return Check("NUMA", True, "one node")


def load(root: Path = _ROOT) -> Check:
    """What else runs here."""
    try:
        average = float(_read(root / "proc/loadavg").split()[0])
    except (ValueError, IndexError):
        return Check("load", None, "not visible here")
    usable = len(physical_cores(root))
    seen = f"{average:.2f} on {usable} cores over the last minute"
    if average <= 0.3 * usable:
        return Check("load", True, seen)
    return Check(
        "load", False if average > usable else None, seen, "stop what else runs, or expect more repetitions"
    )


def clock_source(root: Path = _ROOT) -> Check:
    """What the clock reads."""
    source = _read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
    if not source:
        return Check("clock", None, "its source is not visible here")
    if source in ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"):
        return Check("clock", True, source)
    return Check(
        "clock",
        False,
        f"{source}: reading it takes microseconds",
        "boot with clocksource=tsc if it is stable",
    )


def memory(root: Path = _ROOT) -> Check:
    """Memory that is free for arrays and compilers."""
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) << 10
            seen = f"{free / _GIB:.1f} GiB available"
            if free >= 2 * _GIB:
                return Check("memory", True, seen)
            return Check(
                "memory", None if free >= _GIB else False, seen, "end other programs; 2 GiB are comfortable"
            )
    return Check("memory", None, "not visible here")


def priorities() -> Check:
    """The best scheduling that this user may ask for."""
    best = priority()
    if best == "fifo":
        return Check("priority", True, "real-time (SCHED_FIFO)")
    return Check(
        "priority",
        None,
        "raised (nice -20)"
        if best == "nice"
        else "ordinary: under load, calls are delayed and ratios drift to 1",
        "add `USER - rtprio 50` to /etc/security/limits.conf and log in again",
    )


def disk() -> Check:
    """Space for state and for build boxes."""
    folders = (state_dir(), Path(tempfile.gettempdir()))
    free, folder = min((shutil.disk_usage(folder).free, folder) for folder in folders)
    seen = f"{free / _GIB:.1f} GiB free in {folder}"
    if free >= _GIB:
        return Check("disk", True, seen)
    return Check("disk", None if free >= _GIB // 4 else False, seen, f"free space in {folder}")


def state() -> Check:
    """Whether calibrations are kept."""
    folder = state_dir()
    if is_fallback(folder):
        return Check(
            "state folder",
            None,
            f"{folder}: the home can't be written, so calibration may be lost at the next boot",
            "set HAYATE_STATE to a folder that stays",
        )
    return Check("state folder", True, str(folder))


def compilers() -> list[Check]:
    """The C compilers, and what reads their output."""
    try:
        found = toolchains.compilers()
    except Fault as fault:
        return [Check("compiler", False, fault.message, fault.remedy)]
    checks = [Check("compiler", True, ", ".join(compiler.label for compiler in found))]
    if not found[0].cxx:
        checks.append(
            Check(
                "C++",
                None,
                f"{found[0].label} does not compile it here: candidates in C only",
                "apt install g++, or dnf install gcc-c++",
            )
        )
    if not found[0].openmp:
        checks.append(
            Check("OpenMP", None, f"{found[0].label} has no run time for it", "apt install libomp-dev or gcc")
        )
    return checks


def instructions() -> Check:
    """The level of instructions that kernels are compiled for."""
    level, highest = architecture(), highest_architecture()
    if level == highest:
        return Check("instructions", True, level)
    seen = (
        f"{level} by {ARCH_CHOICE}, though the machine has {highest}: figures are those of a lesser machine"
    )
    return Check("instructions", None, seen, f"unset {ARCH_CHOICE}")


def _chosen() -> str:
    """The tier that candidates run in; "" if there is none."""
    try:
        return sandbox.best().tier
    except (Fault, WrongUse):
        return ""


def sandboxes() -> list[Check]:
    """Each tier of the sandbox, tried often; one that works is enough, if candidates run in that one."""
    reports, chosen = sandbox.probe(STARTS_TO_REPORT), _chosen()
    working = [report.tier for report in reports if report.works]
    checks = []
    for report in reports:
        weak = f"; does not stop: {', '.join(report.weaknesses)}" if report.weaknesses else ""
        if report.works:
            start = f" of {report.start_ms:.0f} ms" if report.start_ms is not None else ""
            seen = f"works: {STARTS_TO_REPORT} of {STARTS_TO_REPORT} starts{start}{weak}"
            checks.append(Check(f"sandbox {report.tier}", True, seen))
            continue
        remedy = (
            "apt install bubblewrap" if "bubblewrap" in report.tier else "a kernel from 5.13 on has Landlock"
        )
        if report.tier == chosen:  # it started often enough to be chosen, and then failed
            remedy = f"set {CHOICE}={working[0]}" if working else "report it, with the kernel's version"
        ok = None if working and report.tier != chosen else False
        checks.append(Check(f"sandbox {report.tier}", ok, report.reason, remedy))
    return checks


def yardsticks() -> list[Check]:
    """Of each task that was calibrated here and has something to be compared with."""
    return [
        Check(
            f"yardsticks of {found.task}",
            None if found.far else True,
            str(found),
            "add a faster solution to its yardsticks/: speeds far from a yardstick have wide intervals",
        )
        for found in fastest_known(fingerprint())
    ]


def gpu() -> Check:
    """GPUs. Nothing here needs one; training a larger policy does."""
    program = shutil.which("nvidia-smi")
    if not program:
        return Check("GPU", None, "none seen (not needed for the shipped policy)")
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check("GPU", None, f"nvidia-smi failed: {error}", "look at the driver's installation")
    names = "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())
    if done.returncode or not names:
        return Check("GPU", None, "nvidia-smi sees none", "look at the driver's installation")
    return Check("GPU", True, names)


def python_venv() -> Check:
    """Whether Python can make the virtual environment that `make` uses."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return Check("Python venv", True, "can be made")
    return Check("Python venv", None, "the venv module is incomplete", "apt install python3-venv")


def checks(root: Path = _ROOT) -> list[Check]:
    """Everything, in the order in which it matters. A check that fails itself says so; none raises."""
    found: list[Check] = []
    several: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
        ("compiler", compilers),
        ("sandbox", sandboxes),
        ("yardsticks", yardsticks),
    )
    for name, look in several:
        try:
            found += look()
        except (Fault, OSError) as error:
            found.append(Check(name, False, str(error), getattr(error, "remedy", "")))
    rooted = (
        cores, smt, governor, turbo, steal, cpu_quota, autogroups, huge_pages, numa, load, clock_source, memory,
    )  # fmt: skip
    single: list[tuple[str, Callable[[], Check]]] = [
        *((look.__name__, lambda look=look: look(root)) for look in rooted),
        ("instructions", instructions),
        ("priority", priorities),
        ("state folder", state),
        ("disk", disk),
        ("GPU", gpu),
        ("Python venv", python_venv),
    ]
    for name, one in single:
        try:
            found.append(one())
        except (Fault, WrongUse, OSError, ValueError) as error:
            found.append(Check(name, False, str(error), getattr(error, "remedy", "")))
    return found
