"""Folders written for a test, judged by the real compiler, sandbox and clock, in every tier that works here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from folders import ALL, ORACLES
from make import make, needs_cxx

from hayate import hosts, sandbox
from hayate.judge import Rejection, build, measure, native
from hayate.judge.results import Measurement
from hayate.records import HostProfile, MeasurePlan, Task

# A pass that is made for one tier leaves the others to the first pass.
TIERS = [r.tier for r in sandbox.probe() if r.works and r.tier == os.environ.get("HAYATE_SANDBOX", r.tier)]
CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=10)


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> sandbox.Sandbox:
    return sandbox.get(request.param)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes the folder of that name, with files changed; an automatic oracle is one written by hand."""
    oracles = dict(ORACLES)
    monkeypatch.setattr(native, "oracle_text", lambda task: oracles[task.entry])

    def write(name: str, automatic: str = "", said: dict[str, object] | None = None, **changed: str) -> Path:
        task, files = ALL[name]
        if automatic:
            oracles[name] = automatic
        texts = {**files, **{f"{stem}.c": text for stem, text in changed.items()}}
        return make(tmp_path / name, {**task, **(said or {})}, texts)

    return write


@pytest.fixture
def judged(host: HostProfile) -> Callable[..., Rejection | Measurement]:
    def judge(
        task: Task, text: str, tier: sandbox.Sandbox, plan: MeasurePlan = CHECK
    ) -> Rejection | Measurement:
        needs_cxx(task)
        made = build(task, text, task.techniques, host=host, sandbox=tier)
        if isinstance(made, Rejection):
            return made
        return measure(task, made, plan, host=host, slot=hosts.slots()[0], sandbox=tier)

    return judge
