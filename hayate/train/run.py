"""The main loop: one run, top to bottom.

    run file -> checks (libraries, tasks, policy, TRL's settings, disk, folder, compiler, sandbox): trouble comes
                before work, and leaves no folder
             -> phase 1 sft -> phase 2 selftrain -> phase 3 grpo      each begins with the model before it
             -> the best kernel against its baselines -> report

`--resume` enters the first phase that is not done at its last complete checkpoint. All that was judged stays
in the archive; what was judged after that checkpoint is marked abandoned, and its object code is not measured
again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hayate import farm as farms
from hayate.archive import Archive
from hayate.baselines import measure_baselines
from hayate.errors import Fault, WrongUse
from hayate.evaluate import Evaluator
from hayate.farm import Farm
from hayate.portability import measure_portability
from hayate.train import progress as shown
from hayate.train.checks import check_disk, check_libraries, check_use, tasks_of
from hayate.train.grpo import grpo
from hayate.train.interrupt import Interrupt
from hayate.train.probe import probe
from hayate.train.progress import Progress
from hayate.train.runfile import GrpoTable, PhaseName, RunFile
from hayate.train.selftrain import selftrain
from hayate.train.session import Dispatch, Judging, Session, Stopped
from hayate.train.sft import sft
from hayate.train.state import RunState, clear, has_work, open_folder, put_aside
from hayate.train.trainers import quieten

if TYPE_CHECKING:
    from hayate.report import RunReport

PHASES: dict[PhaseName, Callable[[Session, str], Path]] = {"sft": sft, "selftrain": selftrain, "grpo": grpo}
OpenFarm = Callable[[RunFile], Farm]


def train(
    run: RunFile,
    out: Path,
    *,
    resume: bool = False,
    fresh: bool = False,
    json_lines: bool = False,
    progress: Progress | None = None,
    minutes: float = math.inf,
) -> RunReport:
    """Run all phases, write archive, models and report to `out`.

    After so many `minutes` each phase ends with its next step. `fresh` puts an earlier run in `out` aside.

    Raises `WrongUse` and `Fault` before any work where that can be seen. A later Fault (TOO_MANY_FAULTS, say)
    and the KeyboardInterrupt of Ctrl-C come with the state saved, and it is said how to go on.
    """
    from hayate.report import build

    run_phases(
        run,
        out,
        resume=resume,
        fresh=fresh,
        progress=progress or shown.choose(json_lines),
        minutes=minutes,
    )
    return build(out)


def run_phases(
    run: RunFile,
    out: Path,
    *,
    resume: bool = False,
    fresh: bool = False,
    progress: Progress | None = None,
    open_farm: OpenFarm | None = None,
    minutes: float = math.inf,
) -> Path:
    """All but the report; the folder of the last phase's model."""
    deadline = time.monotonic() + 60 * minutes
    progress = progress or Progress()
    go_on = f"hayate train RUN.toml --out {out} --resume"
    with _session(run, out, resume, fresh and not resume, progress, open_farm) as session:
        session.deadline = deadline
        model = run.policy.model
        try:
            for number, name in enumerate(run.names, start=1):
                if not session.state.done(name):
                    _phase(session, name, number, model)
                model = str(session.state.model(name))
            if run.run.baselines and session.judging is not None:
                _baselines(session, session.judging)
            if session.judging is not None and session.judging.others:
                _portability(session, session.judging)
        except Stopped:
            progress.say(f"saved. Go on with: {go_on}")
            raise KeyboardInterrupt from None
        except (KeyboardInterrupt, Fault):
            if session.judging is not None and has_work(out, session.name):
                progress.say(f"the last checkpoint counts. Go on with: {go_on}")
            raise
        finally:
            if session.judging is not None:
                for archive in session.judging.archives:
                    archive.end_run(session.name)
    return Path(model)


def _phase(session: Session, name: PhaseName, number: int, model: str) -> None:
    """One phase from its start or its last checkpoint to its end, in the archive and in state.json."""
    if session.dispatch.from_main(lambda: session.interrupt.asked):
        raise Stopped
    table = session.run.phases.table(name)
    assert table is not None
    steps = table.steps
    if session.run.phases.selftrain is not None and name == "selftrain":
        steps = session.run.phases.selftrain.rounds * (table.steps + 1)
    session.progress.phase(name, number, len(session.run.names), steps)
    began = time.monotonic()
    main = session.judging is not None
    checked = table.check_samples if isinstance(table, GrpoTable) else 0
    probe(session, "before", model, checked)
    if session.judging is not None:
        session.state.start(name)
        for archive in session.judging.archives:
            archive.start_phase(session.name, name)
    try:
        result = PHASES[name](session, model)
    finally:
        if main:
            session.state.add_wall(name, time.monotonic() - began)
    if session.judging is not None:
        for archive in session.judging.archives:
            archive.end_phase(session.name, name)
    probe(session, "after", result, checked)
    if main:
        session.state.end(name, result)
    session.dispatch.wait()
    if not main:
        session.state = RunState.load(session.out)


