"""Prints the table of docs/any-kernel.md: the largest error of each variant in units of the bound."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.margins import disputed, doubles, floats
from benchmarks.margins.build import DISTRIBUTIONS, ask, call, draw, oracle, worst
from benchmarks.margins.kernels import Kernel
from benchmarks.margins.variants import cheats, honest, one_precision_lower
from benchmarks.margins.variants import disputed as disputed_of
from hayate.tasks.expressions import evaluate_expression

KERNELS = (*doubles.ALL, *floats.ALL, *disputed.ALL)


def margins(kernel: Kernel, folder: Path, draws: int) -> dict[str, dict[str, float]]:
    """By the name of the variant and the distribution, over some draws; "near": how many draws were near a branch."""
    library = oracle(kernel, folder)
    good, bad = dict(honest(kernel, folder)), dict(cheats(kernel, folder))
    between = dict(disputed_of(kernel, folder))
    lower = one_precision_lower(kernel, folder) if kernel.lower else None
    found: dict[str, dict[str, float]] = {}

    def note(name: str, distribution: str, value: float) -> None:
        row = found.setdefault(name, {})
        row[distribution] = max(row.get(distribution, 0), value)

    for distribution in DISTRIBUTIONS:
        for seed in range(draws):
            drawn = draw(kernel, distribution, seed)
            known = ask(kernel, library, drawn)
            found.setdefault("near", {}).setdefault(distribution, 0)
            if known.near:
                found["near"][distribution] += 1
                continue
            for name, built in good.items():
                note(f"honest: {name}", distribution, worst(known, call(kernel, built, drawn)))
            for name, built in between.items():
                note(f"disputed: {name}", distribution, worst(known, call(kernel, built, drawn)))
            for name, built in bad.items():
                note(f"cheat: {name}", distribution, worst(known, call(kernel, built, drawn)))
            if lower is not None:
                note(
                    "cheat: one precision lower",
                    distribution,
                    worst(known, call(kernel, lower, drawn, lower=True)),
                )
    return found


# Operations of one call, of kernels whose operations are countable.
_OPERATIONS = {
    "gemv": "2 * m * n",
    "lu": "2 * n ** 3 // 3",
    "convolution": "18 * h * w",
    "nbody": "20 * n * n",
}


def speed(kernel: Kernel, folder: Path) -> str:
    """A row: nanoseconds for an operation of the oracle, and of the reference by -O0 and -O3; the best of some."""
    drawn = draw(kernel, "uniform", 0)
    computed = {a.name: v for a, v in zip(kernel.arguments, drawn.values, strict=True) if a.kind == "size"}
    operations = float(evaluate_expression(_OPERATIONS[kernel.name], computed))
    library, builds = oracle(kernel, folder), dict(honest(kernel, folder))

    def best(run: Callable[[], object]) -> float:
        times = []
        for _ in range(20):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times) / operations * 1e9

    asked = best(lambda: ask(kernel, library, drawn))
    plain, fast = (best(lambda b=builds[name]: call(kernel, b, drawn)) for name in ("-O0", "-O3, FMA"))  # type: ignore[misc]
    return f"| {kernel.name} | {asked:.1f} | {plain:.2f} | {fast:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="every variant, by distribution")
    parser.add_argument("kernels", nargs="*")
    parser.add_argument(
        "--speed", action="store_true", help="ns for an operation of the oracle in place of margins"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.speed:
            print("| kernel | oracle | reference, -O0 | reference, -O3 |\n|---|---|---|---|")
            for kernel in KERNELS:
                if kernel.name in _OPERATIONS:
                    print(speed(kernel, Path(folder)), flush=True)
            return
        print(
            "| kernel | builds of the reference | honest rewritings | one precision lower | disputed | cheats | near |"
        )
        print("|---|---|---|---|---|---|---|")
        for kernel in KERNELS:
            if given.kernels and kernel.name not in given.kernels:
                continue
            found = margins(kernel, Path(folder), given.draws)
            print(row(kernel, found), flush=True)
            if given.all:
                for name, by in found.items():
                    print(f"    {name}: " + ", ".join(f"{d} {v:.2g}" for d, v in by.items()))


def row(kernel: Kernel, found: dict[str, dict[str, float]]) -> str:
    builds, rewritings, between, lower, others = [], [], [], "-", []
    for name, by in found.items():
        largest = max(by.values(), default=0)
        kind, _, rest = name.partition(": ")
        if kind == "honest":
            plain = rest in ("-O0", "-O3, FMA", "-O3, no FMA", "-Ofast", "clang")
            (builds if plain else rewritings).append(largest)
        elif rest == "one precision lower":
            lower = f"{largest:.2g}"
        elif kind == "disputed":
            between.append(f"{rest} {largest:.2g}")
        elif kind == "cheat":
            others.append(f"{rest} {largest:.2g}")
    shown = [f"{max(each):.2g}" if each else "-" for each in (builds, rewritings)]
    near = sum(found["near"].values())
    said = ("; ".join(between) or "-", "; ".join(others) or "-")
    return f"| {kernel.name} | {shown[0]} | {shown[1]} | {lower} | {said[0]} | {said[1]} | {near:.0f} |"


if __name__ == "__main__":
    main()
