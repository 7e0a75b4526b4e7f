"""Mutants of a task's reference by the judge: each must be refused, or the task can't tell right from wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hayate.errors import Fault
from hayate.hosts import Slot
from hayate.judge.build import build
from hayate.judge.measure import measure
from hayate.judge.results import Rejection
from hayate.mutants import Mutant, mutants
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, Task, Technique
from hayate.sandbox import Sandbox

# As many shapes as a thorough check's further builds: a mutant may be right at most sizes.
PLAN = MeasurePlan(purpose="check", launches=0, verify_shapes=24)
# Who is accepted there meets what every candidate meets: timed calls, too, at sizes that the oracle can't afford.
SECOND = MeasurePlan()
_BUILDERS = 2


@dataclass(frozen=True)
class Judged:
    """What became of them. Those that did not build, or met the machine's trouble, say nothing."""

    caught: Counter[str]  # by kind
    survived: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]  # accepted, and perhaps rightly so
    untold: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of those that can be told from the reference, how many were caught."""
        caught = sum(self.caught.values())
        return caught / max(1, caught + len(self.survived))


def judge_mutants(
    task: Task,
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    on_mutant: Callable[[int, int], None] = lambda done, of: None,
) -> Judged:
    """Builds run beside each other, calls one after the other. Raises what `mutants` raises."""
    found = mutants(task)
    permitted = tuple(t for t in task.techniques if t is not Technique.THREADS)
    caught: Counter[str] = Counter()
    survived: list[Mutant] = []
    equivalent: list[Mutant] = []
    untold: list[str] = []

    def made(mutant: Mutant) -> Built | Rejection:
        return build(
            task,
            mutant.text,
            permitted,
            host=host,
            sandbox=sandbox,
            name="mutant",
            language=task.reference.language,
        )

    with ThreadPoolExecutor(_BUILDERS) as builders:
        for done, (mutant, built) in enumerate(zip(found, builders.map(made, found), strict=True), 1):
            on_mutant(done, len(found))
            if isinstance(built, Rejection):
                untold.append(f"{mutant.name}: {built.reason}")
                continue
            try:
                result = measure(task, built, PLAN, host=host, slot=slot, sandbox=sandbox, rival=built)
                if result.outcome is Outcome.ACCEPTED:
                    result = measure(task, built, SECOND, host=host, slot=slot, sandbox=sandbox)
            except Fault as fault:
                untold.append(f"{mutant.name}: {fault.message}")
                continue
            if result.outcome is not Outcome.ACCEPTED:
                caught[mutant.kind] += 1
            elif mutant.may_be_equivalent:
                equivalent.append(mutant)
            else:
                survived.append(mutant)
    return Judged(caught, tuple(survived), tuple(equivalent), tuple(untold))
