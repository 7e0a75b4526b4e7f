"""A thorough check of a source: what a candidate passes before it leaves the house.

A verdict says that a dozen secret shapes were right. Who puts a kernel into a program wants to know more: hundreds of
shapes up to the corners of the domain and near every band, the same source with checks for undefined behaviour built
in, and the same source by another compiler or at another level of optimisation. What was covered is said, and what was
not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hayate.hosts import Slot
from hayate.judge.build import build
from hayate.judge.measure import measure
from hayate.judge.results import Measurement, Rejection
from hayate.records import (
    Built,
    HostProfile,
    Language,
    MeasurePlan,
    Numbers,
    Outcome,
    Record,
    Task,
    Technique,
)
from hayate.sandbox import Sandbox
from hayate.toolchains import Compiler, compilers

SHAPES = 240
OTHER_SHAPES = 48  # for each further build of the same source
# What no kernel may rest on. Left out are checks that vector code breaks on purpose (alignment of what is loaded
# unaligned) and those that need a run-time library.
UNDEFINED = "signed-integer-overflow,shift,bounds,integer-divide-by-zero,null,unreachable,return,vla-bound"
_TRAPS = {"gcc": ("-fsanitize-undefined-trap-on-error",), "clang": ("-fsanitize-trap=all",)}
ILLEGAL_INSTRUCTION = 4.0  # the signal by which a check ends the process


class Thorough(Record):
    """What a thorough check found. It passed if the outcome is `accepted`."""

    outcome: Outcome
    reason: str
    numbers: Numbers = {}
    covered: tuple[str, ...] = ()  # a sentence for each part that passed
    not_covered: tuple[str, ...] = ()  # and for what could not be looked at here
    wall_s: float = 0.0


class _Failed(Exception):
    def __init__(self, part: str, found: Measurement | Rejection) -> None:
        super().__init__(part)
        self.part, self.found = part, found


def thorough(
    task: Task,
    source: str,
    permitted: Sequence[Technique],
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    language: Language = "c",
    shapes: int = SHAPES,
    wall_s: float = 120.0,
    on_part: Callable[[str], None] | None = None,
) -> Thorough:
    """Check a source from all sides. `wall_s` bounds the largest part, the others take a fraction. Raises Fault."""
    began = time.monotonic()
    covered: list[str] = []
    missing = [
        "reads beyond the end of an input, where they meet no unmapped page",
        "shapes between those that were drawn",
    ]
    numbers: dict[str, float] = {}

    def part(name: str) -> None:
        if on_part:
            on_part(name)

    def made(compiler: Compiler, flags: tuple[str, ...] = ()) -> Built | Rejection:
        return build(
            task,
            source,
            permitted,
            host=host,
            sandbox=sandbox,
            compiler=compiler,
            name="candidate",
            extra_flags=flags,
            language=language,
        )

    def checked(name: str, built: Built, many: int, seconds: float) -> Measurement:
        plan = MeasurePlan(
            purpose="check", launches=0, verify_shapes=many, thorough=True, wall_s=max(5.0, seconds)
        )
        found = measure(task, built, plan, host=host, slot=slot, sandbox=sandbox)
        if found.outcome is not Outcome.ACCEPTED:
            raise _Failed(name, found)
        return found

    try:
        found = compilers()
        first, others = found[0], found[1:]
        part(f"{shapes} shapes, built by {first.label}")
        built = made(first)
        if isinstance(built, Rejection):
            raise _Failed("", built)
        whole = checked("", built, shapes, wall_s)
        numbers = dict(whole.numbers)
        covered.append(f"{first.label}: {whole.reason.removeprefix('right on ').removesuffix('; not timed')}")

        part("undefined behaviour")
        flags = (f"-fsanitize={UNDEFINED}", *_TRAPS[first.name])
        trapping = made(first, flags)
        if isinstance(trapping, Rejection):
            missing.append(f"undefined behaviour: with {flags[0]} it does not build: {trapping.reason}")
        else:
            checked("with checks for undefined behaviour", trapping, OTHER_SHAPES, wall_s / 4)
            covered.append(f"no undefined behaviour met in {OTHER_SHAPES} shapes and all bands ({UNDEFINED})")

        other, level = (others[0], ()) if others else (first, ("-O0",))
        label = other.label if others else f"{first.label} -O0"
        part(f"built by {label}")
        again = made(other, level)
        if isinstance(again, Rejection):
            missing.append(f"{label}: it does not build: {again.reason}")
        else:
            checked(f"built by {label}", again, OTHER_SHAPES, wall_s / 4)
            covered.append(f"{label}: right on {OTHER_SHAPES} shapes and in all bands")
        if not others:
            missing.append("a second compiler: there is none here (apt install clang)")
    except _Failed as failed:
        what = failed.found
        reason = f"{failed.part}: {what.reason}" if failed.part else what.reason
        if "undefined" in failed.part and what.numbers.get("signal") == ILLEGAL_INSTRUCTION:
            reason = f"undefined behaviour: a check ended the process (-fsanitize={UNDEFINED})"
        return Thorough(
            outcome=what.outcome,
            reason=reason,
            numbers=dict(what.numbers),
            covered=tuple(covered),
            not_covered=tuple(missing),
            wall_s=time.monotonic() - began,
        )
    return Thorough(
        outcome=Outcome.ACCEPTED,
        reason=f"right in every look: {'; '.join(covered)}",
        numbers=numbers,
        covered=tuple(covered),
        not_covered=tuple(missing),
        wall_s=time.monotonic() - began,
    )
