"""`hayate serve` and `hayate farm`: a farm behind HTTP, and what a farm is doing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from hayate.cli.base import AsJson, err, out, print_json
from hayate.errors import Fault, FaultKind

_LOOK_S = 1.0


def serve(
    run: Annotated[
        Path | None,
        typer.Option(help="A run file: its farm, tasks, reward and judge. Default: this machine."),
    ] = None,
    slots: Annotated[int | None, typer.Option(min=1, help="Measure on at most so many slots.")] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="A task's name or folder; may be repeated. Default: all built-in."),
    ] = None,
    bind: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes a free one.")] = "127.0.0.1:8177",
    tokens: Annotated[
        Path | None,
        typer.Option(
            help="A file with lines NAME:TOKEN, mode 600. Default: the environment's HAYATE_TOKENS."
        ),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    archive: Annotated[
        str, typer.Option(help="Database of queue, results and verdicts: a path or an URL.")
    ] = "out/serve/archive.db",
    body_mib: Annotated[float, typer.Option(min=0.01, max=64, help="Largest request, MiB.")] = 4,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests per second and token; more for a few.")] = 50,
    queue: Annotated[int, typer.Option(min=1, help="Waiting jobs per token.")] = 2000,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="Jobs given to the farm at a time. Default: 8, or twice its slots."
        ),
    ] = None,
    keep_days: Annotated[float, typer.Option(min=0.01, help="Results are kept so long.")] = 7,
    drain_s: Annotated[
        float, typer.Option(min=0, help="After SIGTERM, what runs has so long, in seconds.")
    ] = 120,
) -> None:
    """Put a farm behind HTTP, for run files with `farm = "http://..."` and for other trainers (docs/service.md).

    The queue survives `kill -9`. Reachable from this machine only, unless --bind and --tokens say otherwise.

    Examples: `hayate serve`, `hayate serve --slots 4 --bind 0.0.0.0:8177 --tokens tokens.txt`,
    `hayate serve --run runs/demo.toml --archive postgresql+psycopg://hayate@db/hayate`
    """
    try:
        from hayate.serve import command
    except ModuleNotFoundError as error:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING, f"no {error.name}", remedy="pip install 'hayate[serve]'"
        ) from error
    command.run(
        run=run,
        slots=slots,
        tasks=task or [],
        bind=bind,
        tokens=tokens,
        certificate=tls_cert,
        key=tls_key,
        archive=archive,
        limits={
            "body_bytes": int(body_mib * 2**20),
            "rate": rate,
            "queue": queue,
            "keep_s": keep_days * 86400,
            "drain_s": drain_s,
            **({"workers": workers} if workers else {}),
        },
        say=lambda text: err.print(f"hayate serve: {text}", soft_wrap=True),
    )


def farm(
    what: Annotated[
        str, typer.Argument(help="A run's folder, or the URL of `hayate serve`. Default: this machine.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Print it once; so without a terminal.")] = False,
    token_env: Annotated[
        str, typer.Option(help="The environment variable that holds a server's token.")
    ] = "HAYATE_TOKEN",
    as_json: AsJson = False,
) -> None:
    """What a farm is doing: slots, nodes, queue, throughput, faults. Live until Ctrl-C; --json prints it once.

    Examples: `hayate farm`, `hayate farm out/demo`, `hayate farm http://login1:8177`,
    `watch -n 10 "hayate farm out/demo --json | jq .farms"`
    """
    from rich.live import Live

    from hayate.farm import look_at
    from hayate.report import farm_view

    found = look_at(what, token_env=token_env)
    if as_json:
        print_json(found.model_dump())
    elif once or not out.is_terminal:
        out.print(farm_view(found))
    else:
        with Live(farm_view(found), console=out, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_LOOK_S)
                live.update(farm_view(look_at(what, token_env=token_env)), refresh=True)
