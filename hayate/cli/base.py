"""What the commands share: where text goes, and what becomes of a closed pipe.

JSON on stdout with --json, people's text on stderr where it is not the result.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def drop_stdout() -> None:
    """Its reader has gone (`hayate judge ... | head`). The exit status still says what was found."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Out(Console):
    def on_broken_pipe(self) -> None:
        drop_stdout()


# No markup: much of what is printed comes from sources, tools and files, and some of that has brackets.
out = _Out(markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)


def print_json(value: Any) -> None:
    try:
        sys.stdout.write(json.dumps(value, indent=None, default=str) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()


def tell(event: str) -> None:
    err.print(event, soft_wrap=True)


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(record.getMessage())


@contextlib.contextmanager
def waits_told() -> Iterator[None]:
    """While inside, it is said on stderr when a measurement waits for a core that another one uses."""
    log, teller = logging.getLogger("hayate.judge.locks"), _Teller(logging.INFO)
    log.addHandler(teller)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(teller)
        log.setLevel(logging.NOTSET)
