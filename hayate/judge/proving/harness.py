"""The sources of a task folder as plain programs: called with given arguments, without the clock and in the sandbox.

What they are called by is the judge's own glue, so that a signature is understood here as it is there.
"""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hayate.errors import Fault
from hayate.judge import native
from hayate.judge.glue import examiner_glue, parts, runner_glue
from hayate.judge.library import GARBAGE, Filled
from hayate.judge.native import ORACLE_FLAGS
from hayate.judge.proving.numbers import inside
from hayate.judge.shapes import elements
from hayate.records import ITEM_BYTES, Shape, SourceText, Task, Technique
from hayate.sandbox import Command, Exit, Limits, Sandbox, new_box
from hayate.toolchains import Compiler

Array = NDArray[Any]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-fno-omit-frame-pointer")
COMPILE_S, RUN_S = 120.0, 60.0
_HARNESS = Path(__file__).parent / "harness.c"
_MIB = 1 << 20
_MOST_VALUES, _MOST_ARRAYS = 64, 24  # of runner/protocol.h
# enum hy_command of runner/protocol.h.
CALL, GENERATE, EXACT, SCALE = 2, 4, 5, 6


class Broken(Exception):
    """A source that does not compile, or whose call does not end well; the text says how, for a person.

    `after`: how many calls before it were well. `part`: the file whose it is, where the caller can't know.
    """

    def __init__(self, text: str, after: int = 0, part: str = "") -> None:
        super().__init__(text)
        self.after, self.part = after, part


