"""What distorts timing on this machine: cores, clock rates, neighbours, and who is scheduled before whom."""

from __future__ import annotations

from pathlib import Path

from hayate.hosts.calibrate import priority
from hayate.hosts.doctor.check import ROOT, Check, read
from hayate.hosts.topology import physical_cores, slots

_CPU = "sys/devices/system/cpu"


def cores(root: Path = ROOT) -> Check:
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


def smt(root: Path = ROOT) -> Check:
    """Hardware threads that share a core."""
    if read(root / _CPU / "smt/active") == "1":
        return Check(
            "hardware threads",
            None,
            "two share a core; slots use one of each, but other programs may use its sibling",
            "echo off | sudo tee /sys/devices/system/cpu/smt/control",
        )
    return Check("hardware threads", True, "one per core")


def governor(root: Path = ROOT) -> Check:
    """Whether the clock rate follows the load."""
    found = {read(path) for path in (root / _CPU).glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""}
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


def turbo(root: Path = ROOT) -> Check:
    """Whether the clock rate depends on heat and on the neighbours."""
    no_turbo, boost = read(root / _CPU / "intel_pstate/no_turbo"), read(root / _CPU / "cpufreq/boost")
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


def steal(root: Path = ROOT) -> Check:
    """CPU time that the hypervisor gave to others, since boot."""
    fields = read(root / "proc/stat").partition("\n")[0].split()[1:]
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


def cpu_quota(root: Path = ROOT) -> Check:
    """A quota of the control group: once it is spent, everything stops for some milliseconds."""
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup"
        bases = [base] if not controllers else [base / controllers, base / "cpu", base / "cpu,cpuacct"]
        group = Path(path.strip("/"))
        for level in (group, *group.parents):
            for folder in bases:
                quota, _, period = read(folder / level / "cpu.max").partition(" ")
                if not quota:
                    quota = read(folder / level / "cpu.cfs_quota_us")
                    period = read(folder / level / "cpu.cfs_period_us")
                if quota.isdigit() and period.isdigit() and int(period):
                    return Check(
                        "CPU quota",
                        False,
                        f"{int(quota) / int(period):.2g} cores by the control group: calls are throttled",
                        "run without a quota; bind to cores instead (a cpuset, `docker --cpuset-cpus`)",
                    )
    return Check("CPU quota", True, "none")


def autogroups(root: Path = ROOT) -> Check:
    """Whether the scheduler shares cores among login sessions before it looks at `nice`."""
    if read(root / "proc/sys/kernel/sched_autogroup_enabled") != "1":
        return Check("session groups", True, "off: `nice` counts everywhere")
    return Check(
        "session groups",
        None,
        "on: `nice` counts within a login session only, and other sessions' work slows training down however nice",
        "sudo sysctl kernel.sched_autogroup_enabled=0",
    )


def huge_pages(root: Path = ROOT) -> Check:
    """Transparent huge pages: whether a kernel's arrays get them by luck."""
    text = read(root / "sys/kernel/mm/transparent_hugepage/enabled")
    mode = text.partition("[")[2].partition("]")[0]
    if not mode:
        return Check("huge pages", None, "not visible here")
    return Check("huge pages", True, f"transparent: {mode}")


def numa(root: Path = ROOT) -> Check:
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


def load(root: Path = ROOT) -> Check:
    """What else runs here."""
    try:
        average = float(read(root / "proc/loadavg").split()[0])
    except (ValueError, IndexError):
        return Check("load", None, "not visible here")
    usable = len(physical_cores(root))
    seen = f"{average:.2f} on {usable} cores over the last minute"
    if average <= 0.3 * usable:
        return Check("load", True, seen)
    return Check(
        "load", False if average > usable else None, seen, "stop what else runs, or expect more repetitions"
    )


def clock_source(root: Path = ROOT) -> Check:
    """What the clock reads."""
    source = read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
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
