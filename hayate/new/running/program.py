"""The reference linked with one of the two main programs of this folder, and run in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from hayate import sandbox
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.new.compilers import dialect, run_compiler
from hayate.new.read import Found
from hayate.records import Language
from hayate.sandbox import Command, Exit, Limits, Sandbox

_HERE = Path(__file__).parent
_MIB = 1 << 20
_ANY = "struct Any { void *p; template <class T> operator T *() const { return (T *)p; } };\n"


def glue(found: Found) -> str:
    """`hayate_call(slots, returned)`: the entry called through its declared type."""
    arguments = []
    for at, parameter in enumerate(found.parameters):
        if parameter.type.pointer:
            arguments.append(f"slot[{at}]" if found.language == "c" else f"Any{{slot[{at}]}}")
        else:
            arguments.append(f"*({parameter.type.spelled} *)slot[{at}]")
    target = f"*({found.returns.spelled} *)returned = " if found.returns is not None else ""
    external = 'extern "C" ' if found.language == "c++" else ""
    return (
        f"{found.preamble}\n{_ANY if external else ''}{external}{found.declaration};\n"
        f"{external}void hayate_call(void **slot, void *returned);\n"
        f"void hayate_call(void **slot, void *returned) {{\n"
        f"    (void)slot; (void)returned;\n    {target}{found.entry}({', '.join(arguments)});\n}}\n"
    )


class Program:
    """An executable in a box of its own, as long as it is open.

    `flags` are of the reference, and `link_flags` of the linker. Raises WrongUse if something that the function
    calls is not in its file.
    """

    def __init__(
        self,
        found: Found,
        main: str,
        flags: Sequence[str],
        link_flags: Sequence[str] = (),
        *,
        within: Sandbox | None = None,
    ) -> None:
        self.found = found
        self._sandbox = within or sandbox.best()
        self._stack = ExitStack()
        try:
            self.box = self._stack.enter_context(sandbox.new_box())
            self._build(main, flags, link_flags)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, plan: bytes, *, wall_s: float, output: str) -> tuple[Exit, bytes]:
        """Run it on a plan; how it ended, and what it wrote to the file `output`."""
        (self.box / "plan").write_bytes(plan)
        (self.box / "plan").chmod(0o644)
        written = self.box / output
        written.unlink(missing_ok=True)
        limits = Limits(
            cpu_s=wall_s,
            wall_s=wall_s,
            # The address sanitizer reserves terabytes of addresses, and uses few.
            memory_bytes=1 << 46,
            file_bytes=2048 * _MIB,
            box_bytes=4096 * _MIB,
            processes=8,
        )
        # The profile of a run forbids the sanitizers' own start; limits and files are the same.
        command = Command(
            argv=[str(self.box / "program")],
            box=self.box,
            limits=limits,
            env={
                "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
                "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                "OMP_NUM_THREADS": "1",
            },
        )
        ended = self._sandbox.run(command)
        data = written.read_bytes() if written.is_file() and not written.is_symlink() else b""
        return ended, data

    def _build(self, main: str, flags: Sequence[str], link_flags: Sequence[str]) -> None:
        language = self.found.language
        sources: list[tuple[str, str, Language, Sequence[str]]] = [
            ("reference", self.found.reference, language, flags),
            ("glue", glue(self.found), language, ("-O1", *link_flags)),
            ("main", (_HERE / main).read_text(), "c", ("-O2",)),
        ]
        for name, text, kind, own in sources:
            (self.box / name).write_text(text, encoding="utf-8")
            self._compile(
                kind, [*dialect(kind), "-w", "-g", "-gdwarf-4", *own, "-c", name, "-o", f"{name}.o"], name
            )
        library = ("-lstdc++",) if language == "c++" else ()
        omp = ("-lgomp",) if "omp_" in self.found.reference and "-fopenmp" not in flags else ()
        self._compile(
            "c",
            [
                "-no-pie",
                *link_flags,
                "reference.o",
                "glue.o",
                "main.o",
                "-o",
                "program",
                "-lm",
                *library,
                *omp,
            ],
            "link",
        )
        (self.box / "program").chmod(0o755)

    def _compile(self, language: Language, arguments: list[str], step: str) -> None:
        said = run_compiler(language, arguments, folder=self.box)
        if said.code == 0:
            return
        if re.search(r"cannot find \S*(?:-l|lib)(?:asan|ubsan|clang_rt)", said.complaints):
            raise Fault(
                FaultKind.DEPENDENCY_MISSING,
                "the compiler has no sanitizers here",
                remedy="install its sanitizer libraries, e.g. `dnf install libasan libubsan`",
            )
        if step == "link" and "undefined reference" in said.complaints:
            name = said.complaints.split("undefined reference to `")[1].split("'")[0]
            raise WrongUse(
                f"{self.found.function} needs {name}, which is not defined in this file",
                where=str(self.found.path),
                allowed='its source by #include "FILE.c", or a file that has both',
            )
        raise WrongUse(
            f"{self.found.function} can't be called as it is declared ({step}): {said.first_error}",
            where=str(self.found.path),
        )
