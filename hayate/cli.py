"""The command line: thin. JSON on stdout with --json, people's text on stderr where it is not the result.

Exit 0: done, or accepted. 1: the candidate was rejected. 2: wrong use, or a Fault. 130: interrupted.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hayate import __version__
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import CXX_SUFFIXES, Language, Outcome, Technique, Verdict

app = typer.Typer(
    name="hayate",
    help="Train language models to write fast kernels, with measured speed as the teacher.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
tasks_app = typer.Typer(
    help="List the tasks, or prove a task folder.\n\nExamples: `hayate tasks`, `hayate tasks check my_task/`",
    invoke_without_command=True,
)
app.add_typer(tasks_app, name="tasks")

_LOOK_S = 1.0

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
# No markup: much of what is printed comes from sources, tools and files, and some of that has brackets.
out = Console(markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=None, default=str) + "\n")


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


@app.command()
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
        _print_json(
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


@tasks_app.callback()
def tasks(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is not None:
        return
    from hayate.tasks import builtin, builtin_names

    found = [builtin(name) for name in builtin_names()]
    if as_json:
        _print_json(
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
        _print_json(
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


def _permitted(text: str, known: tuple[Technique, ...]) -> tuple[Technique, ...]:
    if not text:
        return tuple(t for t in known if t is not Technique.THREADS)
    names = [n.strip() for n in text.split(",") if n.strip() and n.strip() != "none"]
    allowed = ", ".join(t.value for t in known)
    for name in names:
        if name not in {t.value for t in known}:
            raise WrongUse(f"{name!r} is no technique of this task", where="--permit", allowed=allowed)
    return tuple(Technique(n) for n in names)


@app.command()
def judge(
    task: Annotated[str, typer.Argument(help="Name of a built-in task, or a task folder.")],
    file: Annotated[
        Path, typer.Argument(help="Source of the candidate, C or (.cpp) C++; - for standard input.")
    ],
    permit: Annotated[
        str, typer.Option(help="Techniques permitted, comma-separated, or none. Default: all but threads.")
    ] = "",
    launches: Annotated[
        int, typer.Option(min=1, max=64, help="Launches to time; more give a narrower interval.")
    ] = 3,
    bands: Annotated[
        str, typer.Option(help="Bands to time, comma-separated. Default: the training bands.")
    ] = "",
    against: Annotated[
        Path | None,
        typer.Option(help="Another source: which of the two is faster, at 99%? --launches is not used then."),
    ] = None,
    within: Annotated[
        float, typer.Option(min=1, max=300, help="Seconds in which --against has to be decided.")
    ] = 10.0,
    explain: Annotated[bool, typer.Option("--explain", help="Show each step with its time.")] = False,
    language: Annotated[str, typer.Option(help="c or c++. Default: by the file's name.")] = "",
    run: Annotated[
        Path | None, typer.Option(help="A run file: on its farm, and on every class of hosts in farm.also.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One verdict on one source file; with several classes of hosts one on each. Exit 0 if accepted, 1 if rejected.

    With --json and --run: {"verdicts": {CLASS: verdict}}, where "" is the run's own class.

    Examples: `hayate judge dgemm kernel.c`, `hayate judge dgemm kernel.c --permit simd,alloc --explain`,
    `hayate judge jacobi2d - --json < kernel.c`, `hayate judge dgemm kernel.c --run runs/cluster.toml`,
    `hayate judge dgemm new.c --against old.c`
    """
    from contextlib import ExitStack

    from hayate import farm as farms
    from hayate.evaluate import judge_against, judge_one, verdict_json
    from hayate.records import MeasurePlan
    from hayate.rewards import RewardSettings, reward
    from hayate.tasks import find

    what = find(task)
    if against is not None and str(file) == str(against) == "-":
        raise WrongUse("standard input can be one of the two only", where="--against")
    source = _source(file)
    rival = None if against is None else _source(against)
    wanted = tuple(b.strip() for b in bands.split(",") if b.strip()) or None
    if wanted:
        known = [b.name for b in what.bands]
        for name in wanted:
            if name not in known:
                raise WrongUse(
                    f"{name!r} is no band of {what.name}", where="--bands", allowed=", ".join(known)
                )
    plan = MeasurePlan(
        purpose="report" if launches > 1 else "training",
        launches=launches,
        max_launches=launches,
        bands=wanted or tuple(b.name for b in what.bands if b.training),
    )
    if rival is not None:
        decided = {"launches": 3, "max_launches": 64, "confidence": 0.99, "decide_s": within}
        plan = plan.model_copy(update={"purpose": "confirm", **decided})
    settings, pay = farms.FarmSettings(slots=1), RewardSettings()
    if run is not None:
        from hayate.train import load_run

        run_file = load_run(run)
        settings, pay = run_file.farm, run_file.reward
    with err.status("judging"), ExitStack() as stack:
        place = stack.enter_context(farms.open(settings, on_event=_tell))
        places = {"": place, **stack.enter_context(farms.also(settings, place, on_event=_tell))}
        permitted, spoken = _permitted(permit, what.techniques), _language(language, file)
        verdicts = {}
        for name, one in places.items():
            if rival is None or against is None:
                verdicts[name] = judge_one(what, source, permitted, farm=one, plan=plan, language=spoken)
            else:
                verdicts[name] = judge_against(
                    what,
                    source,
                    rival,
                    permitted,
                    farm=one,
                    plan=plan,
                    language=spoken,
                    rival_language=_language("", against),
                    rival_name=against.name,
                )
    said = {name: verdict_json(one, reward(one, pay).value) for name, one in verdicts.items()}
    if as_json:
        _print_json(said[""] if run is None else {"verdicts": said})
    else:
        for name, verdict in verdicts.items():
            if len(verdicts) > 1:
                out.print(Text.assemble((name or "farm", "bold"), f": {verdict.host.host_class}"))
            _print_verdict(verdict, explain)
    if any(verdict.outcome is not Outcome.ACCEPTED for verdict in verdicts.values()):
        raise typer.Exit(1)


