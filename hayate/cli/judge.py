"""`hayate judge`: one verdict on one source file, or a head-to-head of two."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from hayate.cli.base import AsJson, err, out, print_json, tell, waits_told
from hayate.cli.sources import language_of, percentage, permitted_of, read_source
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Language, MeasurePlan, Outcome, Task, Technique, Verdict

if TYPE_CHECKING:
    from hayate.farm import Farm
    from hayate.judge import Thorough

Strictness = Literal["training", "report", "check"]

# Exit status of a head-to-head in which the candidate was accepted, the least favourable last.
DECIDED = {"faster": 0, "equal": 4, "slower": 3, "undecided": 5}
_WITHIN_S, _WITHIN_WIDTH_S = 10.0, 120.0


def judge(
    task: Annotated[str, typer.Argument(help="Name of a built-in task, or a task folder.")],
    file: Annotated[
        Path, typer.Argument(help="Source of the candidate, C or (.cpp) C++; - for standard input.")
    ],
    permit: Annotated[
        str, typer.Option(help="Techniques permitted, comma-separated, or none. Default: all but threads.")
    ] = "",
    strictness: Annotated[
        Strictness | None,
        typer.Option(
            help="report (the default): 3 launches; a machine that has changed since it was calibrated is a "
            "Fault. training: as a trainer's verdict, 1 launch, fewer pairs where calls are slow. "
            "check: right or wrong, nothing is timed.",
        ),
    ] = None,
    launches: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            show_default="3, or 1 for training",
            help="Launches to time; more give a narrower interval.",
        ),
    ] = None,
    bands: Annotated[
        str, typer.Option(help="Bands to time, comma-separated. Default: the training bands.")
    ] = "",
    against: Annotated[
        Path | None,
        typer.Option(help="Another source: which of the two is faster, at 99%?"),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=300,
            show_default="10, with --until-width 120",
            help="Seconds in which --against has to be decided.",
        ),
    ] = None,
    until_width: Annotated[
        str,
        typer.Option(
            help="With --against: go on until the interval's ends differ by so much, e.g. 2%.",
        ),
    ] = "",
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Before a kernel leaves the house: hundreds of shapes up to the domain's corners, all bands, checks "
            "for undefined behaviour, another compiler. Says what was covered and what was not.",
        ),
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show each step with its time.")] = False,
    language: Annotated[str, typer.Option(help="c or c++. Default: by the file's name.")] = "",
    run: Annotated[
        Path | None, typer.Option(help="A run file: on its farm, and on every class of hosts in farm.also.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One verdict on one source file; with several classes of hosts one on each. Exit 0 if accepted, 1 if rejected.

    With --against the exit status is the decision: 0 faster, 3 slower, 4 equal, 5 undecided, 1 rejected; of several
    classes of hosts the least favourable. The JSON has it as "decision".

    With --json and --run: {"verdicts": {CLASS: verdict}}, where "" is the run's own class.

    Examples: `hayate judge dgemm kernel.c`, `hayate judge dgemm kernel.c --permit simd,alloc --explain`,
    `hayate judge jacobi2d - --json < kernel.c`, `hayate judge dgemm kernel.c --run runs/cluster.toml`,
    `hayate judge dgemm kernel.c --strictness training`, `hayate judge dgemm new.c --against old.c --until-width 2%`,
    `hayate judge dgemm kernel.c --thorough`
    """
    from hayate import farm as farms
    from hayate.evaluate import judge_against, judge_one, verdict_json
    from hayate.rewards import RewardSettings, reward
    from hayate.tasks import find

    what = find(task)
    if against is not None and str(file) == str(against) == "-":
        raise WrongUse("standard input can be one of the two only", where="--against")
    if thorough and (against is not None or run is not None):
        raise WrongUse(
            "a thorough check is of one source, on this machine",
            where="--thorough",
            allowed="without --against and --run",
        )
    source = read_source(file)
    rival = None if against is None else read_source(against)
    timed = _bands(what, bands)
    plan = (
        _plan(strictness, launches, timed, within, until_width)
        if against is None
        else _head_to_head(strictness, launches, timed, within, until_width)
    )
    permitted, spoken = permitted_of(permit, what.techniques), language_of(language, file, source)
    rival_spoken = spoken if against is None or rival is None else language_of("", against, rival)
    settings, pay = farms.FarmSettings(slots=1), RewardSettings()
    if run is not None:
        from hayate.train import load_run

        run_file = load_run(run)
        settings, pay = run_file.farm, run_file.reward

    def judged(farm: Farm) -> Verdict:
        try:
            if rival is None or against is None:
                return judge_one(what, source, permitted, farm=farm, plan=plan, language=spoken)
            return judge_against(
                what,
                source,
                rival,
                permitted,
                farm=farm,
                plan=plan,
                language=spoken,
                rival_language=rival_spoken,
                rival_name=against.name,
            )
        except Fault as fault:
            raise _naming_folder(fault, task) from fault

    with err.status("judging"), waits_told(), ExitStack() as stack:
        place = stack.enter_context(farms.open(settings, on_event=tell))
        places = {"": place, **stack.enter_context(farms.also(settings, place, on_event=tell))}
        verdicts = {name: judged(one) for name, one in places.items()}
    said = {name: verdict_json(one, reward(one, pay).value) for name, one in verdicts.items()}
    looked = None
    if thorough and verdicts[""].outcome is Outcome.ACCEPTED:
        looked = _look_closely(what, source, permitted, spoken)
        said[""]["thorough"] = looked.model_dump(mode="json")
    if as_json:
        print_json(said[""] if run is None else {"verdicts": said})
    else:
        for name, verdict in verdicts.items():
            if len(verdicts) > 1:
                out.print(Text.assemble((name or "farm", "bold"), f": {verdict.host.host_class}"))
            _print_verdict(verdict, explain)
        if looked is not None:
            _print_thorough(looked)
    if looked is not None and looked.outcome is not Outcome.ACCEPTED:
        raise typer.Exit(1)
    status = exit_status(list(verdicts.values()))
    if status:
        raise typer.Exit(status)


