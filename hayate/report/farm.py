"""What farms are doing, on a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hayate.farm import Farms, FarmStatus
from hayate.farm.status import BlockStatus, NodeStatus, SlotStatus
from hayate.report.words import duration, plural

STALE_S = 10.0
_EVENTS = 8


def farm_view(found: Farms) -> RenderableType:
    """Of each farm: what it is, its slots or blocks and nodes, the queue, throughput, faults, the last events."""
    parts: list[RenderableType] = []
    for name, farm in found.farms.items():
        parts += _farm(name, farm)
    for kind, states in found.jobs.items():
        parts.append(Text(f"{kind} jobs in the queue's database: {_counts(states)}"))
    if found.draining:
        parts.append(Text("draining: it takes no new jobs", style="yellow"))
    return Group(*parts)


def _farm(name: str, farm: FarmStatus) -> list[RenderableType]:
    age_s = time.time() - farm.at
    head = Text(f"{name or farm.kind}: {farm.host_class}, {farm.sandbox}", style="bold")
    if farm.closed:
        head.append(f"  closed {duration(age_s)} ago", style="yellow")
    elif age_s > STALE_S:
        head.append(f"  last heard {duration(age_s)} ago: it may have been killed", style="red")
    else:
        head.append(f"  open for {duration(farm.at - farm.opened)}", style="dim")
    parts: list[RenderableType] = [head]
    if farm.slots:
        parts.append(_table(("slot", "does", "for"), [_slot(slot) for slot in farm.slots]))
    if farm.blocks:
        parts.append(_table(("block", "state", "slots busy"), [_block(block) for block in farm.blocks]))
    if farm.nodes:
        parts.append(
            _table(("node", "answers", "faults", "heard, ago"), [_node(node) for node in farm.nodes])
        )
    said = [
        f"{farm.running:,} running, {farm.waiting:,} waiting",
        f"ended: {_counts(farm.ended)}",
        f"{farm.per_minute:.0f} a minute",
    ]
    parts.append(Text("; ".join(said)))
    if farm.faults:
        parts.append(
            Text(f"{plural(sum(farm.faults.values()), 'fault')}: {_counts(farm.faults)}", style="red")
        )
    if farm.trouble:
        parts.append(Text(farm.trouble, style="red"))
    parts += [
        Text(f"{time.strftime('%H:%M:%S', time.localtime(event.at))}  {event.text}", style="dim")
        for event in farm.events[-_EVENTS:]
    ]
    return parts


def _slot(one: SlotStatus) -> tuple[str, ...]:
    return one.name, one.job or "idle", duration(one.for_s) if one.job and one.for_s else ""


def _block(one: BlockStatus) -> tuple[str, ...]:
    return one.name, one.state + (", leaving" if one.leaving else ""), f"{one.busy} of {one.slots}"


def _node(one: NodeStatus) -> tuple[str, ...]:
    return one.name, f"{one.answers:,}", f"{one.faults:,}", duration(one.heard_s)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items()) or "none"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < 2 else "right")
    for row in rows:
        table.add_row(*row)
    return table
