"""schemathesis against the running server: what the OpenAPI schema says is what happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="no schemathesis: pip install schemathesis")

import schemathesis
from hypothesis import HealthCheck, given, settings
from served import ALICE, Server

from hayate.tasks import builtin


@pytest.mark.slow
def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    """Its own command: the edges of each value, then values drawn at random, with all of its checks."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json",
            "-H", f"Authorization: Bearer {ALICE}", "--max-examples", "10", "--generation-deterministic",
            "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "11 selected / 11 total" in done.stdout


@pytest.mark.slow
def test_jobs_of_tasks_that_are_there(server: Server) -> None:
    """Names drawn at random are never those of tasks; what lies behind them must hold, too."""
    operation = schemathesis.openapi.from_url(f"{server.url}/openapi.json")["/v1/jobs"]["POST"]
    seen: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def every_answer_is_as_the_schema_says(case: Any) -> None:
        for job in case.body:
            if "task" in job:
                job["task"] = "dgemm"
            if isinstance(job.get("task_hash"), str):
                job["task_hash"] = builtin("dgemm").hash
            if "plan" in job:
                job["plan"].pop("bands", None)
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {ALICE}"})
        seen.add(answer.status_code)

    every_answer_is_as_the_schema_says()
    assert 200 in seen
