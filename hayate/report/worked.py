"""How long a run worked: the time between a kill and its --resume is nobody's work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

Spans = Sequence[tuple[float, float]]  # from when to when, seconds since 1970


def read_worked(run_dir: Path, last: float | None) -> Spans:
    """When processes worked on the run, as `state.json` has it; none in folders that say nothing of it.

    `last`: when something was last recorded. A process that is still at work, or was killed since it last wrote down
    how far it was, worked until then.
    """
    try:
        content = json.loads((run_dir / "state.json").read_text(encoding="utf-8"))
        spans = [(float(began), float(end)) for began, end in content["worked"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if spans and last is not None:
        began, end = spans[-1]
        spans[-1] = (began, max(end, last))
    return spans


def worked_s(spans: Spans, began: float, end: float) -> float:
    """Seconds of work between two moments; all of them where nothing is known of pauses.

    >>> worked_s([(0, 10), (100, 110)], 5, 105)
    10.0
    """
    if not spans:
        return max(0.0, end - began)
    return float(sum(max(0.0, min(end, b) - max(began, a)) for a, b in spans))
