"""A builder for the tests of this room: the plan carried out in a temporary folder, with the real compilers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for c_sources

from c_sources import Build, Made

from hayate.records import Language, Task, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, after_boundary, compilers, plan


@pytest.fixture(scope="session")
def task() -> Task:
    return builtin("dgemm")


@pytest.fixture(scope="session")
def stencil() -> Task:
    return builtin("jacobi2d")


@pytest.fixture(params=["gcc", "clang"])
def compiler(request: pytest.FixtureRequest) -> Compiler:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is missing: apt install {request.param}")
    return next(c for c in compilers() if c.name == request.param)


@pytest.fixture
def build(task: Task, tmp_path: Path) -> Build:
    """Carries out a plan's script and reads back what it leaves."""

    def make(
        source: str,
        compiler: Compiler,
        permitted: Iterable[Technique] = (),
        arch: str = "x86-64-v3",
        extra: Iterable[str] = (),
        language: Language = "c",
        of: Task = task,
    ) -> Made:
        if language == "c++" and not compiler.cxx:
            pytest.skip(f"{compiler.name} has no C++ here: apt install g++")
        todo = plan(of, source, permitted, arch, compiler, extra, language)
        box = tmp_path / f"box{len(list(tmp_path.iterdir()))}"
        box.mkdir()
        for name, data in todo.files.items():
            (box / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        done = subprocess.run(todo.script, cwd=box, capture_output=True, text=True, timeout=60)
        if done.returncode:
            return Made(done.returncode, done.stderr)
        whole = (box / todo.preprocessed).read_bytes()
        own = after_boundary(whole)
        assert own is not None
        return Made(
            0,
            done.stderr,
            (box / todo.output).read_bytes(),
            own.decode(),
            whole[: len(whole) - len(own)],
        )

    return make
