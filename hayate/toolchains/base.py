"""What every toolchain is made of: compilers that are here, and the plan of a build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hayate.errors import Fault, FaultKind, WrongUse


@dataclass(frozen=True)
class Compiler:
    """A compiler of C, and mostly of C++, of this machine."""

    name: Literal["gcc", "clang"]
    path: str  # absolute
    version: str  # "12.2.0"
    openmp: bool = True  # its OpenMP run time is here; clang's is a package of its own

    @property
    def cxx(self) -> bool:
        """Whether it compiles C++ here: cc1plus and the library's headers are packages of their own."""
        return _compiles_cxx(self.path)

    @property
    def label(self) -> str:
        """Name and version as verdicts quote them: "gcc 12.2.0"."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class BuildPlan:
    """How to make a shared object: write `files` into the build box, then run `script` in it, as current folder.

    `script` is one command that does everything, for one start of the sandbox. Exit 0 means built; anything
    else is the candidate's failure. It writes `preprocessed`, and compiles that: what `inspect_preprocessed`
    reads is what the compiler reads.
    """

    files: dict[str, str | bytes]  # name -> contents
    script: tuple[str, ...]
    output: str  # the stripped shared object
    preprocessed: str
    flags: tuple[str, ...]  # of the compilation, for `Built.flags`


def _ask(path: str, option: str) -> str:
    """The first line that a compiler answers; "" if it does not run."""
    environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
    try:
        done = subprocess.run(
            [path, option], capture_output=True, text=True, timeout=20, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.partition("\n")[0]


def _version(first: str) -> str:
    # "gcc (Debian 12.2.0-14+deb12u1) 12.2.0": gcc's own version stands last, clang's follows the word.
    words = re.findall(r"(?:version |\) |^\S+ )(\d+(?:\.\d+)+)", first)
    return words[-1] if words else ""


@lru_cache(maxsize=8)
def _compiler(path: str, name: Literal["gcc", "clang"]) -> Compiler | None:
    version = _version(_ask(path, "--version"))
    if not version:
        return None
    library = "libgomp.so" if name == "gcc" else "libomp.so"
    found = _ask(path, f"-print-file-name={library}")  # the bare name again if there is none
    return Compiler(name, path, version, openmp="/" in found)


@lru_cache(maxsize=8)
def _compiles_cxx(path: str) -> bool:
    try:
        done = subprocess.run(
            [path, "-x", "c++", "-fsyntax-only", "-include", "cstdlib", os.devnull],
            capture_output=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def compilers() -> list[Compiler]:
    """The C compilers on PATH, gcc first; each is run once per process, with `--version`.

    Raises Fault(COMPILER_MISSING) when there is none.
    """
    found: list[Compiler] = []
    names: tuple[Literal["gcc", "clang"], ...] = ("gcc", "clang")
    for name in names:
        path = shutil.which(name)
        compiler = _compiler(path, name) if path else None
        if compiler:
            found.append(compiler)
    if not found:
        raise Fault(
            FaultKind.COMPILER_MISSING,
            "neither gcc nor clang was found on PATH",
            remedy="install one, e.g. `apt install gcc` or `dnf install gcc`",
        )
    return found


def named(name: str) -> Compiler:
    """The compiler of that name. Raises WrongUse if it is not on PATH, Fault if there is none at all."""
    found = compilers()
    for compiler in found:
        if compiler.name == name:
            return compiler
    known = ", ".join(compiler.name for compiler in found)
    raise WrongUse(f"no compiler {name!r} on PATH", where="farm.compiler", allowed=known)
