"""Ways to spend verdicts without training: best-of-N from a frozen policy, and TPE over the templates' parameters."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna

from hayate import farm as farms
from hayate import tasks
from hayate.archive import Archive
from hayate.curriculum import Curriculum
from hayate.errors import Fault
from hayate.evaluate import Evaluator
from hayate.policies import load as load_policy
from hayate.prompts import candidate_of, render, source_in
from hayate.records import Candidate, MeasurePlan, Origin, Outcome, Technique, Verdict
from hayate.tasks import templates
from hayate.train import RunFile

BATCH = 32


def _spend(
    run: RunFile,
    folder: Path,
    verdicts: int,
    propose: Callable[[int], list[Candidate]],
    tell: Callable[..., None],
) -> dict[str, Any]:
    """Evaluate batches of proposals until the verdicts are spent. Figures, and the best confirmed candidate."""
    folder.mkdir(parents=True, exist_ok=True)
    task = tasks.find(run.run.tasks[0])
    speeds: list[float] = []
    best_so_far: list[float] = []
    outcomes: dict[str, int] = {}
    with farms.open(run.farm) as farm, Archive(folder / "archive.db") as archive:
        evaluator = Evaluator(
            farm, archive, {task.name: task}, reward_settings=run.reward, settings=run.judge, run="bench"
        )
        spent = 0
        while spent < verdicts:
            batch = propose(min(BATCH, verdicts - spent))
            results = evaluator.evaluate(batch, MeasurePlan(launches=run.judge.launches))
            tell(batch, results)
            for result in results:
                spent += 1
                if isinstance(result, Fault):
                    continue
                outcomes[result.outcome.value] = outcomes.get(result.outcome.value, 0) + 1
                if result.outcome is Outcome.ACCEPTED and result.metric is not None:
                    speeds.append(result.metric.value)
                best_so_far.append(max(speeds, default=0.0))
        best = archive.best(task.name, host_class=farm.host.host_class, task_hash=task.hash)
        kernel = archive.candidate(best.candidate) if best else None
    return {
        "verdicts": spent,
        "outcomes": outcomes,
        "correct_share": len(speeds) / max(1, spent),
        "median_gflops": statistics.median(speeds) if speeds else None,
        "best_gflops": max(speeds, default=None),
        "best_so_far": best_so_far[:: max(1, BATCH // 4)],
        "best": None
        if kernel is None
        else {"source": kernel.source, "permitted": [t.value for t in kernel.permitted], "task": kernel.task},
    }


def best_of_n(run: RunFile, model: str, folder: Path, verdicts: int, seed: int) -> dict[str, Any]:
    """The policy as it is before phase 3, asked with the curriculum's full permission."""
    task = tasks.find(run.run.tasks[0])
    policy = load_policy(run.policy.model_copy(update={"model": model, "revision": None}))
    settings = run.curriculum.model_copy(update={"staging": "off", "seed": seed})
    curriculum = Curriculum({task.name: task}, settings, language=run.run.language)
    asked = 0

    def propose(count: int) -> list[Candidate]:
        nonlocal asked
        asked += 1
        assignment = curriculum.next()
        prompt = render(run.run.prompt_style, task, assignment)
        (replies,) = policy.sample([prompt], count, seed * 100_003 + asked)
        return [
            candidate_of(
                assignment,
                source_in(r.text, assignment, cut_off=r.truncated),
                Origin(kind="policy", policy=run.policy.model, run="bench", step=asked, index=i),
            )
            for i, r in enumerate(replies)
        ]

    return _spend(run, folder, verdicts, propose, lambda *_: None)


def tpe(run: RunFile, folder: Path, verdicts: int, seed: int) -> dict[str, Any]:
    """Optuna's TPE over which template, and over that template's parameters; batches with the constant liar."""
    task = tasks.find(run.run.tasks[0])
    variants = templates.load(tasks.where(run.run.tasks[0]))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    usable = [t for t in variants.templates if Technique.THREADS not in t.techniques]
    permitted = tuple(t for t in task.techniques if t is not Technique.THREADS)
    trials: dict[int, optuna.Trial] = {}

    def propose(count: int) -> list[Candidate]:
        found: list[Candidate] = []
        while len(found) < count:
            trial = study.ask()
            name = trial.suggest_categorical("template", [t.name for t in usable])
            template = variants.template(name)
            chosen = {
                key: trial.suggest_categorical(f"{name}.{key}", list(values))
                for key, values in template.parameters.items()
            }
            if not template.allows(chosen):
                # Outside the space: said to be bad, and not charged as a verdict.
                study.tell(trial, -10.0)
                continue
            origin = Origin(
                kind="search", policy="optuna-tpe", run="bench", index=trial.number, parameters=dict(chosen)
            )
            text = variants.render(name, chosen).text
            trials[trial.number] = trial
            found.append(Candidate(task=task.name, source=text, permitted=permitted, origin=origin))
        return found

    def tell(batch: Sequence[Candidate], results: Sequence[Verdict | Fault]) -> None:
        for candidate, result in zip(batch, results, strict=True):
            trial = trials.pop(candidate.origin.index)
            if isinstance(result, Fault):
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            elif result.outcome is Outcome.ACCEPTED and result.metric is not None:
                study.tell(trial, result.metric.value)
            else:
                study.tell(trial, -10.0)

    return _spend(run, folder, verdicts, propose, tell)
