"""`baselines.json` of a run: what was timed against the best kernel, as the end of training left it."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ConfigDict

from hayate.records import Fastest, Interval, Record
from hayate.report.models import BandReport


class StoredBaseline(Record):
    model_config = ConfigDict(extra="ignore")

    name: str
    value: float
    low: float
    high: float
    ratio_to_best: Interval | None = None
    detail: str = ""


class StoredBaselines(Record):
    """Of one task. `best` is the hash of the candidate that everything was paired with."""

    model_config = ConfigDict(extra="ignore")

    task: str
    best: str
    best_gflops: Interval
    peak_share: Interval | None = None
    baselines: tuple[StoredBaseline, ...]
    bands: tuple[BandReport, ...] = ()
    fastest: Fastest | None = None


def read_baselines(run_dir: Path) -> tuple[dict[str, StoredBaselines], list[str]]:
    """Task -> its baselines, from every `baselines*.json` of the folder; and what could not be read."""
    found: dict[str, StoredBaselines] = {}
    complaints: list[str] = []
    for path in sorted(run_dir.glob("baselines*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            for one in data if isinstance(data, list) else [data]:
                stored = StoredBaselines.model_validate(one)
                found[stored.task] = stored
        except (OSError, ValueError) as error:  # pydantic's is a ValueError
            complaints.append(f"{path.name} could not be read: {str(error).splitlines()[0]}")
    return found, complaints
