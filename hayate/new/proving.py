"""From a draft to a proven folder: how it is known what is right, yardsticks as measured, mutants, the check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hayate.errors import WrongUse
from hayate.hosts import Slot
from hayate.judge import Proof, prove
from hayate.judge.calibrate import calibrate_task
from hayate.judge.proving.mutants import Judged, judge_mutants
from hayate.new.draft import Draft
from hayate.new.folder import keep_yardsticks
from hayate.records import UNIT_ROUNDOFF, Correctness, HostProfile, Record, Task
from hayate.running import Unsuitable, oracle_text
from hayate.sandbox import Sandbox

Say = Callable[[str], None]
# Yardsticks nearer to each other than this say nothing that one of them does not.
_APART = 1.1
CAUGHT_SHARE = 0.99


class Proven(Record):
    """What became of a draft."""

    folder: str
    proofs: tuple[Proof, ...]
    mutants: int
    caught: int
    survived: tuple[str, ...]  # mutants that were accepted, and differ from the reference
    equivalent: tuple[str, ...]  # accepted, and perhaps rightly so
    untold: tuple[str, ...]  # did not build, or met the machine's trouble

    @property
    def holds(self) -> bool:
        return all(p.holds for p in self.proofs) and not self.survived


def how_correct(draft: Draft, task: Task) -> tuple[Correctness, str]:
    """How it can be known what is right, and why. `task` is the folder as automatic."""
    written = [a.dtype for a in draft.arguments if a.kind in ("output", "inout")]
    written += [draft.returns] if draft.returns is not None else []
    if all(dtype not in UNIT_ROUNDOFF for dtype in written) and not _computes_reals(draft):
        return "exact", "all that is written are whole numbers"
    try:
        oracle_text(task)
    except Unsuitable as reason:
        raise WrongUse(
            f"an oracle can't be made of the reference: {reason}",
            where=draft.entry,
            allowed="what docs/any-kernel.md says of running numbers, or an oracle of your own (docs/task-format.md)",
        ) from reason
    return "automatic", "the reference itself, in running numbers"


def _computes_reals(draft: Draft) -> bool:
    """Whether whole numbers might come of real ones, and differ where those are rounded."""
    return any(a.dtype in UNIT_ROUNDOFF for a in draft.arguments) or any(
        word in draft.reference.text for word in ("float", "double")
    )


def order_yardsticks(task: Task, folder: Path, *, host: HostProfile, slot: Slot, sandbox: Sandbox) -> Task:
    """Slowest first as measured here; of two about as fast the one with fewer techniques stays. Raises Fault."""
    first = next(band for band in task.bands if band.training)
    known = calibrate_task(task, [first.name], host=host, slot=slot, sandbox=sandbox)
    own = {Path(y.name).stem for y in task.yardsticks}
    figures = [figure for figure in known.ranked(first.name) if figure.name in own]
    kept: list[tuple[str, float]] = []
    for figure in sorted(figures, key=lambda f: -f.call_ns):
        if kept and kept[-1][1] / figure.call_ns < _APART:
            continue
        kept.append((figure.name, figure.call_ns))
    return keep_yardsticks(folder, [name for name, _ in kept] or [Path(task.yardsticks[0].name).stem])


def proven(
    task: Task,
    folder: Path,
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    mutants: bool = True,
    on_proof: Callable[[Proof], None] = lambda proof: None,
    on_mutant: Callable[[int, int], None] = lambda done, of: None,
) -> Proven:
    """Check the folder, then let the judge look at its mutants. Raises Fault."""
    proofs = prove(folder, host=host, slot=slot, sandbox=sandbox, on_proof=on_proof)
    found: Judged | None = None
    if mutants and all(p.holds for p in proofs):
        found = judge_mutants(task, host=host, slot=slot, sandbox=sandbox, on_mutant=on_mutant)
    return Proven(
        folder=str(folder),
        proofs=tuple(proofs),
        mutants=0
        if found is None
        else sum(found.caught.values()) + len(found.survived) + len(found.equivalent),
        caught=0 if found is None else sum(found.caught.values()),
        survived=() if found is None else tuple(f"{m.name}: {m.why}" for m in found.survived),
        equivalent=() if found is None else tuple(m.name for m in found.equivalent),
        untold=() if found is None else found.untold,
    )
