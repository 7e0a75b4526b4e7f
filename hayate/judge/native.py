"""The judge's own programs, compiled on first use and kept.

Clock and peak probe are the same for every task of a host. A runner knows a task's signature, an examiner the task's
own code as well: its oracle, its generator or its reference. A candidate never comes here.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hayate import running
from hayate.errors import Fault, FaultKind
from hayate.hosts import state_dir, vector_bytes
from hayate.judge.glue import examiner_glue, runner_glue
from hayate.records import HostProfile, SourceText, Task, content_hash
from hayate.running import oracle_text
from hayate.toolchains import Compiler, compilers

_NUMBERS = ("values.c", "structures.c", "elements.c", "compare.c", "arrays.c")  # without processes or time
_CLOCK = ("clock.c", "check.c", "process.c", "regions.c", *_NUMBERS)
_HEADERS = (
    "protocol.h",
    "stream.h",
    "arrays.h",
    "bits.h",
    "elements.h",
    "structures.h",
    "values.h",
    "compare.h",
    "process.h",
    "regions.h",
    "check.h",
    "guest.h",
    "glue.h",
)
_LIBRARY = ("library.c", *_NUMBERS)  # the first is no part of the version: no verdict needs it
_GLUE = ("glue.c", "examine.c")
_GUESTS = ("runner.c", "examiner.c")
_SOURCES = (*_HEADERS, *_CLOCK, *_GUESTS, "peak.c")
# The oracle is the definition of exact: no contraction, no reordering.
ORACLE_FLAGS = ("-O3", "-ffp-contract=off")
CLOCK_FLAGS = ("-O3", "-ffp-contract=fast", "-fno-math-errno")


@cache
def source_text(name: str) -> str:
    return (Path(__file__).parent / "runner" / name).read_text()


def _deciding() -> list[str]:
    """All the Python of this room and the running numbers that bounds are made of: any file may change a verdict."""
    judge, bounds = Path(__file__).parent, Path(running.__file__).parent
    files = [*judge.glob("*.py"), *bounds.glob("*.py"), *bounds.glob("*.hpp")]
    return [f"{path.name}\n{path.read_text()}" for path in sorted(files)]


# Verdicts of different judges do not compare: the number goes up by hand when rules change, the hash by itself.
JUDGE_VERSION = "3." + content_hash(*(source_text(name) for name in _SOURCES), *_deciding())[:8]


@dataclass(frozen=True)
class Natives:
    """Paths of the compiled programs."""

    runner: Path
    examiner: Path
    clock: Path
    peak: Path


_OWN = "examiner of "  # and the task, and the files of its folder that it is made of


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
        if what.startswith(_OWN):
            task, _, files = what.removeprefix(_OWN).partition(": ")
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"the code of the task {task} ({files}) does not compile: {said}",
                remedy=f"mend {files} in the folder of {task}, then hayate tasks check FOLDER",
            )
        raise Fault(
            FaultKind.INTERNAL,
            f"the judge's own {what} does not compile: {said}",
            remedy="apt install libc6-dev linux-libc-dev",
        )


def _move(work: Path, folder: Path, complete: Callable[[], bool]) -> None:
    """Into its place, unless another process was first. One with parts missing (a cleaner of files) is replaced."""
    for _ in range(3):
        try:
            work.rename(folder)
        except OSError:
            if complete():
                return
            if not folder.exists():
                raise
            shutil.rmtree(folder, ignore_errors=True)
        else:
            work.mkdir()  # what the temporary directory expects to remove
            return
    raise OSError(39, f"{folder} can't be replaced")


def _kept(key: str, names: tuple[str, ...], make: Callable[[Path], None]) -> list[Path]:
    """Files of these names in the folder of that key; `make` is asked for them where they are not there yet."""
    folder = state_dir() / "native" / key
    found = [folder / name for name in names]

    def complete() -> bool:
        return all(path.exists() for path in found)

    if complete():
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            work = Path(name)
            for source in _SOURCES:
                (work / source).write_text(source_text(source))
            make(work)
            _move(work, folder, complete)
    except OSError as error:
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{folder.parent} can't be written: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error
    return found


def natives(task: Task, host: HostProfile) -> Natives:
    """The programs for this task on this host, compiled on first use. Raises Fault."""
    compiler = compilers()[0]
    machine = (JUDGE_VERSION, compiler.version, host.arch, host.cpu)
    clock, peak = _kept(
        content_hash(*machine), ("clock", "peak.so"), lambda work: _make_clock(work, compiler, host)
    )
    files = {"glue.c": runner_glue(task), "examine.c": examiner_glue(task), **own_code(task)}
    require_language(task, files, compiler)
    key = content_hash(*machine, *(f"{name}\n{text}" for name, text in sorted(files.items())))

    def make(work: Path) -> None:
        for name, text in files.items():
            (work / name).write_text(text)
        _make_guests(work, compiler, host, task.name, files)

    runner, examiner = _kept(key, ("runner", "examiner"), make)
    return Natives(runner, examiner, clock, peak)


def library_path(host: HostProfile) -> Path:
    """The clock's values and comparison as a shared library for Python, compiled on first use. Raises Fault."""
    compiler = compilers()[0]

    def make(work: Path) -> None:
        (work / "library.c").write_text(source_text("library.c"))
        fast = [*CLOCK_FLAGS, f"-march={host.arch}", "-fPIC", "-shared"]
        _compile(compiler, [*fast, "-o", "library.so", *_LIBRARY, "-lm"], work, "library")

    machine = (JUDGE_VERSION, compiler.version, host.arch, host.cpu, source_text("library.c"))
    return _kept(content_hash("library", *machine), ("library.so",), make)[0]


