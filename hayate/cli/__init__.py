"""The command line: thin. One room for each command or two; what they share is in `base`.

Exit 0: done, or accepted. 1: the candidate was rejected, or a training in which nothing was accepted. 2: wrong use,
or a Fault. 3, 4, 5: with `judge --against` slower, equal, undecided. 130: interrupted.
"""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, TextIO

import typer
from rich.text import Text

from hayate import __version__
from hayate.cli.base import drop_stdout, err, print_json, tell
from hayate.cli.doctor import doctor
from hayate.cli.farm import farm, serve
from hayate.cli.judge import judge
from hayate.cli.new import new
from hayate.cli.tasks import tasks_app
from hayate.cli.train import report, train
from hayate.errors import Fault, FaultKind, WrongUse

app = typer.Typer(
    name="hayate",
    help="Train language models to write fast kernels, with measured speed as the teacher.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (doctor, new, judge, train, report, serve, farm):
    app.command()(_command)
app.add_typer(tasks_app, name="tasks")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hayate {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


def _fail(message: str, kind: str) -> None:
    if "--json" in sys.argv:
        print_json({"error": {"kind": kind, "message": message}})
    err.print(Text.assemble(("hayate", "red"), f": {kind.replace('_', ' ')}: {message}"), soft_wrap=True)


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as one line for a person, without the line of Python that gave it."""
    tell(f"hayate: note: {message}")


def main() -> None:
    """The entry point: every Fault and every wrong use becomes one clear message and exit 2."""
    warnings.showwarning = _warn
    try:
        _run()
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            drop_stdout()


def _run() -> None:
    try:
        app()
    except Fault as fault:
        _fail(str(fault), fault.kind.value)
    except WrongUse as wrong:
        _fail(str(wrong), "wrong use")
    except KeyboardInterrupt:
        err.print("hayate: interrupted")
        sys.exit(130)
    except OSError as error:
        if error.errno != 28:
            raise
        _fail(f"{error}. Remedy: free space on that disk", FaultKind.DISK_FULL.value)
    else:
        return
    sys.exit(2)
