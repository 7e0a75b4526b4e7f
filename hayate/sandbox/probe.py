"""Which tiers work here, found by running them."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.sandbox.base import FIRST_FD, Command, Limits, Sandbox, TierReport
from hayate.sandbox.boxes import new_box
from hayate.sandbox.bubblewrap import Bubblewrap
from hayate.sandbox.landlock import Landlock
from hayate.sandbox.launcher import DOCTOR

TIERS: dict[str, type[Sandbox]] = {"bubblewrap": Bubblewrap, "landlock": Landlock}  # strongest first
STARTS_TO_CHOOSE = 3  # on the way of every command, so few
STARTS_TO_REPORT = 20  # for a person: of a tier that fails at one start in ten, 88% of these trials see it
CHOICE = "HAYATE_SANDBOX"
_LIMITS = Limits(cpu_s=5, wall_s=10)
_PASSED = 3  # descriptors of a runner: control page, inputs, output


def get(tier: str) -> Sandbox:
    """The tier of that name, not probed. Raises WrongUse if there is none such."""
    if tier not in TIERS:
        raise WrongUse(f"no sandbox tier {tier!r}", where=CHOICE, allowed=", ".join(TIERS))
    return TIERS[tier]()


def probe(starts: int = STARTS_TO_REPORT) -> list[TierReport]:
    """Every tier, tried: each of `starts` must find a runner's descriptors, and none may reach a file outside.

    A tier works if no start failed; otherwise its reason says how many did.
    """
    return [_probe(tier, starts) for tier in TIERS]


@lru_cache(maxsize=8)
def _best(choice: str) -> tuple[Sandbox | None, str]:
    reasons = []
    for tier in [choice] if choice else TIERS:
        sandbox = get(tier)
        report = _probe(tier, STARTS_TO_CHOOSE)
        if report.works:
            return sandbox, ""
        reasons.append(f"{tier}: {report.reason}")
    return None, "; ".join(reasons)


def best() -> Sandbox:
    """The strongest tier that works here, or the one that HAYATE_SANDBOX names. Kept for the process.

    Raises Fault(SANDBOX_BROKEN) if none works.
    """
    sandbox, reasons = _best(os.environ.get(CHOICE, ""))
    if sandbox is None:
        raise Fault(
            FaultKind.SANDBOX_BROKEN,
            f"no sandbox works here, and candidates never run without one ({reasons})",
            remedy="make one of them work: the reasons above say how",
        )
    return sandbox


def _probe(tier: str, starts: int) -> TierReport:
    try:
        sandbox = get(tier)
        start_ms = _try(sandbox, starts)
        return TierReport(tier, True, "", sandbox.weaknesses(), start_ms)
    except Fault as fault:
        return TierReport(tier, False, _explain(tier, _said(fault)))


def _try(sandbox: Sandbox, starts: int) -> float:
    """Median milliseconds of a start. Raises Fault if one failed, or if the sandbox is none."""
    with new_box() as box, new_box() as outside:
        times_ms = _start_often(sandbox, box, starts)
        secret = outside / "secret"
        secret.write_text("secret")
        for folder, mode in ((outside, 0o777), (secret, 0o666)):
            folder.chmod(mode)  # only the sandbox stands between
        script = 'cat "$1"; echo changed > "$1"; echo mine > here && cat here'
        ended = sandbox.run(Command(["sh", "-c", script, "sh", str(secret)], box, limits=_LIMITS))
        if b"secret" in ended.stdout or secret.read_text() != "secret":
            raise Fault(
                FaultKind.SANDBOX_BROKEN, "it does not keep a file outside from being read or written"
            )
        if ended.stdout != b"mine\n":
            raise Fault(
                FaultKind.SANDBOX_BROKEN, f"a command can't write into its box: {_text(ended.stderr)}"
            )
    return statistics.median(times_ms)


def _start_often(sandbox: Sandbox, box: Path, starts: int) -> list[float]:
    """Milliseconds of each start, all of which were tried. Raises Fault if one failed."""
    times_ms: list[float] = []
    failures: list[Fault] = []
    with _descriptors() as descriptors:
        for _ in range(starts):
            began = time.perf_counter()
            try:
                _start(sandbox, box, descriptors)
            except Fault as fault:
                failures.append(fault)
                if not times_ms and len(failures) == STARTS_TO_CHOOSE:
                    raise  # it does not work at all, and its reason is no matter of chance
            else:
                times_ms.append(1e3 * (time.perf_counter() - began))
    if failures and not times_ms:
        raise failures[0]
    if failures:
        raise Fault(
            FaultKind.SANDBOX_BROKEN,
            f"{len(failures)} of {starts} starts failed, the first with: {_said(failures[0])}",
        )
    return times_ms


@contextlib.contextmanager
def _descriptors() -> Iterator[tuple[int, ...]]:
    """As many as a runner gets, and what it gets: files in memory. Each holds its own number inside."""
    with contextlib.ExitStack() as stack:
        found = []
        for number in range(FIRST_FD, FIRST_FD + _PASSED):
            descriptor = os.memfd_create("hayate-probe")
            stack.callback(os.close, descriptor)
            os.write(descriptor, f"{number}\n".encode())
            found.append(descriptor)
        yield tuple(found)


def _start(sandbox: Sandbox, box: Path, descriptors: tuple[int, ...]) -> None:
    """One start as that of a runner: it must find each descriptor at its number. Raises Fault."""
    for descriptor in descriptors:
        os.lseek(descriptor, 0, os.SEEK_SET)
    numbers = [str(FIRST_FD + i) for i in range(len(descriptors))]
    script = 'for n in "$@"; do read -r held <&"$n" && echo "$held"; done'
    ended = sandbox.run(
        Command(
            ["sh", "-c", script, "sh", *numbers], box, pass_fds=descriptors, limits=_LIMITS, profile="run"
        )
    )
    if not ended.ok:
        raise Fault(
            FaultKind.SANDBOX_BROKEN, f"a command ended with {ended.returncode}: {_text(ended.stderr)}"
        )
    if ended.stdout.decode(errors="replace").split() != numbers:
        raise Fault(FaultKind.SANDBOX_BROKEN, "a command does not find the descriptors that it was given")


def _said(fault: Fault) -> str:
    return fault.message if fault.remedy == DOCTOR else str(fault)


def _text(data: bytes) -> str:
    return data.decode(errors="replace").strip()[:500]


def _explain(tier: str, message: str) -> str:
    """The failure with what is known to cause it."""
    if tier != "bubblewrap":
        return message
    hints = []
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        hints.append(
            "Ubuntu's AppArmor keeps ordinary programs from user namespaces: install a profile for bwrap "
            "(apt install apparmor-profiles, then link bwrap-userns-restrict into /etc/apparmor.d) or set "
            "kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if _setting("user/max_user_namespaces") == "0":
        hints.append("user namespaces are switched off: sysctl user.max_user_namespaces=15000 (as root)")
    if _setting("kernel/unprivileged_userns_clone") == "0":
        hints.append(
            "user namespaces are for root alone: sysctl kernel.unprivileged_userns_clone=1 (as root)"
        )
    if "proc" in message and "mount" in message.lower():
        hints.append(
            "inside a container /proc can't be mounted: run it with --security-opt systempaths=unconfined"
        )
    return "; ".join([message, *hints])


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""