def exit_status(verdicts: list[Verdict]) -> int:
    """0 where all are accepted, and faster than a rival if there was one; see `judge`."""
    if any(verdict.outcome is not Outcome.ACCEPTED for verdict in verdicts):
        return 1
    seen = {verdict.decision for verdict in verdicts}
    return next((DECIDED[name] for name in reversed(DECIDED) if name in seen), 0)


def _bands(task: Task, wanted: str) -> tuple[str, ...]:
    """Raises WrongUse."""
    known = [band.name for band in task.bands]
    names = tuple(name.strip() for name in wanted.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise WrongUse(f"{name!r} is no band of {task.name}", where="--bands", allowed=", ".join(known))
    return names or tuple(band.name for band in task.bands if band.training)


def _plan(
    strictness: Strictness | None,
    launches: int | None,
    bands: tuple[str, ...],
    within: float | None,
    until_width: str,
) -> MeasurePlan:
    """Of a verdict without a rival. Raises WrongUse for options that would mean nothing."""
    for option, given in (("--until-width", until_width), ("--within", within)):
        if given:
            raise WrongUse("it is for a head-to-head", where=option, allowed="with --against FILE")
    if strictness == "check":
        if launches is not None:
            raise WrongUse("with --strictness check nothing is timed", where="--launches")
        return MeasurePlan(purpose="check", launches=0, bands=bands)
    purpose: Literal["training", "report"] = strictness or "report"
    count = launches or (1 if purpose == "training" else 3)
    return MeasurePlan(purpose=purpose, launches=count, max_launches=count, bands=bands)


def _head_to_head(
    strictness: Strictness | None,
    launches: int | None,
    bands: tuple[str, ...],
    within: float | None,
    until_width: str,
) -> MeasurePlan:
    """Raises WrongUse for options that would mean nothing."""
    for option, given in (("--launches", launches), ("--strictness", strictness)):
        if given is not None:
            raise WrongUse("a head-to-head goes on until it is decided", where=option, allowed="--within")
    width = percentage(until_width, "--until-width") if until_width else None
    return MeasurePlan(
        purpose="confirm",
        launches=3,
        max_launches=64 if width is None else 1000,
        confidence=0.99,
        bands=bands,
        decide_s=within or (_WITHIN_S if width is None else _WITHIN_WIDTH_S),
        until_width=width,
    )


def _look_closely(task: Task, source: str, permitted: tuple[Technique, ...], language: Language) -> Thorough:
    from hayate import hosts, sandbox
    from hayate.judge import thorough

    with err.status("a thorough check: some minutes") as status, waits_told():
        return thorough(
            task,
            source,
            permitted,
            host=hosts.profile(),
            slot=hosts.slots()[0],
            sandbox=sandbox.best(),
            language=language,
            on_part=lambda part: status.update(f"a thorough check: {part}"),
        )


def _print_thorough(found: Thorough) -> None:
    colour = "green" if found.outcome is Outcome.ACCEPTED else "red"
    word = "passed" if found.outcome is Outcome.ACCEPTED else found.outcome.value
    out.print(Text.assemble("thorough check: ", (word, colour), f", {found.wall_s:.0f} s"))
    if found.outcome is not Outcome.ACCEPTED:
        out.print(f"  {found.reason}", soft_wrap=True)
    for line in found.covered:
        out.print(Text.assemble(("  covered ", "green"), line), soft_wrap=True)
    for line in found.not_covered:
        out.print(Text.assemble(("  not covered ", "yellow"), line), soft_wrap=True)


def _naming_folder(fault: Fault, task: str) -> Fault:
    """A broken yardstick's remedy names the task; of a folder outside the package it must be the folder."""
    from hayate.tasks import builtin_names

    if fault.kind is not FaultKind.YARDSTICK_BROKEN or task in builtin_names():
        return fault
    return Fault(fault.kind, fault.message, remedy=f"hayate tasks check {task}")


def _print_verdict(verdict: Verdict, explain: bool) -> None:
    colour = "green" if verdict.outcome is Outcome.ACCEPTED else "red"
    out.print(Text.assemble((verdict.outcome.value, colour), f": {verdict.reason}"))
    if verdict.metric:
        m = verdict.metric
        unit = "GFLOPS" if m.name == "gflops" else m.name
        speed = f"{m.value:.1f} {unit} ({m.low:.1f} to {m.high:.1f}) on {verdict.host.cpu}"
        if verdict.speedup:
            ratio = verdict.speedup
            speed += f", {ratio.median:.3g} times the {ratio.baseline} ({ratio.low:.3g} to {ratio.high:.3g})"
        out.print(speed, soft_wrap=True)
    if verdict.techniques:
        out.print("techniques: " + ", ".join(t.value for t in verdict.techniques))
    if explain:
        for step in verdict.steps:
            spent = f"  {step.name:8} {step.wall_s * 1e3:8.1f} ms  "
            calls = f"{step.calls_s * 1e3:.1f} ms of it in calls" if step.calls_s else ""
            out.print(Text.assemble(spent, ("; ".join(filter(None, (step.note, calls))), "dim")))
        for name, value in verdict.numbers.items():
            out.print(f"  {name} = {value:.6g}")
        out.print(f"  sandbox {verdict.sandbox}, judge {verdict.judge_version}")
