"""One thing that `hayate doctor` looks at, and how files of /proc and /sys are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30
ROOT = Path("/")


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool | None  # None: a note; works, but timings are worth less, or something optional is missing
    seen: str
    remedy: str = ""


def read(path: Path) -> str:
    """A file of /proc or /sys, stripped; "" where it is not there."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
