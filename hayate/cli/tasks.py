"""`hayate tasks` and `hayate tasks check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hayate.cli.base import AsJson, err, out, print_json

tasks_app = typer.Typer(
    help="List the tasks, or prove a task folder.\n\nExamples: `hayate tasks`, `hayate tasks check my_task/`",
    invoke_without_command=True,
)


@tasks_app.callback()
def tasks(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is not None:
        return
    from hayate.tasks import builtin, builtin_names

    found = [builtin(name) for name in builtin_names()]
    if as_json:
        print_json(
            [
                {
                    "name": t.name,
                    "title": t.title,
                    "declaration": t.declaration,
                    "bound_by": t.bound_by,
                    "bands": [b.name for b in t.bands],
                    "techniques": [x.value for x in t.techniques],
                    "hash": t.hash,
                }
                for t in found
            ]
        )
        return
    table = Table(show_edge=False, pad_edge=False)
    for column in ("task", "what", "bound by", "bands"):
        table.add_column(column)
    for t in found:
        table.add_row(t.name, t.title, t.bound_by, ", ".join(b.name for b in t.bands))
    out.print(table)


@tasks_app.command("check")
def tasks_check(
    path: Annotated[str, typer.Argument(help="A task folder, or the name of a built-in task.")],
    as_json: AsJson = False,
) -> None:
    """Prove a task folder: correct/ passes, wrong/ fails as declared, the yardsticks are right.

    Examples: `hayate tasks check dgemm`, `hayate tasks check ./my_task --json`
    """
    from hayate import hosts, sandbox
    from hayate.judge import prove
    from hayate.tasks import builtin_names, folder

    where = folder(path) if path in builtin_names() else Path(path)
    with err.status("proving") as status:
        proofs = prove(
            where,
            host=hosts.profile(),
            slot=hosts.slots()[0],
            sandbox=sandbox.best(),
            on_proof=lambda p: status.update(f"proving: {p.source}"),
        )
    held = all(p.holds for p in proofs)
    if as_json:
        print_json(
            {
                "task": str(where),
                "holds": held,
                "proofs": [{**p.model_dump(), "holds": p.holds} for p in proofs],
            }
        )
    else:
        for p in proofs:
            said = ("holds", "green") if p.holds else (f"{p.outcome}, where {p.expected} was due", "red")
            out.print(Text.assemble(f"{p.source}: ", said, "  ", (p.reason, "dim")))
        out.print(f"{sum(p.holds for p in proofs)} of {len(proofs)} hold")
    if not held:
        raise typer.Exit(1)