def own_code(task: Task) -> dict[str, str]:
    """What the examiner is made of besides its glue, by file name."""
    files: dict[str, str] = {}

    def add(stem: str, source: SourceText) -> None:
        suffix = ".cpp" if source.language == "c++" else ".c"
        # What is compiled by itself needs the preamble; the others are part of examine.c, which begins with it.
        before = declared(task, source) if stem == "reference" else ""
        files[f"{stem}{suffix}"] = before + source.text

    if task.correct == "analytic" and task.oracle is not None:
        add("oracle", task.oracle)
    elif task.correct == "exact":
        add("reference", task.reference)
    else:
        files["automatic.cpp"] = oracle_text(task)
    if task.generator is not None:
        add("inputs", task.generator)
    return files


def require_language(task: Task, files: Iterable[str], compiler: Compiler) -> None:
    """Raises Fault(DEPENDENCY_MISSING) if one of these files, by its name, is C++ and the compiler has none here."""
    found = sorted(name for name in files if name.endswith(".cpp"))
    if not found or compiler.cxx:
        return
    what = "its oracle" if found == ["automatic.cpp"] else ", ".join(found)
    raise Fault(
        FaultKind.DEPENDENCY_MISSING,
        f"{task.name}: {what} is C++, and {compiler.label} does not compile it here",
        remedy="apt install g++, or dnf install gcc-c++",
    )


def declared(task: Task, source: SourceText) -> str:
    """What comes before a source that is compiled by itself: the preamble, and in C++ the linkage of the entry."""
    text = f"{task.preamble.strip()}\n" if task.preamble.strip() else ""
    if source.language == "c++":
        text += f'#define restrict __restrict\nextern "C" {task.declaration.strip().rstrip(";")};\n'
    return f"{text}#line 1\n" if text else ""


def _make_clock(work: Path, compiler: Compiler, host: HostProfile) -> None:
    width = vector_bytes(host.arch)
    fast = [*CLOCK_FLAGS, f"-march={host.arch}"]
    _compile(compiler, [*fast, "-o", "clock", *_CLOCK, "-lm"], work, "clock")
    probe = [*fast, f"-DWIDTH={width}", *(["-mprefer-vector-width=512"] if width == 64 else [])]
    _compile(compiler, [*probe, "-fPIC", "-shared", "-o", "peak.so", "peak.c"], work, "peak probe")


def _make_guests(work: Path, compiler: Compiler, host: HostProfile, task: str, files: dict[str, str]) -> None:
    march = f"-march={host.arch}"
    named = ["reference.c" if name.startswith("automatic") else name for name in files if name not in _GLUE]
    own = f"{_OWN}{task}: {', '.join(named)}"
    _compile(compiler, ["-O2", "-c", "glue.c"], work, "runner's glue")
    _compile(compiler, ["-O2", "-pthread", "-o", "runner", "runner.c", "glue.o", "-ldl"], work, "runner")
    objects = ["glue.o"]
    for name in files:
        # oracle.c and inputs.c are part of examine.c, so that they are called as they are declared.
        if name in ("examine.c", "reference.c", "reference.cpp", "automatic.cpp"):
            objects.append(f"{name}.o")
            flags = ["-std=gnu++20", "-fpermissive"] if name.endswith(".cpp") else ["-std=gnu17"]
            _compile(
                compiler,
                [*flags, *ORACLE_FLAGS, "-w", march, "-c", name, "-o", objects[-1]],
                work,
                own,
            )
    library = ["-lstdc++"] if any(name.endswith(".cpp") for name in files) else []
    link = ["-O2", "-pthread", "-o", "examiner", "examiner.c", *objects, *library, "-lm", "-ldl"]
    _compile(compiler, link, work, own)
