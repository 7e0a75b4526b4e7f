"""`hayate new`: a person's own function as a proven task."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from hayate.cli.base import AsJson, err, out, print_json, waits_told
from hayate.errors import WrongUse

if TYPE_CHECKING:
    from hayate.records import Values


def new(
    file: Annotated[Path, typer.Argument(help="A file of C or C++ with the function.")],
    function: Annotated[str, typer.Argument(help="The function's name.")],
    folder: Annotated[
        Path | None, typer.Option("--out", help="The task folder to write; without it, the function's name.")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="An array's shape, as in 'A=M,K'.")] = None,
    span: Annotated[
        list[str] | None, typer.Option("--range", help="A size's range, as in 'M=1..2048'.")
    ] = None,
    size: Annotated[list[str] | None, typer.Option(help="Sizes to time, as in 'M=N=480,K=64'.")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            help="What an input holds, as in 'x=uniform:0.5..2' or 'p=permutation' (docs/any-kernel.md)."
        ),
    ] = None,
    flops: Annotated[str | None, typer.Option(help="Operations of a call, as in '2 * M * N * K'.")] = None,
    include: Annotated[
        list[Path] | None, typer.Option("-I", help="A folder with the project's headers.")
    ] = None,
    define: Annotated[list[str] | None, typer.Option("-D", help="A macro, as in 'N=8'.")] = None,
    line: Annotated[
        int | None, typer.Option(help="Of several functions of that name: the line of the one.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="One line for people.")] = None,
    mutants: Annotated[
        bool, typer.Option(help="Let the judge look at wrong versions of the function, which it must refuse.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a task of a function of your own, and prove it. Exit 1 if something does not hold.

    The arguments' kinds, shapes and values are guessed from the code and by running it under sanitizers; every guess
    is shown with its reason and can be overruled. The function itself becomes the oracle, in numbers that carry a bound
    of their rounding error. Then the folder is checked as `hayate tasks check` does, and some hundred wrong versions of
    the function are judged, which must all fail.

    Examples: `hayate new kernels.c spmv`, `hayate new blas.c gemm --range 'M=1..1024' --size 'M=N=K=480'`,
    `hayate new solver.c sweep --shape 'u=nx+2,ny+2' -I include`
    """
    from hayate import hosts, sandbox
    from hayate.new import guess, read, try_out
    from hayate.new.folder import write
    from hayate.new.proving import how_correct, order_yardsticks, proven
    from hayate.tasks import load

    began = time.monotonic()
    tier, host, slot = sandbox.best(), hosts.profile(), hosts.slots()[0]
    target = folder or Path(function)
    with err.status("reading") as status, waits_told():
        found = read(file, function, includes=include or (), defines=define or (), line=line)
        status.update("guessing, by running it on small arrays")
        draft = guess(
            found,
            shapes=dict(map(_shape, shape or ())),
            ranges=dict(map(_range, span or ())),
            sizes=[_sizes(text) for text in size or ()],
            values=dict(map(_values, values or ())),
            within=tier,
        )
        status.update("trying the guess out under sanitizers")
        tried = try_out(draft, found, within=tier)
        draft = tried.draft if flops is None else tried.draft.model_copy(update={"flops": flops})
        if not as_json:
            err.print(Text(draft.table(width=err.width)))
            for said in tried.corrected:
                err.print(Text(f"corrected: {said}"))
        if tried.problems:
            worst = tried.problems[0]
            raise WrongUse(f"{worst.about}: {worst.what}", where=str(file), allowed=worst.option)
        status.update("writing the folder")
        fresh = not target.exists()
        name = _name(function)
        words = {"name": name, "title": title or f"{function} of {file.name}"}
        description = f"Compute what the function {function} below computes, for all sizes in its domain."
        try:
            task = write(draft, target, **words, description=description, correct="automatic")
            correct, why = how_correct(draft, task)
            if correct != "automatic":
                toml = target / "task.toml"
                toml.write_text(toml.read_text().replace('correct = "automatic"', f'correct = "{correct}"'))
                task = load(target)
            status.update("timing the function by compiler flags")
            task = order_yardsticks(task, target, host=host, slot=slot, sandbox=tier)
        except BaseException:
            if fresh:  # half a folder would be in the way of the next try
                shutil.rmtree(target, ignore_errors=True)
            raise
        result = proven(
            task,
            target,
            host=host,
            slot=slot,
            sandbox=tier,
            mutants=mutants,
            on_proof=lambda p: status.update(f"proving: {p.source}"),
            on_mutant=lambda done, of: status.update(f"judging wrong versions: {done} of {of}"),
        )
    took = time.monotonic() - began
    if as_json:
        print_json(
            {
                **result.model_dump(),
                "holds": result.holds,
                "correct": correct,
                "guesses": [g.model_dump() for g in draft.guesses],
                "wall_s": took,
            }
        )
    else:
        for p in result.proofs:
            if not p.holds:
                out.print(Text.assemble(f"{p.source}: ", (p.outcome, "red"), f"  {p.reason}"), soft_wrap=True)
                if p.remedy:
                    out.print(f"    remedy: {p.remedy}", soft_wrap=True)
        out.print(f"right: {correct}, {why}")
        out.print(f"{sum(p.holds for p in result.proofs)} of {len(result.proofs)} parts hold")
        if result.mutants:
            out.print(f"{result.caught} of {result.mutants} wrong versions refused")
        for said in result.survived:
            out.print(Text.assemble(("accepted although wrong: ", "red"), said), soft_wrap=True)
        if result.equivalent:
            out.print(f"accepted, and perhaps the same: {', '.join(result.equivalent)}", soft_wrap=True)
        out.print(f"{target} in {took:.0f} s. Next: hayate judge {target} FASTER.c")
    if not result.holds:
        raise typer.Exit(1)


