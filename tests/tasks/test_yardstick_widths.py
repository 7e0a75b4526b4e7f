"""Yardsticks suit the vector registers of every host: wider vectors are taken apart, at a tenth of the speed."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from hayate.records import SourceText, Task
from hayate.tasks import builtin, builtin_names
from hayate.toolchains import compilers, inspect
from hayate.toolchains.c import compile_flags

ARCHITECTURES = {
    "x86_64": ("x86-64-v2", "x86-64-v3", "x86-64-v4"),
    "aarch64": ("armv8-a",),
}.get(platform.machine(), ())
YARDSTICKS = [
    pytest.param(builtin(name), source, id=f"{name}-{source.name}")
    for name in builtin_names()
    for source in builtin(name).yardsticks
]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(("task", "source"), YARDSTICKS)
def test_no_vector_is_wider_than_the_registers(
    task: Task, source: SourceText, arch: str, tmp_path: Path
) -> None:
    gcc = next((c for c in compilers() if c.name == "gcc"), None)
    if gcc is None:
        pytest.skip("only gcc tells which vector operations it takes apart: apt install gcc")
    (tmp_path / "y.c").write_text(source.text)
    flags = compile_flags(source.techniques, arch, gcc)
    told = "-Werror=vector-operation-performance"
    done = subprocess.run(
        [gcc.path, *flags, told, "-c", "-o", "y.o", "y.c"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("task", "source"), YARDSTICKS)
def test_asking_for_the_width_is_no_offence(task: Task, source: SourceText) -> None:
    assert inspect(task, source.text, source.techniques).violations == ()
