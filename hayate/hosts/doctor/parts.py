"""What hayate needs on this machine, and what it does without: compilers, sandboxes, yardsticks, memory, space."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from hayate import sandbox, toolchains
from hayate.errors import Fault, WrongUse
from hayate.hosts.doctor.check import GIB, ROOT, Check, read
from hayate.hosts.fastest import fastest_known
from hayate.hosts.profile import ARCH_CHOICE, architecture, fingerprint, highest_architecture
from hayate.hosts.state import is_fallback, state_dir
from hayate.sandbox.probe import CHOICE, STARTS_TO_REPORT


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


def memory(root: Path = ROOT) -> Check:
    """Memory that is free for arrays and compilers."""
    for line in read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) << 10
            seen = f"{free / GIB:.1f} GiB available"
            if free >= 2 * GIB:
                return Check("memory", True, seen)
            return Check(
                "memory", None if free >= GIB else False, seen, "end other programs; 2 GiB are comfortable"
            )
    return Check("memory", None, "not visible here")


def disk() -> Check:
    """Space for state and for build boxes."""
    folders = (state_dir(), Path(tempfile.gettempdir()))
    free, folder = min((shutil.disk_usage(folder).free, folder) for folder in folders)
    seen = f"{free / GIB:.1f} GiB free in {folder}"
    if free >= GIB:
        return Check("disk", True, seen)
    return Check("disk", None if free >= GIB // 4 else False, seen, f"free space in {folder}")


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
