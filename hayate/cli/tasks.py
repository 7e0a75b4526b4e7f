"""`hayate tasks` and `hayate tasks check`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from hayate.cli.base import AsJson, err, out, print_json, waits_told

Which = Literal["covering", "all", "none"]

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
    which: Annotated[
        Which,
        typer.Option(
            "--variants",
            help="Which variants of the templates: covering (every value of every parameter once), all, none.",
        ),
    ] = "covering",
    as_json: AsJson = False,
) -> None:
    """Prove a task folder, and say which part of it is wrong. Exit 1 if one is.

    Oracle, bound, inputs and reference are held against each other; correct/ and variants/ pass, wrong/ fails as
    declared; all but wrong/ run under sanitizers too, where the compiler has them; yardsticks are in order, and calls
    in the bands neither too short nor too long.

    Examples: `hayate tasks check dgemm`, `hayate tasks check ./my_task --json`,
    `hayate tasks check ./my_task --variants all`
    """
    from hayate import hosts, sandbox
    from hayate.judge import prove
    from hayate.tasks import where as folder_of

    where = folder_of(path)
    with err.status("proving") as status, waits_told():
        proofs = prove(
            where,
            host=hosts.profile(),
            slot=hosts.slots()[0],
            sandbox=sandbox.best(),
            on_proof=lambda p: status.update(f"proving: {p.source}"),
            which=which,
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
            said = (f"{p.outcome}, where {p.expected} was due", "red")
            if p.holds:
                said = ("skipped", "yellow") if p.outcome == "skipped" else ("holds", "green")
            out.print(Text.assemble(f"{p.source}: ", said, "  ", (p.reason, "dim")))
            if not p.holds and p.remedy:
                out.print(f"    remedy: {p.remedy}", soft_wrap=True)
        out.print(f"{sum(p.holds for p in proofs)} of {len(proofs)} hold")
    if not held:
        raise typer.Exit(1)
