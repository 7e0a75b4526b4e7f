"""`hayate doctor`: what this machine can do, and what distorts timing on it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hayate.cli.base import AsJson, err, out, print_json


def doctor(
    as_json: AsJson = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Calibrate again, even if the profile is fresh.")
    ] = False,
) -> None:
    """What this machine can do, what distorts timing on it, and what to do about it.

    Calibrates the machine on first use (some seconds). Exit 2 if a needed part is missing.

    Examples: `hayate doctor`, `hayate doctor --json | jq .profile.peak_gflops`
    """
    from hayate import hosts

    with err.status("looking at the machine (calibration takes some seconds the first time)"):
        profile = hosts.profile(refresh=refresh)
        checks = hosts.checks()
        slots = hosts.slots()
    if as_json:
        print_json(
            {
                "profile": profile.model_dump(),
                "checks": [{"name": c.name, "ok": c.ok, "seen": c.seen, "remedy": c.remedy} for c in checks],
                "slots": [
                    {"compute_cores": list(s.compute_cores), "clock_core": s.clock_core, "shared": s.shared}
                    for s in slots
                ],
            }
        )
        return
    table = Table(
        title=f"{profile.cpu}, {profile.arch}", title_justify="left", show_edge=False, pad_edge=False
    )
    table.add_column("")
    table.add_column("what")
    table.add_column("seen", overflow="fold")
    table.add_column("what to do", overflow="fold")
    marks = {True: Text("ok", "green"), False: Text("mend", "red"), None: Text("note", "yellow")}
    for check in checks:
        table.add_row(marks[check.ok], check.name, check.seen, "" if check.ok else check.remedy)
    if profile.peak_gflops:
        peak = profile.peak_gflops
        table.add_row(
            marks[True],
            "FMA peak, one core",
            f"{peak.value:.1f} GFLOPS ({peak.low:.1f} to {peak.high:.1f})",
            "",
        )
    for level, figure in profile.bandwidth_gbs.items():
        table.add_row(
            marks[True],
            f"read bandwidth, {level}",
            f"{figure.value:.1f} GB/s ({figure.low:.1f} to {figure.high:.1f})",
            "",
        )
    if profile.noise is not None:
        table.add_row(marks[None], "noise", f"{profile.noise:.1%} of identical code against itself", "")
    out.print(table)
    for slot in slots:
        out.print(f"slot: {slot}")
