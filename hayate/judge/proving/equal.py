"""Who is wrong where results have to be equal: the reference, whose results are the definition, or a yardstick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hayate.judge.proving.blame import REFERENCE, Finding
from hayate.judge.proving.numbers import Array

Arrays = tuple[Array, ...]


@dataclass(frozen=True)
class EqualCase:
    """One call of the reference as the judge compiles it, twice, and of every solution on the same inputs."""

    said: str  # for a person: "uniform inputs at n = 8"
    want: Arrays
    again: Arrays  # with other garbage in what it has to write
    results: dict[str, Arrays]
    unequal: Callable[[Sequence[Array], Sequence[Array]], str]  # "C[3]" where they differ


def blame_unequal(cases: Sequence[EqualCase]) -> list[Finding]:
    """At most one finding a part; none where all fits together."""
    for case in cases:
        if at := case.unequal(case.want, case.again):
            return [
                Finding(
                    REFERENCE,
                    f"{at} depends on what was in memory before the call, on {case.said}: an element is not "
                    "written, or something is read before it is written",
                )
            ]
    found: dict[str, Finding] = {}
    for case in cases:
        for name, result in case.results.items():
            if name not in found and (at := case.unequal(case.want, result)):
                why = (
                    "its results depend on how it is compiled, and are no exact ones"
                    if name == REFERENCE
                    else "it is not the reference's"
                )
                found[name] = Finding(name, f"{at} differs, on {case.said}: {why}")
    if REFERENCE in found:
        return [found[REFERENCE]]
    names = {name for case in cases for name in case.results} - {REFERENCE}
    if len(found) > 1 and set(found) == names and _agree(cases, sorted(names)):
        reason = (
            f"all {len(names)} yardsticks agree with each other and not with it: {found[min(names)].reason}"
        )
        return [Finding(REFERENCE, reason)]
    return list(found.values())


def _agree(cases: Sequence[EqualCase], names: Sequence[str]) -> bool:
    return not any(
        case.unequal(case.results[names[0]], case.results[name])
        for case in cases
        for name in names[1:]
        if name in case.results and names[0] in case.results
    )
