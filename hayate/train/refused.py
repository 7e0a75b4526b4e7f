"""A training in which nothing was accepted has failed, whatever its phases did: why, and what the policy wrote."""

from __future__ import annotations

from pathlib import Path

from hayate.archive import Archive
from hayate.records import Record
from hayate.report.reasons import frequent
from hayate.train.state import ARCHIVE, UNREAD

MOST = 3
_SHOWN_LINES = 20


class Refused(Record):
    """One reason, and the first reply that met it."""

    outcome: str
    reason: str  # that of the reply
    count: int
    reply: str  # its source, or as much as is known of it

    def __str__(self) -> str:
        lines = self.reply.strip("\n").splitlines()
        more = [f"... {len(lines) - _SHOWN_LINES} lines more"] if len(lines) > _SHOWN_LINES else []
        shown = "\n".join(f"    {line}" for line in [*lines[:_SHOWN_LINES], *more])
        return f"{self.count} times {self.outcome}: {self.reason}" + (f"\n{shown}" if shown else "")


def refused(out: Path, run: str) -> list[Refused]:
    """The most frequent reasons where a run judged something and accepted nothing; else none."""
    with Archive(out / ARCHIVE) as archive:
        rows = [row for row in archive.samples(run) if not row.guess]
        if any(row.accepted for row in rows):
            return []
        found = frequent(rows, MOST)
        sources = archive.sources(row.hash for _, row in found)
    unread = out / UNREAD
    reply = unread.read_text(encoding="utf-8") if unread.exists() else ""
    return [
        Refused(
            outcome=reason.outcome,
            reason=reason.example,
            count=reason.count,
            reply=sources.get(row.hash) or reply,
        )
        for reason, row in found
    ]
