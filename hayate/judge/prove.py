"""Prove a task folder: what is in correct/ passes, what is in wrong/ fails as it declares, yardsticks are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hayate.errors import Fault
from hayate.hosts import Slot
from hayate.judge.build import build
from hayate.judge.calibrate import reference, yardsticks
from hayate.judge.measure import measure
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile, MeasurePlan, Record, SourceText, Task
from hayate.sandbox import Sandbox
from hayate.tasks import correct, load, wrong

VERIFY_ONLY = MeasurePlan(purpose="check", launches=0, verify_shapes=16)


class Proof(Record):
    """One source of the folder, what it should get and what it got."""

    source: str  # "correct/strassen.c"
    expected: str
    outcome: str
    reason: str

    @property
    def holds(self) -> bool:
        return self.expected == self.outcome


def prove(
    folder: Path,
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    on_proof: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Every source of the folder through guard, build and verification (not timed). Raises Fault and WrongUse."""
    task = load(folder)
    proofs: list[Proof] = []

    def judge(where: str, source: SourceText, expected: str, built: Built | None = None) -> None:
        result: Built | Rejection | Measurement
        result = built or build(
            task,
            source.text,
            source.techniques,
            host=host,
            sandbox=sandbox,
            name=source.name,
            language=source.language,
        )
        if isinstance(result, Built):
            try:
                result = _verify(task, result, host, slot, sandbox)
            except Fault as fault:
                proofs.append(Proof(source=where, expected=expected, outcome="fault", reason=str(fault)))
                if on_proof:
                    on_proof(proofs[-1])
                return
        proof = Proof(source=where, expected=expected, outcome=result.outcome.value, reason=result.reason)
        proofs.append(proof)
        if on_proof:
            on_proof(proof)

    judge("reference.c", task.reference, "accepted", reference(task, host=host, sandbox=sandbox))
    for source, built in zip(task.yardsticks, yardsticks(task, host=host, sandbox=sandbox), strict=True):
        judge(f"yardsticks/{source.name}", source, "accepted", built)
    for source in correct(folder):
        judge(f"correct/{source.name}", source, "accepted")
    for source in wrong(folder):
        judge(f"wrong/{source.name}", source, source.expect)
    return proofs


def _verify(task: Task, built: Built, host: HostProfile, slot: Slot, sandbox: Sandbox) -> Measurement:
    return measure(task, built, VERIFY_ONLY, host=host, slot=slot, sandbox=sandbox)