def _source(file: Path) -> str:
    """Of a candidate; "-" is standard input. Raises WrongUse."""
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(errors="replace")
    except OSError as error:
        raise WrongUse(f"can't be read: {error.strerror}", where=str(file)) from error


def _tell(event: str) -> None:
    err.print(event, soft_wrap=True)


def _language(wanted: str, file: Path) -> Language:
    """Raises WrongUse."""
    if wanted and wanted not in get_args(Language):
        raise WrongUse(
            f"{wanted!r} is no language", where="--language", allowed=", ".join(get_args(Language))
        )
    return "c++" if wanted == "c++" or (not wanted and file.suffix in CXX_SUFFIXES) else "c"


def _print_verdict(verdict: Verdict, explain: bool) -> None:
    colour = "green" if verdict.outcome is Outcome.ACCEPTED else "red"
    out.print(Text.assemble((verdict.outcome.value, colour), f": {verdict.reason}"))
    if verdict.metric:
        m = verdict.metric
        speed = f"{m.value:.1f} GFLOPS ({m.low:.1f} to {m.high:.1f}) on {verdict.host.cpu}"
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


@app.command()
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

    Ctrl-C saves and says how to go on; so does `kill -9`, from the last checkpoint.

    Examples: `hayate train runs/demo.toml --out out/demo`, `hayate train runs/demo.toml --out out/demo --resume`
    """
    # Read when torch is imported: threads that spin while they wait take the core from those they wait for.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from hayate.report import summary
    from hayate.train import load_run
    from hayate.train import train as run_training

    settings = load_run(run, seed=seed)
    folder = to or Path(settings.run.out)
    if fresh and not resume:
        _put_aside(folder)
    report = run_training(settings, folder, resume=resume, json_lines=as_json, minutes=minutes)
    if as_json:
        _print_json({"report": str(folder / "report.json")})
    else:
        out.print(summary(report))
        out.print(f"report: {(folder / 'report.html').resolve()}", soft_wrap=True)


def _put_aside(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    n = 1
    while (aside := folder.with_name(f"{folder.name}.{n}")).exists():
        n += 1
    shutil.move(folder, aside)
    err.print(f"the earlier run in {folder} is now {aside}")


@app.command()
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
        _print_json(json.loads(made.model_dump_json()))
    else:
        out.print(summary(made))
        out.print(f"report: {(folder / 'report.html').resolve()}", soft_wrap=True)


@app.command()
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
    rate: Annotated[float, typer.Option(min=0.1, help="Requests per second and token.")] = 50,
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


@app.command()
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
        _print_json(found.model_dump())
    elif once or not out.is_terminal:
        out.print(farm_view(found))
    else:
        with Live(farm_view(found), console=out, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_LOOK_S)
                live.update(farm_view(look_at(what, token_env=token_env)), refresh=True)


def _fail(message: str, kind: str) -> None:
    if "--json" in sys.argv:
        _print_json({"error": {"kind": kind, "message": message}})
    err.print(Text.assemble(("hayate", "red"), f": {kind.replace('_', ' ')}: {message}"), soft_wrap=True)


def main() -> None:
    """The entry point: every Fault and every wrong use becomes one clear message and exit 2."""
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
