"""Every conformance test runs once per tier; a tier that does not work here is skipped with its reason."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hayate.sandbox import Command, Exit, Limits, Sandbox, TierReport, get, new_box, probe
from hayate.sandbox.base import Profile
from hayate.sandbox.probe import TIERS

QUICK = Limits(cpu_s=10, wall_s=20, memory_bytes=512 << 20, processes=32)

Run = Callable[..., Exit]


@pytest.fixture(scope="session")
def reports() -> dict[str, TierReport]:
    return {report.tier: report for report in probe()}


@pytest.fixture(params=sorted(TIERS))
def sandbox(request: pytest.FixtureRequest, reports: dict[str, TierReport]) -> Sandbox:
    report = reports[request.param]
    if not report.works:
        pytest.skip(f"tier {report.tier} does not work here: {report.reason}")
    return get(report.tier)


@pytest.fixture
def box() -> Iterator[Path]:
    with new_box() as folder:
        yield folder


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that is open to all: only the sandbox keeps a command out of it."""
    with new_box() as folder:
        folder.chmod(0o777)
        yield folder


@pytest.fixture(scope="session")
def attack() -> Iterator[Path]:
    """The program of attempts, built by the compiler of this machine."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler: apt install gcc")
    with new_box() as folder:
        folder.chmod(0o755)
        program = folder / "attack"
        source = Path(__file__).with_name("attack.c")
        subprocess.run([compiler, "-O1", "-w", "-pthread", "-o", program, source], check=True)
        program.chmod(0o755)
        yield program


@pytest.fixture
def run(sandbox: Sandbox, box: Path, attack: Path) -> Run:
    """`run("read", path, profile="run", wall_s=1.0)`: one attempt in the tier, as `Exit`."""

    def go(*words: object, profile: Profile = "build", stdin: bytes = b"", **limits: float) -> Exit:
        command = Command(
            argv=[str(attack), *map(str, words)],
            box=box,
            readonly=(attack,),
            limits=replace(QUICK, **limits),  # type: ignore[arg-type]
            profile=profile,
            stdin=stdin,
        )
        return sandbox.run(command)

    return go
