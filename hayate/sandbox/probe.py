"""Which tiers work here, found by running them."""

from __future__ import annotations

import os
import statistics
import time
from functools import lru_cache
from pathlib import Path

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.sandbox.base import Command, Limits, Sandbox, TierReport
from hayate.sandbox.boxes import new_box
from hayate.sandbox.bubblewrap import Bubblewrap
from hayate.sandbox.landlock import Landlock
from hayate.sandbox.launcher import DOCTOR

TIERS: dict[str, type[Sandbox]] = {"bubblewrap": Bubblewrap, "landlock": Landlock}  # strongest first
STARTS = 3
CHOICE = "HAYATE_SANDBOX"


def get(tier: str) -> Sandbox:
    """The tier of that name, not probed. Raises WrongUse if there is none such."""
    if tier not in TIERS:
        raise WrongUse(f"no sandbox tier {tier!r}", where=CHOICE, allowed=", ".join(TIERS))
    return TIERS[tier]()


def probe() -> list[TierReport]:
    """Every tier, tried: it must start `true` and keep a file outside from being read and written."""
    return [_probe(tier) for tier in TIERS]


@lru_cache(maxsize=8)
def _best(choice: str) -> tuple[Sandbox | None, str]:
    reasons = []
    for tier in [choice] if choice else TIERS:
        sandbox = get(tier)
        report = _probe(tier)
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


def _probe(tier: str) -> TierReport:
    try:
        sandbox = get(tier)
        times_ms = _try(sandbox)
        return TierReport(tier, True, "", sandbox.weaknesses(), statistics.median(times_ms))
    except Fault as fault:
        return TierReport(
            tier, False, _explain(tier, fault.message if fault.remedy == DOCTOR else str(fault))
        )


def _try(sandbox: Sandbox) -> list[float]:
    limits = Limits(cpu_s=5, wall_s=10)
    times_ms = []
    with new_box() as box, new_box() as outside:
        secret = outside / "secret"
        secret.write_text("secret")
        for folder, mode in ((outside, 0o777), (secret, 0o666)):
            folder.chmod(mode)  # only the sandbox stands between
        for _ in range(STARTS):
            began = time.perf_counter()
            ended = sandbox.run(Command(["true"], box, limits=limits))
            times_ms.append(1e3 * (time.perf_counter() - began))
            if not ended.ok:
                raise Fault(
                    FaultKind.SANDBOX_BROKEN, f"`true` ended with {ended.returncode}: {_text(ended.stderr)}"
                )
        script = 'cat "$1"; echo changed > "$1"; echo mine > here && cat here'
        ended = sandbox.run(Command(["sh", "-c", script, "sh", str(secret)], box, limits=limits))
        if b"secret" in ended.stdout or secret.read_text() != "secret":
            raise Fault(
                FaultKind.SANDBOX_BROKEN, "it does not keep a file outside from being read or written"
            )
        if ended.stdout != b"mine\n":
            raise Fault(
                FaultKind.SANDBOX_BROKEN, f"a command can't write into its box: {_text(ended.stderr)}"
            )
    return times_ms


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