class _Request(ctypes.Structure):  # struct request of harness.c
    _fields_ = (
        ("command", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("garbage", ctypes.c_int64),
        ("seed", ctypes.c_uint64),
        ("values", ctypes.c_uint64 * _MOST_VALUES),
        *((name, ctypes.c_int64 * _MOST_ARRAYS) for name in ("bytes", "item", "given", "want", "bound")),
    )


@dataclass(frozen=True)
class Asked:
    """One call. `offset`: elements that arrays lie off their alignment; `garbage`: the byte in what is written."""

    shape: Shape
    given: Filled
    command: int = CALL
    offset: int = 0
    garbage: int = 0xFF
    seed: int = 0


@dataclass(frozen=True)
class Answer:
    """What it left. Each list has an entry for every array of the task; what was not asked for is empty."""

    code: int  # of the task's own code: 0, how many branches were too near to tell, or -1
    arrays: tuple[Array, ...]
    want: tuple[Array, ...]  # doubles, or of the array's own type where the task is exact
    bound: tuple[Array, ...]


class Harness:
    """Programs of one task, in boxes that are there as long as the harness."""

    def __init__(self, task: Task, arch: str, compiler: Compiler, sandbox: Sandbox) -> None:
        self.task, self.arch, self.compiler, self.sandbox = task, arch, compiler, sandbox
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def own_code(self, *, sanitized: bool = False) -> Path:
        """Oracle, or what stands for it, and generator, as the examiner has them. Raises Broken, and Fault without a
        compiler for its language."""
        files = {"glue.c": runner_glue(self.task), "examine.c": examiner_glue(self.task)}
        files.update(native.own_code(self.task))
        parts_of = [n for n in files if n not in ("oracle.c", "inputs.c")]
        flags = (*ORACLE_FLAGS, *(SANITIZERS if sanitized else ()))
        return self._build(files, parts_of, flags, ("-DOWN_CODE",))

    def solution(self, source: SourceText, *, sanitized: bool = False) -> Path:
        """Raises Broken, and Fault without a compiler for its language."""
        name = f"source{'.cpp' if source.language == 'c++' else '.c'}"
        files = {"glue.c": runner_glue(self.task), name: native.declared(self.task, source) + source.text}
        flags = ("-O1", *SANITIZERS) if sanitized else ("-O2", "-ffp-contract=fast")
        threads = ("-fopenmp",) if Technique.THREADS in source.techniques else ()
        return self._build(
            files, list(files), (*flags, *source.flags, *threads), (f"-DENTRY={self.task.entry}",)
        )

    def call(self, program: Path, asked: Sequence[Asked]) -> list[Answer]:
        """One process makes all calls. Raises Broken, which says how many were well, and Fault."""
        requests = [self._request(one) for one in asked]
        due = [8 + sum(r.bytes) + sum(r.want) + sum(r.bound) for r, _ in requests]
        ended = self._run(program, b"".join(bytes(r) + data for r, data in requests), sum(due))
        answers: list[Answer] = []
        at = 0
        for (request, _), length in zip(requests, due, strict=True):
            if at + length > len(ended.stdout):
                break
            answers.append(self._answer(request, ended.stdout[at : at + length]))
            at += length
            if answers[-1].code < 0:
                raise Broken("it can't do what it is asked for", len(answers) - 1)
        if len(answers) < len(asked) or not ended.ok:
            where = asked[min(len(answers), len(asked) - 1)].shape
            raise Broken(f"at {where}: {_complaint(ended)}", len(answers))
        return answers

    def generator(self, program: Path, shape: Shape) -> _Generate:
        """For `Library.fill_all`; it raises Broken."""
        return _Generate(self, program, shape)

    def _request(self, one: Asked) -> tuple[_Request, bytes]:
        request = _Request(command=one.command, offset=one.offset, garbage=one.garbage, seed=one.seed)
        for i, word in enumerate(one.given.values):
            number = word[1:]
            bits = np.float64(number).view(np.uint64) if word[0] == "d" else int(number) & 2**64 - 1
            request.values[i] = int(bits)
        data = []
        counts = elements(self.task, one.shape)
        for i, (a, count) in enumerate(zip(self.task.arrays, counts, strict=True)):
            request.item[i] = ITEM_BYTES[a.dtype]
            request.bytes[i] = count * request.item[i]
            given = one.given.arrays[i]
            if given is not None:
                request.given[i] = 1
                data.append(given.tobytes())
            if a.kind != "input":
                doubles = 8 * count * parts(a.dtype)
                if one.command == EXACT:
                    request.want[i] = request.bytes[i] if self.task.correct == "exact" else doubles
                if one.command in (EXACT, SCALE) and self.task.correct != "exact":
                    request.bound[i] = doubles
        return request, b"".join(data)

    def _answer(self, request: _Request, said: bytes) -> Answer:
        lists: dict[str, list[Array]] = {"bytes": [], "want": [], "bound": []}
        code, at = int(np.frombuffer(said[:8], dtype=np.int64)[0]), 8
        for i, a in enumerate(self.task.arrays):
            for name, found in lists.items():
                length = getattr(request, name)[i]
                as_it_is = self.task.correct == "exact" or (
                    self.task.correct != "analytic" and a.dtype in ("int64", "uint64")
                )
                own = name == "bytes" or (name == "want" and as_it_is)
                found.append(np.frombuffer(said[at : at + length], dtype=a.dtype if own else np.float64))
                at += length
        return Answer(code, tuple(lists["bytes"]), tuple(lists["want"]), tuple(lists["bound"]))

    def _run(self, program: Path, stdin: bytes, output_bytes: int) -> Exit:
        sanitized = (program.parent / "sanitized").exists()
        limits = Limits(
            cpu_s=RUN_S,
            wall_s=RUN_S,
            memory_bytes=0
            if sanitized
            else 4096 * _MIB,  # a sanitizer's shadow is terabytes of address space
            file_bytes=_MIB,
            output_bytes=output_bytes + _MIB,
        )
        return self.sandbox.run(
            Command(
                argv=(str(program),),
                box=program.parent,
                box_writable=False,
                env={"OMP_NUM_THREADS": "2"},
                limits=limits,
                profile="run_threads" if (program.parent / "threads").exists() else "run",
                stdin=stdin,
            )
        )

    def _build(
        self, files: dict[str, str], compiled: Sequence[str], flags: Sequence[str], defined: Sequence[str]
    ) -> Path:
        native.require_language(self.task, files, self.compiler)
        box: Path = self._stack.enter_context(new_box())
        box.chmod(0o755)
        for header in ("glue.h", "protocol.h"):
            (box / header).write_text(native.source_text(header))
        for name, text in {**files, "harness.c": _HARNESS.read_text()}.items():
            (box / name).write_text(text)
        machine = f"-march={self.arch}"
        names = [*compiled, "harness.c"]
        for name in names:
            own = defined if name == "harness.c" else ()
            self._step([*_dialect(name), *flags, *own, machine, "-c", name, "-o", f"{name}.o"], box)
        library = ("-lstdc++",) if any(name.endswith(".cpp") for name in names) else ()
        objects = [f"{name}.o" for name in names]
        self._step([*flags, machine, *objects, "-lm", *library, "-o", "program"], box)
        if "-fopenmp" in flags:
            (box / "threads").touch()
        if any(flag.startswith("-fsanitize") for flag in flags):
            (box / "sanitized").touch()
        (box / "program").chmod(0o555)
        return box / "program"

    def _step(self, arguments: list[str], box: Path) -> None:
        try:
            done = subprocess.run(
                [self.compiler.path, "-w", *arguments],
                capture_output=True,
                text=True,
                timeout=COMPILE_S,
                cwd=box,
            )
        except subprocess.TimeoutExpired as error:
            raise Broken(f"it takes the compiler longer than {COMPILE_S:.0f} s") from error
        if done.returncode:
            lines = [x for x in done.stderr.splitlines() if "error" in x or "undefined reference" in x]
            part = "inputs.c" if any("inputs.c" in line for line in lines[:3]) else ""
            said = "; ".join(lines[:3]) or done.stderr.strip()[-300:]
            raise Broken(f"it does not compile: {said}", part=part)


@dataclass(frozen=True)
class _Generate:
    """Fills what the task's own generator fills."""

    harness: Harness
    program: Path
    shape: Shape

    def __call__(self, values: tuple[str, ...], arrays: list[Array | None], seed: int) -> None:
        asked = Asked(
            self.shape, Filled(values, tuple(arrays), exactly=False), GENERATE, seed=seed, garbage=GARBAGE
        )
        try:
            (answer,) = self.harness.call(self.program, [asked])
        except Broken as broken:
            raise Broken(str(broken), part="inputs.c") from broken
        for a, array, made in zip(self.harness.task.arrays, arrays, answer.arrays, strict=True):
            if array is None or a.values is not None:
                continue
            left = (made.view(np.uint8).reshape(-1, made.itemsize) == GARBAGE).all(axis=1)
            if (
                (left & inside(a, self.shape)).any()
                if made.dtype.kind in "fc"
                else made.nbytes >= 8 and left.all()
            ):
                raise Broken(f"at {self.shape} it leaves elements of {a.name} unwritten", part="inputs.c")
            array[:] = made


def sanitizers_missing(compiler: Compiler, sandbox: Sandbox) -> str:
    """Why this compiler has no sanitizers that run here; "" if it has."""
    with new_box() as box:
        box.chmod(0o755)
        (box / "x.c").write_text(
            'const char *__asan_default_options(void) { return "detect_leaks=0"; }\nint main(void) { return 0; }\n'
        )
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
            (box / "x").chmod(0o555)
            limits = Limits(cpu_s=60, wall_s=60, memory_bytes=0)
            ran = sandbox.run(
                Command(argv=(str(box / "x"),), box=box, box_writable=False, limits=limits, profile="run")
            )
        except (OSError, subprocess.TimeoutExpired, Fault) as error:
            return f"the sanitizers of {compiler.label} can't be tried: {error}"
        return (
            "" if ran.ok else f"a program with {compiler.label}'s sanitizers does not run in the sandbox here"
        )


def _dialect(name: str) -> tuple[str, ...]:
    if name == "automatic.cpp":
        return ("-std=gnu++20", "-fpermissive")
    return ("-std=gnu++20", "-fno-exceptions") if name.endswith(".cpp") else ("-std=gnu17",)


def _complaint(ended: Exit) -> str:
    """The line of a sanitizer that says what was wrong, or how the program ended."""
    for line in ended.stderr.decode(errors="replace").splitlines():
        for mark in ("ERROR: AddressSanitizer: ", "runtime error: "):
            if mark in line:
                return line.split(mark, 1)[1].split(" on address")[0].strip()
    if ended.timed_out:
        return f"it takes longer than {RUN_S:.0f} s"
    if ended.truncated:
        return "it printed without end"
    if ended.signal:
        return f"it was ended by signal {ended.signal}"
    return f"it ended with exit {ended.returncode}"
