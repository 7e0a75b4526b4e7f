"""The compiler as a witness of what a person's file says. It reads the file here; what it makes runs in the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Language
from hayate.toolchains import compilers

COMPILE_S = 60.0


@dataclass(frozen=True)
class Said:
    """What a compiler left: exit code, standard output, complaints."""

    code: int
    out: bytes
    complaints: str

    @property
    def first_error(self) -> str:
        """The first line that tells of an error, as the compiler wrote it."""
        for line in self.complaints.splitlines():
            if re.search(r"\berror: |undefined reference", line):
                return line.strip()
        return self.complaints.strip().splitlines()[-1] if self.complaints.strip() else f"exit {self.code}"


def dialect(language: Language) -> tuple[str, ...]:
    """The flags that choose the language, those of the judge."""
    if language == "c":
        return ("-x", "c", "-std=gnu17")
    return ("-x", "c++", "-std=gnu++17", "-Drestrict=__restrict")


def compiler_path(language: Language) -> str:
    """The compiler of this machine for the language. Raises Fault where there is none."""
    for compiler in compilers():
        if language == "c" or compiler.cxx:
            return compiler.path
    raise Fault(FaultKind.COMPILER_MISSING, "no compiler of C++ was found", remedy="apt install g++")


def run_compiler(language: Language, arguments: Sequence[str], *, folder: Path | None = None) -> Said:
    """Run it with these arguments. Raises WrongUse if it takes longer than COMPILE_S."""
    path = compiler_path(language)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            timeout=COMPILE_S,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise WrongUse(f"the compiler takes longer than {COMPILE_S:.0f} s") from error
    return Said(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
