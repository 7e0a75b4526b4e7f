"""What `hayate doctor` looks at: everything that hinders a measurement here or makes it worth less.

check.py    one thing looked at
timing.py   what distorts timing on this machine
parts.py    what hayate needs on it
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hayate.errors import Fault, WrongUse
from hayate.hosts.doctor import parts, timing
from hayate.hosts.doctor.check import ROOT, Check

__all__ = ["Check", "checks"]


def checks(root: Path = ROOT) -> list[Check]:
    """Everything, in the order in which it matters. A check that fails itself says so; none raises."""
    found: list[Check] = []
    several: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
        ("compiler", parts.compilers),
        ("sandbox", parts.sandboxes),
        ("yardsticks", parts.yardsticks),
    )
    for name, look in several:
        try:
            found += look()
        except (Fault, OSError) as error:
            found.append(Check(name, False, str(error), getattr(error, "remedy", "")))
    rooted = (
        timing.cores,
        timing.smt,
        timing.governor,
        timing.turbo,
        timing.steal,
        timing.cpu_quota,
        timing.autogroups,
        timing.huge_pages,
        timing.numa,
        timing.load,
        timing.clock_source,
        parts.memory,
    )
    single: list[tuple[str, Callable[[], Check]]] = [
        *((look.__name__, lambda look=look: look(root)) for look in rooted),
        ("instructions", parts.instructions),
        ("priority", timing.priorities),
        ("state folder", parts.state),
        ("disk", parts.disk),
        ("GPU", parts.gpu),
        ("Python venv", parts.python_venv),
    ]
    for name, one in single:
        try:
            found.append(one())
        except (Fault, WrongUse, OSError, ValueError) as error:
            found.append(Check(name, False, str(error), getattr(error, "remedy", "")))
    return found
