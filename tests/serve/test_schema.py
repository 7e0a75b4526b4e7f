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
from pydantic import TypeAdapter
from served import ALICE, Server

from hayate.serve.models import KeysRequest, ResultsRequest, Submission
from hayate.tasks import builtin

# A value drawn at random may nest deeper than body.py reads; it is refused with 413. That is the one status here that
# schemathesis, left to itself, does not take for a refusal. Whether such a value is drawn depends on the seed.
SETTINGS = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]
"""


@pytest.mark.slow
def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    """Its own command: the edges of each value, then values drawn at random, with all of its checks."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
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


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/jobs", Submission), ("/v1/drop", KeysRequest), ("/v1/results", ResultsRequest)],
)
def test_a_body_is_described_as_it_is_read(path: str, kind: Any, server: Server) -> None:
    """FastAPI sees neither: a type of the same name in some answer must not stand in for a request's."""
    with server.client() as client:
        made = client.get("/openapi.json").json()
    due = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    types = due.pop("$defs", {})
    assert made["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"] == due
    assert {name: made["components"]["schemas"][name] for name in types} == types
