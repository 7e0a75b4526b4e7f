"""Mutants compiled, and what they do beside the reference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hayate.mutants import Kind, Mutant
from hayate.records.base import encode
from hayate.records.task import Language, Task

SANITIZED = (
    "-fsanitize=address,bounds,null,alignment,object-size,pointer-overflow,vla-bound,unreachable,return",
    "-fno-sanitize-recover=all",
    "-g1",
)
_DRIVER = Path(__file__).parent / "run_mutants.py"
_ROOT = Path(__file__).parents[2]


def build(text: str, language: Language, folder: Path, name: str, *flags: str) -> Path:
    """A shared object. Raises CalledProcessError with what the compiler says."""
    if language == "c++" and shutil.which("g++") is None:
        pytest.skip("no g++: apt install g++")
    source, target = folder / f"{name}.{'c' if language == 'c' else 'cpp'}", folder / f"{name}.so"
    source.write_text(text)
    compiler = ["gcc", "-std=gnu17"] if language == "c" else ["g++", "-std=gnu++20"]
    command = [*compiler, "-w", "-O0", "-fPIC", "-shared", *flags, str(source), "-o", str(target), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{name} does not compile:\n{done.stderr}\n{text}")
    return target


def run(task: Task, mutants: Iterable[Mutant], folder: Path, sanitized: bool = False) -> dict[str, str]:
    """Of each mutant: "same", "differs", or how its process ended."""
    flags = SANITIZED if sanitized else ()
    chosen = list(mutants)
    with ThreadPoolExecutor(2) as pool:
        reference = pool.submit(
            build, task.reference.text, task.reference.language, folder, "reference", *flags
        )
        objects = {
            m.name: pool.submit(build, m.text, task.reference.language, folder, f"m{k}", *flags)
            for k, m in enumerate(chosen)
        }
        built = {name: str(future.result()) for name, future in objects.items()}
    found: dict[str, str] = {}
    # Memory outside of the arrays is written by one kind only, and is there for that kind only.
    for margin, names in (
        (0, [m.name for m in chosen if m.kind != Kind.PADDING]),
        (64, [m.name for m in chosen if m.kind == Kind.PADDING]),
    ):
        request = {
            "task": json.loads(encode(task)),
            "reference": str(reference.result()),
            "objects": {name: built[name] for name in names},
            "margin": margin,
        }
        found |= _ask(request, sanitized)
    return found


def _ask(request: dict[str, object], sanitized: bool) -> dict[str, str]:
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
    if sanitized:
        library = subprocess.run(
            ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        ).stdout.strip()
        environment |= {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    done = subprocess.run(
        [sys.executable, str(_DRIVER)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, str] = json.loads(done.stdout)
    for name, said in answer.items():
        if "ended" in said:
            answer[name] = f"{said}: {done.stderr[-1500:]}" if len(answer) == 1 else said
    return answer
