"""The machine as verdicts quote it. Made once, kept in the state folder until it expires or changes."""

from __future__ import annotations

import datetime
import os
import platform
import re
import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.hosts.calibrate import calibrate, priority
from hayate.hosts.state import state_dir
from hayate.hosts.topology import physical_cores, slots
from hayate.records import HostProfile, content_hash, decode, encode
from hayate.toolchains import compilers

LIFETIME = datetime.timedelta(days=7)
ARCH_CHOICE = "HAYATE_ARCH"
# What each level of the x86-64 psABI asks for, as /proc/cpuinfo spells it.
_LEVELS = (
    ("x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
    ("x86-64-v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}),
    ("x86-64-v2", {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
)


def _cpuinfo(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for line in (root / "proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    return found


def architecture(root: Path = Path("/")) -> str:
    """What the compiler is told: what the machine has, or the lower level that HAYATE_ARCH names.

    Raises Fault for a machine that is not supported, WrongUse for a level that it does not have.
    """
    found, chosen = highest_architecture(root), os.environ.get(ARCH_CHOICE, "")
    levels = [level for level, _ in _LEVELS]
    allowed = levels[levels.index(found) :] if found in levels else [found]
    if chosen and chosen not in allowed:
        raise WrongUse(
            f"{chosen!r} is nothing that this machine has", where=ARCH_CHOICE, allowed=", ".join(allowed)
        )
    return chosen or found


def highest_architecture(root: Path = Path("/")) -> str:
    """What the machine has: on x86-64 the highest psABI level, on arm64 armv8-a. Raises Fault."""
    machine = platform.machine()
    if machine == "aarch64":
        return "armv8-a"
    if machine != "x86_64":
        raise Fault(
            FaultKind.HOST_UNFIT, f"{machine} is not supported", remedy="use an x86-64 or arm64 machine"
        )
    flags = set(_cpuinfo(root).get("flags", "").split())
    for i, (level, _) in enumerate(_LEVELS):
        if all(needs <= flags for _, needs in _LEVELS[i:]):
            return level
    raise Fault(FaultKind.HOST_UNFIT, "this CPU is below x86-64-v2", remedy="use a machine made after 2009")


def fingerprint(root: Path = Path("/")) -> str:
    """Changes with anything that could change a figure: CPU, level, microcode, kernel, compiler, cores, memory."""
    info = _cpuinfo(root)
    compiler = compilers()[0]
    return content_hash(
        architecture(root),
        info.get("model name", platform.machine()),
        info.get("microcode", ""),
        info.get("flags", info.get("Features", "")),
        platform.release(),
        f"{compiler.name} {compiler.version}",
        ",".join(map(str, physical_cores(root))),
        str(_memory_bytes() >> 28),
    )[:16]


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _make() -> HostProfile:
    info = _cpuinfo(Path("/"))
    cpu = info.get("model name") or platform.processor() or platform.machine()
    arch = architecture()
    slot = slots()[0]
    found = calibrate(slot.compute_cores[0], arch)
    compiler = compilers()[0]
    warnings = []
    best = priority()
    if best != "fifo":
        warnings.append(
            "no real-time priority: under load intervals widen "
            "(allow it with a line `USER - rtprio 50` in /etc/security/limits.conf)"
        )
    if slot.shared:
        warnings.append("one core only: clock and calls share it, and intervals get wide")
    now = datetime.datetime.now(datetime.UTC)
    return HostProfile(
        fingerprint=fingerprint(),
        host_class=f"{cpu}, {arch}",
        cpu=cpu,
        cores=len(physical_cores()),
        arch=arch,
        memory_bytes=_memory_bytes(),
        kernel=platform.release(),
        compiler=f"{compiler.name} {compiler.version}",
        peak_gflops=found.peak_gflops,
        bandwidth_gbs=found.bandwidth_gbs,
        noise=found.noise,
        priority=best,
        calibrated_at=now.isoformat(timespec="seconds"),
        expires_at=(now + LIFETIME).isoformat(timespec="seconds"),
        warnings=tuple(warnings),
    )


def _fresh(profile: HostProfile, mark: str) -> bool:
    try:
        expires = datetime.datetime.fromisoformat(profile.expires_at)
    except ValueError:
        return False
    return profile.fingerprint == mark and datetime.datetime.now(datetime.UTC) < expires


@lru_cache(maxsize=2)
def _profile(folder: Path, mark: str) -> HostProfile:
    path = _place(folder, mark)
    try:
        kept = decode(HostProfile, path.read_bytes())
        if _fresh(kept, mark):
            return kept
    except (OSError, ValidationError):
        pass
    return _keep(_make(), path)


def _place(folder: Path, mark: str) -> Path:
    """Machines of one kind may share a state folder; each has noise of its own."""
    return folder / "hosts" / f"{re.sub('[^A-Za-z0-9.-]', '-', platform.node()) or 'host'}-{mark}.json"


def _keep(profile: HostProfile, path: Path) -> HostProfile:
    partial = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(encode(profile))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{path} can't be written: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error
    return profile


def profile(refresh: bool = False) -> HostProfile:
    """This machine's profile; calibrates (some five seconds) when none is fresh. Raises Fault."""
    folder, mark = state_dir(), fingerprint()
    if refresh:
        _profile.cache_clear()
        return _keep(_make(), _place(folder, mark))
    return _profile(folder, mark)