def _baselines(session: Session, judging: Judging) -> None:
    """The best kernel of the first task beside what it must be held against; the report shows it."""
    where = session.out / "baselines.json"
    task = next(iter(session.tasks.values()))
    host = judging.evaluator.farm.host
    best = judging.archive.best(task.name, host_class=host.host_class, task_hash=task.hash)
    kernel = None if best is None else judging.archive.candidate(best.candidate)
    if kernel is None or where.exists():
        return
    session.progress.say("the best kernel against its baselines, interleaved")
    try:
        # The training bands alone: in larger ones a call of the reference takes seconds.
        bands = [band.name for band in task.bands if band.training]
        measure_baselines(task, kernel, judging.evaluator.farm, where, bands=bands, say=session.progress.say)
        session.state.work_goes_on()
    except Fault as fault:  # the training is done, and its report is worth having without this table
        session.progress.say(f"no baselines: {fault}")


def _portability(session: Session, judging: Judging) -> None:
    """The fastest kernels of each class of hosts, measured on all of them; the report shows it."""
    where = session.out / "portability.json"
    if where.exists():
        return
    evaluators = {"": judging.evaluator, **judging.others}
    session.progress.say("the best kernels of each class of hosts, on all of them")
    try:
        measure_portability(session.tasks, evaluators, where, say=session.progress.say)
        session.state.work_goes_on()
    except Fault as fault:  # as above
        session.progress.say(f"no table of the classes of hosts: {fault}")


def _clearing(out: Path, run: str, made: bool) -> Callable[..., None]:
    """What a run that came to nothing does at its end: the next try must not find a folder in use."""

    def at_the_end(_: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (WrongUse, Fault, KeyboardInterrupt)) and not has_work(out, run):
            clear(out, made)

    return at_the_end


@contextmanager
def _session(
    run: RunFile, out: Path, resume: bool, fresh: bool, progress: Progress, open_farm: OpenFarm | None
) -> Iterator[Session]:
    """All checks, then everything that the phases need; closed in reverse order, however the run ends."""
    with ExitStack() as stack:
        check_libraries(run)
        quieten()
        dispatch = Dispatch()
        wanted, folders = tasks_of(run)
        check_use(run, wanted, folders, out)
        stack.enter_context(progress if dispatch.is_main else Progress())
        judging = None
        if dispatch.is_main:
            check_disk(out)
            aside = put_aside(out) if fresh else None
            if aside is not None:
                progress.say(f"the earlier run in {out} is now {aside}")
            made = not out.exists()
            empty = made or not any(entry.name != "lock" for entry in out.iterdir())
            stack.enter_context(open_folder(out, run, resume=resume))
            if empty:
                stack.push(_clearing(out, run.run.name, made))
            farm = stack.enter_context(
                open_farm(run) if open_farm is not None else farms.open(run.farm, on_event=progress.say)
            )
            others = stack.enter_context(farms.also(run.farm, farm, on_event=progress.say))
            statuses = {name: one.status for name, one in {"": farm, **others}.items()}
            stack.enter_context(farms.published(statuses, out / "farm.json"))

            def evaluator(where: Farm, path: Path) -> Evaluator:
                archive = stack.enter_context(Archive(path))
                archive.start_run(run.run.name, run.model_dump(mode="json"), where.host.cpu)
                return Evaluator(
                    where, archive, wanted, reward_settings=run.reward, settings=run.judge, run=run.run.name
                )

            judging = Judging(
                evaluator(farm, out / "archive.db"),
                {n: evaluator(f, out / "classes" / n / "archive.db") for n, f in others.items()},
            )
        dispatch.wait()
        state = RunState.load(out)
        state.begin_work()
        yield Session(
            run=run,
            out=out,
            tasks=wanted,
            folders=folders,
            progress=progress if dispatch.is_main else Progress(),
            interrupt=stack.enter_context(Interrupt(progress.say)),
            state=state,
            judging=judging,
            dispatch=dispatch,
        )
