"""Units of a benchmark, each measured once and kept as a file, so that an ended run goes on where it was."""

from __future__ import annotations

import copy
import datetime
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hayate import __version__, hosts
from hayate.errors import Fault, FaultKind
from hayate.judge import JUDGE_VERSION
from hayate.records import content_hash

RESULTS = Path(__file__).parent / "results"
MODEL = Path(__file__).parents[1] / "hayate" / "policies" / "tiny" / "model.safetensors"


@dataclass(frozen=True)
class Unit:
    """One measurement: its name, about how long it takes on two cores, and what makes it."""

    key: str
    about_s: float
    make: Callable[[], dict[str, Any]]


def host_name() -> str:
    """The machine's class as a folder name: results of different machines never mix."""
    profile = hosts.profile()
    return re.sub(r"[^A-Za-z0-9.]+", "-", profile.host_class).strip("-").lower() + f"-{profile.cores}-cores"


class Store:
    """Results of one benchmark on one machine. What was measured with other `inputs` counts as missing."""

    def __init__(self, benchmark: str, inputs: Sequence[Path | str]) -> None:
        self.folder = RESULTS / benchmark / host_name()
        self.inputs = content_hash(*(one if isinstance(one, str) else one.read_bytes() for one in inputs))

    def everywhere(self) -> list[Store]:
        """The same benchmark's results on every machine that has some."""
        found = []
        for folder in sorted(p for p in self.folder.parent.iterdir() if p.is_dir()):
            other = copy.copy(self)
            other.folder = folder
            found.append(other)
        return found

    def load(self, key: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / f"{key}.json").read_text())
        except OSError:
            return None
        return found if found.get("inputs") == self.inputs else None

    def need(self, key: str) -> dict[str, Any]:
        """The figures of another unit. Raises Fault(NOT_RECORDED) if they are not there yet."""
        found = self.load(key)
        if found is None:
            raise Fault(FaultKind.NOT_RECORDED, f"{key} is not measured yet")
        figures: dict[str, Any] = found["figures"]
        return figures

    def save(self, key: str, figures: dict[str, Any]) -> dict[str, Any]:
        profile = hosts.profile()
        record = {
            "key": key,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "host": profile.host_class,
            "cores": profile.cores,
            "priority": profile.priority,
            "hayate": __version__,
            "judge": JUDGE_VERSION,
            "inputs": self.inputs,
            "figures": figures,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{key}.partial"
        partial.write_text(json.dumps(record, indent=1) + "\n")
        partial.replace(self.folder / f"{key}.json")
        return record

    def run(self, units: list[Unit], write: Callable[[], None]) -> None:
        """Make what is missing, in order, then `write` the page; says first how long that will take.

        What met a fault of the machine's is left out; the process ends with that and status 1.
        """
        missing = [u for u in units if self.load(u.key) is None]
        total_s = sum(u.about_s for u in missing)
        print(
            f"{len(units) - len(missing)} of {len(units)} measurements are there; "
            f"the rest takes about {total_s / 60:.0f} minutes. Ctrl-C is safe: what is done is kept.",
            file=sys.stderr,
        )
        faults: dict[str, Fault] = {}
        try:
            for number, unit in enumerate(missing, 1):
                about = f"about {unit.about_s / 60:.1f} min"
                print(f"[{number}/{len(missing)}] {unit.key} ({about})", file=sys.stderr)
                try:
                    self.save(unit.key, unit.make())
                except Fault as fault:
                    faults[unit.key] = fault
                    print(f"{unit.key} is left out for now: {fault}", file=sys.stderr)
        finally:
            write()
        if faults:
            again = "When the machine is quiet, the same command makes what is missing."
            sys.exit(f"not measured: {', '.join(faults)}. {again}")
