"""The page of `make bench-farm`: the figures as they were measured, and what a large farm asks by them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from parsl.providers import SlurmProvider

from benchmarks import bias, database, engines, performance, waiting
from benchmarks.store import MODEL, Store
from hayate.farm import ParslSettings
from hayate.farm.cluster import DRAIN_S

DOCS = Path(__file__).parents[1] / "docs" / "scaling.md"
NODES = 1000
SLOTS = 8  # of a node, as in docs/cluster.md
LINK_BYTES_PER_S = 10e9 / 8  # 10 Gb/s
_FAULTLESS = ("lost", "doubled", "stuck", "mixed_up", "answered_without_a_run", "settled_twice")

# What to change when a part is the first that gives way.
REMEDIES = {
    "sqlite": "PostgreSQL, which takes several trainers at once; then record a batch's verdicts in one transaction "
    "instead of two for each verdict",
    "postgresql": "record a batch's verdicts in one transaction instead of two for each; an archive for each trainer",
    "parsl": "several farms: each trainer, or each `hayate serve --run`, its own Parsl with its own blocks; or more "
    "launches a verdict, which are worth their time when slots are plenty",
    "http": "several servers on one PostgreSQL, each with its own address and its own clients, as `hayate serve` "
    "allows already; a server for each island of nodes",
    "files": "`ulimit -n` on the machine that trains, before the start; or several farms, as for Parsl",
    "network-parsl": "servers on the cluster's side (HTTP): objects stay there and are not sent for each measurement",
    "network-http": "answers as a stream instead of polls that name every waiting job",
}


def asked(known: dict[str, Any], verdict_s: float) -> list[dict[str, Any]]:
    """A row for each part: what it was measured to take, and so how many nodes it bears; the weakest first."""
    per_node = SLOTS / verdict_s  # verdicts a second
    rows = []

    def row(key: str, part: str, takes: str, nodes: float) -> None:
        rows.append({"part": part, "takes": takes, "nodes": nodes, "then": REMEDIES[key]})

    def rate(key: str, part: str, per_s: float) -> None:
        row(key, part, f"{per_s:.0f} verdicts a second", per_s / per_node)

    for backend, title in zip(database.BACKENDS, ("SQLite", "PostgreSQL"), strict=True):
        if found := known.get(f"database-{backend}"):
            rate(backend, f"evaluator and archive of one trainer, {title}", found["verdicts"]["64"]["per_s"])
    for kind, title in (("parsl", "Parsl's interchange and its client"), ("http", "one server, SQLite")):
        if found := known.get(f"efficiency-{kind}"):
            rate(kind, title, found["ceiling"]["verdicts_per_s"])
            each = found["build_bytes"] + found["measure_bytes"]
            row(
                f"network-{kind}",
                f"network at 10 Gb/s, {'Parsl' if kind == 'parsl' else 'HTTP'}",
                f"{each / 1000:.0f} kB a verdict",
                LINK_BYTES_PER_S / each / per_node,
            )
    pool = known.get("efficiency-parsl")
    if pool and pool["connections_of_a_manager"]:
        row(
            "files",
            "open files of the interchange",
            f"{pool['connections_of_a_manager']} connections a node, {pool['open_files_limit']} files",
            pool["open_files_limit"] / pool["connections_of_a_manager"],
        )
    return sorted(rows, key=lambda r: r["nodes"])


def scheduler() -> dict[str, float]:
    """What blocks ask of a batch scheduler: as they are by default, and long ones of several nodes."""
    default = ParslSettings()
    batch: int = inspect.signature(SlurmProvider).parameters["status_batch_size"].default
    questions_per_h = 3600 / default.poll_s
    hours = _hours(default.walltime)
    return {
        "walltime_h": hours,
        "nodes_per_block": default.nodes_per_block,
        "submissions_per_h": NODES / default.nodes_per_block / hours,
        "long_submissions_per_h": NODES / 10 / 24,
        "questions_per_h": questions_per_h,
        "slurm_batch": batch,
        "slurm_questions_per_h": questions_per_h * math.ceil(NODES / default.nodes_per_block / batch),
        "drain_share": DRAIN_S / 3600 / hours,
        "long_drain_share": DRAIN_S / 3600 / 24,
        "heartbeats_per_s": NODES / default.heartbeat_s,
        "silence_s": 6 * default.heartbeat_s,
    }


def _hours(walltime: str) -> float:
    hours, minutes, seconds = (int(part) for part in walltime.split(":"))
    return hours + minutes / 60 + seconds / 3600


def verdict_s(known: dict[str, Any] | None) -> float | None:
    """Seconds of a slot for one verdict, from `make bench`."""
    return None if known is None else 60 / float(known["figures"]["one_after_the_other_per_minute"])


def write(store: Store, keys: Sequence[str], seeds: Sequence[int], to: Path = DOCS) -> None:
    records = {key: store.load(key) for key in keys}
    known = {key: record["figures"] for key, record in records.items() if record is not None}
    one_s = verdict_s(Store("performance", [performance.RUN, MODEL]).load("throughput"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template("scaling.md.j2").render(
        records=records,
        known=known,
        some=next((r for r in records.values() if r is not None), None),
        kinds=engines.KINDS,
        faultless=_FAULTLESS,
        ratios=waiting.RATIOS,
        slots=waiting.SLOTS,
        batch=waiting.GROUPS * waiting.GROUP,
        verdict_s=waiting.VERDICT_S,
        backends=database.BACKENDS,
        seeds=seeds,
        bias=bias.summary(known["bias"]) if "bias" in known else [],
        nodes=NODES,
        slots_per_node=SLOTS,
        one_s=one_s,
        asked=asked(known, one_s) if one_s else [],
        scheduler=scheduler(),
    )
    to.write_text(text)