def _name(function: str) -> str:
    """A task's name from a function's."""
    text = "".join(c if c.isalnum() else "_" for c in function.lower()).strip("_")
    return text if text[:1].isalpha() else f"task_{text}"


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, found, rest = text.partition("=")
    if not found or not name.strip() or not rest.strip():
        raise WrongUse(f"{text!r} says nothing here", where=option, allowed=example)
    return name.strip(), rest.strip()


def _shape(text: str) -> tuple[str, tuple[str, ...]]:
    name, rest = _pair(text, "--shape", "'A=M,K'")
    return name, tuple(part.strip() for part in rest.split(","))


def _range(text: str) -> tuple[str, tuple[int, int]]:
    name, rest = _pair(text, "--range", "'M=1..2048'")
    low, found, high = rest.partition("..")
    try:
        return name, (int(low), int(high if found else low))
    except ValueError:
        raise WrongUse(f"{text!r} is no range", where="--range", allowed="'M=1..2048'") from None


def _sizes(text: str) -> dict[str, int]:
    """'M=N=480,K=64': names that share a value are joined by =."""
    found: dict[str, int] = {}
    for part in text.split(","):
        *names, value = (word.strip() for word in part.split("="))
        if not names or not value.isdigit():
            raise WrongUse(f"{part!r} names no size and value", where="--size", allowed="'M=N=480,K=64'")
        found |= {name: int(value) for name in names}
    return found


def _values(text: str) -> tuple[str, Values]:
    from typing import get_args

    from hayate.records import Values, ValuesKind

    name, rest = _pair(text, "--values", "'x=uniform:0.5..2'")
    kind, _, limits = rest.partition(":")
    low, found, high = limits.partition("..")
    if kind not in get_args(ValuesKind):
        raise WrongUse(
            f"{kind!r} is no kind of values", where="--values", allowed=", ".join(get_args(ValuesKind))
        )
    return name, Values(kind=kind, low=low if found else "", high=high if found else low)
