"""Which task, and which techniques permitted, comes next: Staged Quality-Diversity and its controls.

A task's *stage* is the set of techniques that its prompt permits. Under `sqd` it starts with single
techniques. A stage is left when it is mastered (its last groups pass, and its elite no longer improves) or
when patience ends; then comes another set of the same size, or sets of the next size, grown from the best of
the smaller ones and towards what was tried least, up to the full set. Now and then a group goes back to an
earlier stage, or to a combination in whose niche nothing was accepted yet. Quality is the low end of the
speed-up's interval; diversity the niches filled and the distinct object codes.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pydantic

from hayate.curriculum.ladder import Pace, completed, gated, key, pace
from hayate.curriculum.settings import CurriculumSettings, FixedStage
from hayate.curriculum.state import CurriculumState, SetState, TaskState
from hayate.errors import WrongUse
from hayate.prompts.techniques import needed, span
from hayate.records import Assignment, Language, Outcome, Task, Technique, Verdict

if TYPE_CHECKING:
    from hayate.archive import Archive

_TRIES = 16  # to find a set that was not there yet, before the next size


class Curriculum:
    """`next` asks, `observe` learns. Deterministic in the seed and the order of both calls.

    `next` may be called several times before the first `observe`: groups of one step share the stage.
    `archive` is read only for exemplars.
    """

    def __init__(
        self,
        tasks: Mapping[str, Task],
        settings: CurriculumSettings | None = None,
        archive: Archive | None = None,
        language: Language = "c",
    ) -> None:
        """Raises `WrongUse` for an unknown task, or a schedule with techniques that no task has."""
        self.settings = settings or CurriculumSettings()
        names = self.settings.tasks or tuple(tasks)
        if missing := [name for name in names if name not in tasks]:
            raise WrongUse(f"unknown task {missing[0]!r}", where="curriculum.tasks", allowed=", ".join(tasks))
        if not names:
            raise WrongUse("no task to train on", where="curriculum.tasks")
        self._spans = {name: span(tasks[name], threads=self.settings.threads) for name in names}
        self._needed = {name: needed(tasks[name]) & set(self._spans[name]) for name in names}
        self._free = {n: tuple(t for t in s if t not in self._needed[n]) for n, s in self._spans.items()}
        self._paces = {name: pace(self.settings, len(s), len(names)) for name, s in self._free.items()}
        self._schedules = {name: self._schedule(name) for name in names}
        self._archive, self._language = archive, language
        self._random = random.Random(self.settings.seed)
        self._tasks = {name: TaskState() for name in names}

    def next(self) -> Assignment:
        """The next group's assignment. Tasks take turns."""
        name = min(self._tasks, key=lambda n: self._tasks[n].asked)  # the first of the least asked
        task = self._tasks[name]
        chosen, reason = {
            "off": self._next_off,
            "fixed": self._next_fixed,
            "random": self._next_random,
            "sqd": self._next_sqd,
        }[self.settings.staging](name)
        task.asked += 1
        one = self._set(name, chosen)
        one.asked += 1
        return Assignment(
            task=name,
            permitted=one.techniques,
            exemplars=self._exemplars(name, chosen),
            stage=one.level,
            reason=reason,
            language=self._language,
        )

    def observe(self, assignment: Assignment, verdicts: Sequence[Verdict | None]) -> None:
        """Count one group: its verdicts, None for a fault. A group of faults alone moves nothing.

        Guesses count for the pace, as they are paid for; they fill no niche.
        """
        task = self._tasks.get(assignment.task)
        if task is None:
            raise ValueError(f"no task {assignment.task!r} in this curriculum")
        one = self._set(assignment.task, assignment.permitted)
        found = [v for v in verdicts if v is not None]
        if not found:
            one.faulted += 1
            return
        p = self._paces[assignment.task]
        one.add(found, improvement=self.settings.improvement, keep=p.window)
        for verdict in found:
            if verdict.outcome is Outcome.ACCEPTED and not verdict.guess:
                low = verdict.speedup.low if verdict.speedup is not None else 0.0
                task.niches[verdict.niche] = max(low, task.niches.get(verdict.niche, 0.0))
        if self.settings.staging == "sqd" and key(one.techniques) == task.current:
            self._judge_stage(assignment.task, one, p)

    def state(self) -> dict[str, Any]:
        """Everything that `next` depends on, for JSON."""
        return CurriculumState(random=self._random.getstate(), tasks=self._tasks).as_json()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`. Raises `WrongUse` if it isn't one, or is of other tasks."""
        try:
            loaded = CurriculumState.model_validate(dict(state))
        except pydantic.ValidationError as error:
            raise WrongUse(f"not a saved curriculum: {error.errors()[0]['msg']}", where="state") from error
        if loaded.tasks.keys() != self._tasks.keys():
            raise WrongUse(
                f"the saved curriculum is of the tasks {', '.join(loaded.tasks)}",
                where="curriculum.tasks",
                allowed=", ".join(self._tasks),
            )
        try:
            self._random.setstate(loaded.random)
        except (ValueError, OverflowError) as error:
            raise WrongUse("not a saved curriculum: bad random state", where="state.random") from error
        self._tasks = loaded.tasks

    def stages(self, name: str) -> dict[str, SetState]:
        """Of one task, what was asked and how it went, by the permitted set's key, in order of appearance."""
        return {k: one.model_copy(deep=True) for k, one in self._tasks[name].sets.items()}

    def niches(self, name: str) -> dict[str, float]:
        """Of one task, the niches filled and the low end of the best speed-up in each."""
        return dict(self._tasks[name].niches)

    # The four ways to choose: a set of techniques and the reason.

    def _next_off(self, name: str) -> tuple[frozenset[Technique], str]:
        return frozenset(self._spans[name]), "off"

    def _next_fixed(self, name: str) -> tuple[frozenset[Technique], str]:
        at = self._tasks[name].asked
        for stage in self._schedules[name]:
            at -= stage.groups
            if at < 0:
                break
        return frozenset(stage.techniques), "fixed"

    def _next_random(self, name: str) -> tuple[frozenset[Technique], str]:
        return self._any_set(name, self._free[name]), "random"

    def _next_sqd(self, name: str) -> tuple[frozenset[Technique], str]:
        task = self._tasks[name]
        if not task.current:
            self._enter(name, self._grown(name, 0), 0)
        if len(task.sets) > 1 and self._random.random() < self.settings.revisit_probability:
            if self._random.random() < self.settings.empty_niche_share:
                niche = self._empty_niche(name)
                if niche is not None:
                    return niche, "revisit: empty niche"
            earlier = [one for k, one in task.sets.items() if k != task.current]
            weights = [1 / (1 + one.asked) for one in earlier]
            return frozenset(self._random.choices(earlier, weights)[0].techniques), "revisit: earlier"
        return frozenset(task.sets[task.current].techniques), "stage"

    # How stages follow one another under `sqd`.

    def _judge_stage(self, name: str, one: SetState, p: Pace) -> None:
        """Leave the present stage if it is mastered or patience ends. The full set is never left."""
        if len(one.techniques) >= len(self._spans[name]):
            return
        passes = len(one.shares) >= p.window and sum(one.shares) / len(one.shares) >= self.settings.pass_share
        if passes and one.stalled >= p.stall_groups:
            one.left = "mastered"
        elif one.groups >= p.patience:
            one.left = "patience"
        if one.left:
            self._advance(name, p)

    def _advance(self, name: str, p: Pace) -> None:
        """To another set of this level, or to the next level."""
        task = self._tasks[name]
        level = len(task.levels) - 1
        last = len(p.sizes) - 1
        while True:
            wide_enough = len(task.levels) > level and len(task.levels[level]) >= p.sets_per_level
            if wide_enough:
                level += 1
            if level >= last:
                return self._enter(name, frozenset(self._spans[name]), last)
            for _ in range(_TRIES):
                chosen = self._grown(name, level)
                if all(key(chosen) not in keys for keys in task.levels):
                    return self._enter(name, chosen, level)
            level += 1

    def _grown(self, name: str, level: int) -> frozenset[Technique]:
        """A set of the level's size: one of the level below, better ones rather, and what was tried least."""
        task, available = self._tasks[name], self._free[name]
        size = self._paces[name].sizes[level]
        below = [task.sets[k] for k in task.levels[level - 1]] if 0 < level <= len(task.levels) else []
        chosen: frozenset[Technique] = frozenset()
        if below:
            below.sort(key=lambda one: one.best, reverse=True)
            parent = self._random.choices(below, [0.5**rank for rank in range(len(below))])[0]
            chosen = frozenset(parent.techniques) & frozenset(available)
        used = [t for keys in task.levels for k in keys for t in task.sets[k].techniques]
        while len(chosen) < size:
            rest = [t for t in available if t not in chosen]
            picked = self._random.choices(rest, [1 / (1 + used.count(t)) ** 2 for t in rest])[0]
            chosen = completed(chosen | {picked}, available)
        return chosen | self._needed[name]

    def _enter(self, name: str, chosen: frozenset[Technique], level: int) -> None:
        task = self._tasks[name]
        if len(chosen) >= len(self._spans[name]):  # what one technique needs may complete the set early
            level = len(self._paces[name].sizes) - 1
        one = self._set(name, chosen)
        one.level = level
        while len(task.levels) <= level:
            task.levels.append([])
        task.current = key(chosen)
        if task.current not in task.levels[level]:
            task.levels[level].append(task.current)

    def _empty_niche(self, name: str) -> frozenset[Technique] | None:
        """A combination of techniques met so far that no accepted candidate shows yet."""
        task = self._tasks[name]
        met = {t for k in task.sets for t in task.sets[k].techniques}
        for _ in range(_TRIES):
            chosen = self._any_set(name, [t for t in self._free[name] if t in met])
            if not {key(chosen), key(chosen - self._needed[name])} & task.niches.keys():
                return chosen
        return None

    def _any_set(self, name: str, available: Sequence[Technique]) -> frozenset[Technique]:
        """A set of random size, each size equally likely, and what the task needs."""
        if not available:
            return self._needed[name]
        size = self._random.randint(1, len(available))
        return completed(self._random.sample(available, size), available) | self._needed[name]

    # Small things.

    def _set(self, name: str, techniques: Iterable[Technique]) -> SetState:
        """The statistics of a permitted set, made if need be; its techniques in the task's order."""
        chosen = frozenset(techniques)
        ordered = tuple(t for t in self._spans[name] if t in chosen)
        ordered += tuple(sorted(chosen - set(ordered)))
        sets = self._tasks[name].sets
        if key(chosen) not in sets:
            level = self._paces[name].level(len(chosen - self._needed[name]))
            sets[key(chosen)] = SetState(techniques=ordered, level=level)
        return sets[key(chosen)]

    def _schedule(self, name: str) -> tuple[FixedStage, ...]:
        """The fixed schedule as far as this task has its techniques, and with those that it needs."""
        available, free, need = self._spans[name], self._free[name], self._needed[name]
        known = {t for s in self._spans.values() for t in s}
        if not self.settings.schedule:
            p = self._paces[name]
            climb = self.settings.expected_groups / len(self._spans) * self.settings.climb_share
            groups = max(1, int(climb / max(1, len(p.sizes) - 1)))
            return tuple(
                FixedStage(techniques=tuple(completed(free[:size], free) | need), groups=groups)
                for size in p.sizes
            )
        for number, stage in enumerate(self.settings.schedule):
            if strange := [t for t in stage.techniques if t not in known]:
                raise WrongUse(
                    f"no task of this run has {strange[0].value!r}",
                    where=f"curriculum.schedule[{number}].techniques",
                    allowed=", ".join(sorted(known)),
                )
        return tuple(
            FixedStage(techniques=tuple(need | (set(stage.techniques) & set(available))), groups=stage.groups)
            for stage in self.settings.schedule
        )

    def _exemplars(self, name: str, permitted: frozenset[Technique]) -> tuple[str, ...]:
        """The best elites that use nothing withheld, as many as the settings say."""
        if self._archive is None or not self.settings.exemplars:
            return ()
        fitting = [
            elite.candidate
            for elite in self._archive.elites(name)
            if gated(Technique(t) for t in elite.niche.split("+") if t != "plain") <= permitted
        ]
        return tuple(fitting[: self.settings.exemplars])
