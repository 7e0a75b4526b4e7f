"""The sources of a task folder as plain programs: called with given inputs, outside sandbox and clock.

Its owner trusts a task folder, as the judge does when it compiles the oracle; no candidate ever comes here.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hayate.judge.arguments import size
from hayate.judge.native import ORACLE_FLAGS
from hayate.judge.shapes import elements
from hayate.records import Shape, SourceText, Task, Technique
from hayate.toolchains import Compiler

Array = NDArray[np.float64]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-fno-omit-frame-pointer")
COMPILE_S, RUN_S = 120.0, 60.0
_HARNESS = Path(__file__).parent / "harness.c"
# A leak of some bytes is no error of a kernel, and looking for leaks needs rights that containers withhold.
_ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0", "OMP_NUM_THREADS": "2", "LC_ALL": "C"}


def lengths(task: Task, shape: Shape) -> list[int]:
    """Elements of each array, inputs first."""
    counts = list(zip(elements(task, shape), task.arrays, strict=True))
    return [n for n, a in counts if a.kind == "input"] + [n for n, a in counts if a.kind != "input"]


class Broken(Exception):
    """A source that does not compile, or whose call does not end well; the text says how, for a person."""


class Harness:
    """Programs of one task in a folder that is there as long as the harness."""

    def __init__(self, task: Task, arch: str, compiler: Compiler) -> None:
        self.task, self.arch, self.compiler = task, arch, compiler
        self._folder = tempfile.TemporaryDirectory(prefix="hayate-prove-")
        self._box = Path(self._folder.name)
        (self._box / "call.h").write_text(_call(task))
        (self._box / "entry.h").write_text(f'extern "C" {task.declaration.rstrip(";")};\n')
        self._count = 0

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def oracle(self, *, sanitized: bool = False) -> Path:
        """Raises Broken."""
        flags = (*ORACLE_FLAGS, *(SANITIZERS if sanitized else ()))
        assert self.task.oracle is not None
        return self._build(self.task.oracle, (*flags, "-DORACLE"))

    def solution(self, source: SourceText, *, sanitized: bool = False) -> Path:
        """Raises Broken."""
        flags = ("-O1", *SANITIZERS) if sanitized else ("-O2", "-ffp-contract=fast")
        return self._build(source, (*flags, *source.flags))

    def call(self, program: Path, shape: Shape, inputs: Sequence[Array], *, offset: int = 0) -> list[Array]:
        """Arrays in the order in which the harness writes them. Raises Broken."""
        sizes_of = [str(size(a, shape)) for a in self.task.sizes]
        lengths_of = [str(value) for value in lengths(self.task, shape)]
        try:
            done = subprocess.run(
                [str(program), str(offset), *sizes_of, *lengths_of],
                input=b"".join(array.tobytes() for array in inputs),
                capture_output=True,
                timeout=RUN_S,
                env=_ENVIRONMENT,
            )
        except subprocess.TimeoutExpired as error:
            raise Broken(f"a call at {shape} takes longer than {RUN_S:.0f} s") from error
        if done.returncode:
            raise Broken(f"at {shape}: {_complaint(done.stderr.decode(errors='replace'), done.returncode)}")
        found = np.frombuffer(done.stdout, dtype=np.float64)
        counts = [int(n) for n in lengths_of[len(self.task.inputs) :]]
        each = len(found) // max(1, sum(counts))  # arrays an output: three of an oracle
        ends = np.cumsum([n for n in counts for _ in range(each or 1)])
        return list(np.split(found, ends[:-1]))

    def _build(self, source: SourceText, flags: Sequence[str]) -> Path:
        self._count += 1
        box = self._box / str(self._count)
        box.mkdir()
        cxx = source.language == "c++"
        text, program = box / f"source{'.cpp' if cxx else '.c'}", box / "program"
        text.write_text(source.text)
        machine = (f"-march={self.arch}", *(("-fopenmp",) if Technique.THREADS in source.techniques else ()))
        library = ("-lstdc++",) if cxx else ()
        steps = [
            [*self._dialect(cxx), *flags, *machine, "-c", str(text), "-o", str(box / "source.o")],
            [
                "-std=gnu17",
                *flags,
                *machine,
                f"-I{self._box}",
                "-c",
                str(_HARNESS),
                "-o",
                str(box / "main.o"),
            ],
            [
                *flags,
                *machine,
                str(box / "main.o"),
                str(box / "source.o"),
                "-lm",
                *library,
                "-o",
                str(program),
            ],
        ]
        for step in steps:
            try:
                done = subprocess.run(
                    [self.compiler.path, "-w", *step],
                    capture_output=True,
                    text=True,
                    timeout=COMPILE_S,
                    cwd=box,
                )
            except subprocess.TimeoutExpired as error:
                raise Broken(f"it takes the compiler longer than {COMPILE_S:.0f} s") from error
            if done.returncode:
                lines = [x for x in done.stderr.splitlines() if "error" in x or "undefined reference" in x]
                raise Broken(f"it does not compile: {'; '.join(lines[:3]) or done.stderr.strip()[-300:]}")
        return program

    def _dialect(self, cxx: bool) -> tuple[str, ...]:
        if not cxx:
            return ("-std=gnu17",)
        return (
            "-std=gnu++20",
            "-Drestrict=__restrict",
            "-fno-exceptions",
            "-include",
            str(self._box / "entry.h"),
        )


def sanitizers_missing(compiler: Compiler) -> str:
    """Why this compiler has no sanitizers that run here; "" if it has."""
    with tempfile.TemporaryDirectory(prefix="hayate-prove-") as name:
        box = Path(name)
        (box / "x.c").write_text("int main(void) { return 0; }\n")
        try:
            built = subprocess.run(
                [compiler.path, *SANITIZERS, "x.c", "-o", "x"],
                cwd=box,
                capture_output=True,
                text=True,
                timeout=60,
            )
            if built.returncode:
                return f"{compiler.label} has no address or undefined-behaviour sanitizer here"
            ran = subprocess.run([str(box / "x")], capture_output=True, timeout=60, env=_ENVIRONMENT)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the sanitizers of {compiler.label} can't be tried: {error}"
        return f"a program with {compiler.label}'s sanitizers does not run here" if ran.returncode else ""


def _call(task: Task) -> str:
    """The header of harness.c for this task."""
    types, words = [], []
    counts = {"size": 0, "input": 0, "output": 0}
    for argument in task.arguments:
        at = counts[argument.kind]
        counts[argument.kind] += 1
        types.append({"size": "int", "input": "const double *", "output": "double *"}[argument.kind])
        words.append({"size": f"s[{at}]", "input": f"in[{at}]", "output": f"out[{at}]"}[argument.kind])
    given = [(t, w) for t, w, a in zip(types, words, task.arguments, strict=True) if a.kind != "output"]
    outputs = range(counts["output"])
    exact = [*(w for _, w in given), *(f"out[{i}]" for i in outputs), *(f"scale[{i}]" for i in outputs)]
    cheap = [*(w for _, w in given), *(f"cheap[{i}]" for i in outputs)]
    own = [t for t, _ in given]
    doubles = ["double *"] * counts["output"]
    return f"""#pragma once
enum {{ SIZES = {counts["size"]}, INPUTS = {counts["input"]}, OUTPUTS = {counts["output"]} }};
void {task.entry}({", ".join(types)});
void {task.entry}_exact({", ".join([*own, *doubles, *doubles])});
void {task.entry}_scale({", ".join([*own, *doubles])});
#define CALL_ENTRY {task.entry}({", ".join(words)})
#define CALL_EXACT {task.entry}_exact({", ".join(exact)})
#define CALL_SCALE {task.entry}_scale({", ".join(cheap)})
"""


def _complaint(text: str, code: int) -> str:
    """The line of a sanitizer that says what was wrong, or how the program ended."""
    for line in text.splitlines():
        for mark in ("ERROR: AddressSanitizer: ", "runtime error: "):
            if mark in line:
                return line.split(mark, 1)[1].split(" on address")[0].strip()
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with exit {code}"
