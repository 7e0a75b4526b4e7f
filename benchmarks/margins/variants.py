"""Honest builds and rewritings of a kernel, and arithmetic one precision lower."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path

from benchmarks.margins.build import shared
from benchmarks.margins.kernels import Kernel

BUILDS = {
    "-O0": ("gcc", "-O0", "-std=gnu17"),
    "-O3, FMA": ("gcc", "-O3", "-std=gnu17", "-march=haswell"),
    "-O3, no FMA": ("gcc", "-O3", "-std=gnu17", "-march=haswell", "-ffp-contract=off"),
    "-Ofast": ("gcc", "-Ofast", "-std=gnu17", "-march=haswell"),
    "clang": ("clang", "-O3", "-std=gnu17", "-march=haswell", "-ffast-math"),
}


def honest(kernel: Kernel, folder: Path) -> Iterator[tuple[str, CDLL]]:
    """Every build of the reference, then each rewriting and the reversed loop by -O2 and -Ofast."""
    for name, command in BUILDS.items():
        if shutil.which(command[0]):
            yield name, shared(f"{kernel.preamble}\n{kernel.text}", ".c", command, folder)
    texts = dict(kernel.honest)
    if kernel.reversed[0]:
        if kernel.reversed[0] not in kernel.text:
            raise RuntimeError(f"{kernel.name}: no loop {kernel.reversed[0]}")
        texts["reversed"] = kernel.text.replace(*kernel.reversed)
    for name, text in texts.items():
        # -Ofast may undo what a compensated sum does, and is an honest build all the same.
        for build in ("-O3, FMA", "-Ofast"):
            yield f"{name}, {build}", shared(f"{kernel.preamble}\n{text}", ".c", BUILDS[build], folder)


def disputed(kernel: Kernel, folder: Path) -> Iterator[tuple[str, CDLL]]:
    for name, text in kernel.disputed.items():
        yield name, shared(f"{kernel.preamble}\n{text}", ".c", BUILDS["-O3, FMA"], folder)


def cheats(kernel: Kernel, folder: Path) -> Iterator[tuple[str, CDLL]]:
    for name, text in kernel.cheats.items():
        yield name, shared(f"{kernel.preamble}\n{text}", ".c", BUILDS["-O3, no FMA"], folder)


def one_precision_lower(kernel: Kernel, folder: Path) -> CDLL:
    """All types and literals of the reference one precision lower, in the interface too."""
    text = f"{kernel.preamble}\n{kernel.text}"
    if any("64" in a.dtype and "float" in a.dtype for a in kernel.arguments) or kernel.returns == "float64":
        text = re.sub(r"\bdouble\b", "float", text)
        text = re.sub(r"\b(sqrt|log|exp|erf)\(", r"\1f(", text)
        text = re.sub(r"(?<![\w.])(\d+\.\d+)(?![\w.])", r"\1f", text)
        return shared(text, ".c", BUILDS["-O3, no FMA"], folder)
    text = re.sub(r"\bfloat\b", "_Float16", text)
    return shared(text, ".c", ("gcc", "-O2", "-std=gnu17", "-fexcess-precision=16"), folder)
