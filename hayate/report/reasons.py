"""Why candidates were refused: reasons that differ in their numbers alone count as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hayate.archive import SampleRow
from hayate.report.models import ReasonReport

_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)


def frequent(rows: Iterable[SampleRow], most: int) -> list[tuple[ReasonReport, SampleRow]]:
    """The `most` frequent reasons among the samples that were not accepted, each with the first sample that had it."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[str, SampleRow]] = {}
    for row in rows:
        if row.accepted:
            continue
        text = (row.reason or row.fault or "no reason given").strip().split("\n")[0]
        what = "fault" if row.outcome is None else row.outcome.value
        at = what, _NUMBER.sub("N", text)
        counts[at] += 1
        first.setdefault(at, (text, row))
    return [
        (ReasonReport(outcome=at[0], reason=at[1], count=n, example=first[at][0]), first[at][1])
        for at, n in counts.most_common(most)
    ]
