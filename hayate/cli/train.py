"""`hayate train` and `hayate report`."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Annotated

import typer

from hayate.cli.base import AsJson, err, out, print_json, tell


def train(
    run: Annotated[Path, typer.Argument(help="The run file, e.g. runs/demo.toml.")],
    to: Annotated[Path | None, typer.Option("--out", help="Folder for everything the run writes.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the run was ended, however it ended.")
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="If the folder holds an earlier run, put that aside as DIR.1, DIR.2 ..."
        ),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed than the run file's.")] = None,
    minutes: Annotated[
        float,
        typer.Option(
            min=0,
            show_default="no limit",
            help="After so many, each phase ends with its next step; samples after it, baselines, report still come.",
        ),
    ] = math.inf,
    as_json: AsJson = False,
) -> None:
    """Train: the phases that the run file names, live progress, then DIR/report.html, report.json and archive.db.

    Ctrl-C saves and says how to go on; so does `kill -9`, from the last checkpoint. Exit 1 if nothing was accepted,
    with the reasons.

    Examples: `hayate train runs/demo.toml --out out/demo`, `hayate train runs/demo.toml --out out/demo --resume`
    """
    # Read when torch is imported: threads that spin while they wait take the core from those they wait for.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from hayate.report import summary
    from hayate.train import load_run, refused
    from hayate.train import train as run_training

    settings = load_run(run, seed=seed)
    folder = to or Path(settings.run.out)
    report = run_training(settings, folder, resume=resume, fresh=fresh, json_lines=as_json, minutes=minutes)
    why = refused(folder, settings.run.name)
    if as_json:
        reasons = {"refused": [one.model_dump() for one in why]} if why else {}
        print_json({"report": str(folder / "report.json"), **reasons})
    else:
        out.print(summary(report))
        out.print(f"report: {(folder / 'report.html').resolve()}", soft_wrap=True)
    if why:
        err.print("hayate: nothing was accepted in this training; most often:", style="red")
        for one in why:
            tell(str(one))
        raise typer.Exit(1)


def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a training run.")],
    as_json: AsJson = False,
) -> None:
    """Build a run's report again from its archive, also of a run that is still going on or was ended.

    Example: `hayate report out/demo`
    """
    from hayate.report import build, summary

    made = build(folder)
    if as_json:
        print_json(json.loads(made.model_dump_json()))
    else:
        out.print(summary(made))
        out.print(f"report: {(folder / 'report.html').resolve()}", soft_wrap=True)
