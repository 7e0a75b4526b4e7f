"""The judge's own programs for a task: runner, clock and peak probe, compiled once per host and kept.

Their sources are hayate's and the task folder's (which its owner trusts); the candidate's never come here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.hosts import state_dir, vector_bytes
from hayate.records import HostProfile, Task, content_hash
from hayate.toolchains import Compiler, compilers

_CLOCK = ("clock.c", "process.c", "regions.c", "values.c")
_HEADERS = ("protocol.h", "stream.h", "values.h", "process.h", "regions.h")
_SOURCES = (*_HEADERS, *_CLOCK, "runner.c", "peak.c")
# The oracle is the definition of exact: no contraction, no reordering.
ORACLE_FLAGS = ("-O3", "-ffp-contract=off")
CLOCK_FLAGS = ("-O3", "-ffp-contract=fast", "-fno-math-errno")


@cache
def _source(name: str) -> str:
    return (Path(__file__).parent / "runner" / name).read_text()


# Verdicts of different judges do not compare: the number goes up by hand when rules change, the hash by itself.
JUDGE_VERSION = "2." + content_hash(*(_source(name) for name in _SOURCES))[:8]


@dataclass(frozen=True)
class Natives:
    """Paths of the compiled programs."""

    runner: Path
    clock: Path
    peak: Path


def samples(task: Task) -> bool:
    """Whether the task's oracle can give single elements of an output, which it can afford at any size."""
    return re.search(rf"\b{re.escape(task.entry)}_sample\s*\(", task.oracle.text) is not None


def glue(task: Task) -> str:
    """A C header that calls the entry and the oracle from arrays of sizes and pointers."""
    types, call, oracle_types = [], [], []
    sizes = inputs = outputs = 0
    for a in task.arguments:
        if a.kind == "size":
            types.append("int")
            call.append(f"(int)s[{sizes}]")
            sizes += 1
        elif a.kind == "input":
            types.append("const double *")
            call.append(f"(const double *)in[{inputs}]")
            inputs += 1
        else:
            types.append("double *")
            call.append(f"(double *)out[{outputs}]")
            outputs += 1
    oracle_types = [t for t, a in zip(types, task.arguments, strict=True) if a.kind != "output"]
    oracle_call = [c for c, a in zip(call, task.arguments, strict=True) if a.kind != "output"]
    exact = ", ".join([*oracle_types, *["double *"] * (2 * outputs)])
    exact_call = ", ".join(
        [*oracle_call, *(f"exact[{i}]" for i in range(outputs)), *(f"scale[{i}]" for i in range(outputs))]
    )
    scale = ", ".join([*oracle_types, *["double *"] * outputs])
    scale_call = ", ".join([*oracle_call, *(f"scale[{i}]" for i in range(outputs))])
    sampler = ""
    if samples(task):
        sample = ", ".join([*oracle_types, "int", "int", "const int64_t *", "double *", "double *"])
        sample_call = ", ".join([*oracle_call, "output", "count", "at", "exact", "scale"])
        sampler = f"""
#define HY_SAMPLE 1
void {task.entry}_sample({sample});
static inline void hy_sample(const int64_t *s, const double *const *in, int output, int count, const int64_t *at,
                             double *exact, double *scale)
{{
    {task.entry}_sample({sample_call});
}}"""
    return f"""#include <stdint.h>
#define HY_ENTRY "{task.entry}"
enum {{ HY_SIZES = {sizes}, HY_INPUTS = {inputs}, HY_OUTPUTS = {outputs} }};
static inline void hy_call(void *f, const int64_t *s, const void *const *in, void *const *out)
{{
    ((void (*)({", ".join(types)}))f)({", ".join(call)});
}}
#ifdef HY_CLOCK
void {task.entry}_exact({exact});
void {task.entry}_scale({scale});{sampler}
static inline void hy_exact(const int64_t *s, const double *const *in, double *const *exact, double *const *scale)
{{
    {task.entry}_exact({exact_call});
}}
static inline void hy_scale(const int64_t *s, const double *const *in, double *const *scale)
{{
    {task.entry}_scale({scale_call});
}}
#endif
"""


def _compile(compiler: Compiler, arguments: list[str], folder: Path, what: str) -> None:
    try:
        done = subprocess.run(
            [str(compiler.path), *arguments], cwd=folder, capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired as error:
        raise Fault(
            FaultKind.HOST_TOO_NOISY,
            f"compiling the judge's own {what} took longer than {error.timeout:.0f} s",
            remedy="end other work on this machine",
        ) from error
    except OSError as error:
        raise Fault(
            FaultKind.COMPILER_MISSING,
            f"{compiler.path} can't be run: {error}",
            remedy="apt install gcc libc6-dev",
        ) from error
    if done.returncode:
        said = done.stderr.strip()[-800:]
        if (
            what == "oracle" or "oracle.o" in said
        ):  # what it does not define is missed when the clock is linked
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"the task's oracle.c does not compile: {said}",
                remedy="mend oracle.c in the task's folder, then hayate tasks check FOLDER",
            )
        raise Fault(
            FaultKind.INTERNAL,
            f"the judge's own {what} does not compile: {said}",
            remedy="apt install libc6-dev linux-libc-dev",
        )


def _complete(found: Natives) -> bool:
    return found.runner.exists() and found.clock.exists() and found.peak.exists()


def _move(work: Path, folder: Path, found: Natives) -> None:
    """Into its place, unless another process was first. One with parts missing (a cleaner of files) is replaced."""
    for _ in range(3):
        try:
            work.rename(folder)
        except OSError:
            if _complete(found):
                return
            if not folder.exists():
                raise
            shutil.rmtree(folder, ignore_errors=True)
        else:
            work.mkdir()  # what the temporary directory expects to remove
            return
    raise OSError(39, f"{folder} can't be replaced")


def natives(task: Task, host: HostProfile) -> Natives:
    """The programs for this task on this host, compiled on first use. Raises Fault."""
    compiler = compilers()[0]
    header = glue(task)
    key = content_hash(JUDGE_VERSION, header, task.oracle.text, compiler.version, host.arch, host.cpu)
    folder = state_dir() / "native" / key
    found = Natives(folder / "runner", folder / "clock", folder / "peak.so")
    if _complete(found):
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            work = Path(name)
            for source in _SOURCES:
                (work / source).write_text(_source(source))
            (work / "glue.h").write_text(header)
            (work / "oracle.c").write_text(task.oracle.text)
            march = f"-march={host.arch}"
            width = vector_bytes(host.arch)
            fast = [*CLOCK_FLAGS, march, "-I."]
            _compile(compiler, ["-O2", "-I.", "-pthread", "-o", "runner", "runner.c", "-ldl"], work, "runner")
            _compile(compiler, [*ORACLE_FLAGS, march, "-c", "oracle.c"], work, "oracle")
            _compile(
                compiler, [*fast, "-DHY_CLOCK", "-o", "clock", *_CLOCK, "oracle.o", "-lm"], work, "clock"
            )
            _compile(
                compiler,
                [
                    *fast,
                    f"-DWIDTH={width}",
                    "-mprefer-vector-width=512",
                    "-fPIC",
                    "-shared",
                    "-o",
                    "peak.so",
                    "peak.c",
                ]
                if width == 64
                else [*fast, f"-DWIDTH={width}", "-fPIC", "-shared", "-o", "peak.so", "peak.c"],
                work,
                "peak probe",
            )
            _move(work, folder, found)
    except OSError as error:
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{folder.parent} can't be written: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error
    return found
