"""Prints the table of docs/any-kernel.md: the largest error of each variant in units of the bound."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.margins import disputed, doubles, floats
from benchmarks.margins.build import DISTRIBUTIONS, ask, call, draw, oracle, worst
from benchmarks.margins.kernels import Kernel
from benchmarks.margins.variants import cheats, honest, one_precision_lower
from benchmarks.margins.variants import disputed as disputed_of

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
                note("cheat: one precision lower", distribution, worst(known, call(kernel, lower, drawn, lower=True)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="every variant, by distribution")
    parser.add_argument("kernels", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| kernel | builds of the reference | honest rewritings | one precision lower | disputed | cheats | near |")
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
    return f"| {kernel.name} | {shown[0]} | {shown[1]} | {lower} | {'; '.join(between) or '-'} | {'; '.join(others) or '-'} | {near:.0f} |"


if __name__ == "__main__":
    main()
