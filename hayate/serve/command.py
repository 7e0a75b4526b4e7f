"""`hayate serve`: from options to a server that runs until it is told to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import ValidationError

from hayate import farm as farms
from hayate import tasks as task_room
from hayate.archive import Archive
from hayate.errors import WrongUse
from hayate.serve import tokens as token_files
from hayate.serve.limits import ServeSettings
from hayate.serve.server import check_exposure, parse_bind, serve
from hayate.serve.service import Service
from hayate.train import load_run

WORKERS_LEAST, WORKERS_MOST = 8, 256
PREFIX = "HAYATE_SERVE_"  # of environment variables


def limits_of(options: Mapping[str, float], environment: Mapping[str, str]) -> ServeSettings:
    """From options, and for limits that have none from variables like HAYATE_SERVE_JOB_S. Raises WrongUse."""
    found: dict[str, object] = dict(options)
    allowed = sorted(f"{PREFIX}{name.upper()}" for name in ServeSettings.model_fields if name not in options)
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        if variable not in allowed:
            raise WrongUse("no such limit", where=variable, allowed=", ".join(allowed))
        found[variable.removeprefix(PREFIX).lower()] = value
    try:
        return ServeSettings.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = f"{PREFIX}{name.upper()}" if name not in options else f"--{name.replace('_', '-')}"
        raise WrongUse(str(first["msg"]), where=where, allowed="see docs/service.md") from None


def run(
    *,
    run: Path | None,
    slots: int | None,
    tasks: Sequence[str],
    bind: str,
    tokens: Path | None,
    certificate: Path | None,
    key: Path | None,
    archive: str,
    limits: Mapping[str, float],
    say: Callable[[str], None],
) -> None:
    """`limits` are ServeSettings; without "workers" twice the farm's slots. Raises WrongUse and Fault."""
    if run is not None and slots is not None:
        raise WrongUse("the run file says which farm", where="--slots", allowed="--run or --slots")
    known = token_files.load(tokens, os.environ)
    host, _ = parse_bind(bind)
    check_exposure(host, known, tls=certificate is not None, say=say)
    run_file = None if run is None else load_run(run)
    place = farms.FarmSettings(slots=slots) if run_file is None else run_file.farm
    if place.kind in ("http", "replay"):
        raise WrongUse(
            "a server needs a farm that measures", where=str(run), allowed="a local farm, or parsl"
        )
    if place.also:
        raise WrongUse(
            "a server is of one class of hosts", where=f"{run}: farm.also", allowed="none; serve each class"
        )
    workers = min(WORKERS_MOST, max(WORKERS_LEAST, 2 * place.slots_most))
    settings = limits_of({"workers": workers, **limits}, os.environ)
    names = tasks or (task_room.builtin_names() if run_file is None else run_file.run.tasks)
    found = [task_room.find(name) for name in names]
    with ExitStack() as stack:
        kept = stack.enter_context(Archive(archive))
        opened = stack.enter_context(farms.open(place, on_event=say))
        service = Service(
            opened,
            kept,
            {one.name: one for one in found},
            settings,
            reward_settings=None if run_file is None else run_file.reward,
            evaluate_settings=None if run_file is None else run_file.judge,
        )
        serve(service, known, bind=bind, certificate=certificate, key=key, say=say)
