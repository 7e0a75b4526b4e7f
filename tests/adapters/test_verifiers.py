"""The environment in verifiers' own rollouts, against a scripted model behind HTTP."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import scripted_model
from served import Server

pytest.importorskip("verifiers.v1", reason="no verifiers: pip install 'hayate[verifiers]'")

from verifiers import v1 as vf
from verifiers.v1.cli.eval.main import main as vf_eval
from verifiers.v1.configs.cli.eval import EvalConfig

from hayate.errors import WrongUse
from hayate.records import Outcome
from hayate.rewards import FAILURES


def fenced(source: str) -> str:
    return f"```c\n{source}\n```"


@contextmanager
def model(*replies: str) -> Iterator[str]:
    """Its address."""
    with scripted_model.server(replies) as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{endpoint.server_port}/v1"
        endpoint.shutdown()


def config(farm: str, endpoint: str, *, taskset: dict[str, Any] | None = None, **env: Any) -> EvalConfig:
    tasks = {"id": "hayate-kernels", "task": {"url": farm, "again_s": 0}, **(taskset or {})}
    return EvalConfig.model_validate(
        {
            "env": {"taskset": tasks, **env},
            "model": "scripted",
            "client": {"type": "eval", "base_url": endpoint, "api_key_var": "NOT_SET"},
        }
    )


def episodes(told: EvalConfig, rollouts: int) -> Sequence[vf.Episode]:
    """Of each task, as many as there are rollouts; all at once."""

    async def run() -> Sequence[vf.Episode]:
        env = vf.load_environment(told.env)
        ctx = vf.ModelContext(client=told.client, model=told.model, sampling=told.sampling)
        async with env.serving():
            slots = [slot for task in env.taskset for slot in env.slots(task, rollouts)]
            return await asyncio.gather(*(env.run_slot(slot, ctx) for slot in slots))

    return asyncio.run(run())


def test_a_rollout_is_paid_the_servers_reward(server: Server) -> None:
    with model(fenced("int speed = 6; // vf"), fenced("int speed = 0; // vf"), "no") as endpoint:
        found = episodes(config(server.url, endpoint), 3)
    assert all(episode.ok for episode in found)
    traces = sorted((episode.traces[0] for episode in found), key=lambda trace: trace.reward)
    assert [trace.info["verdict"]["outcome"] for trace in traces] == ["violation", "wrong", "accepted"]
    silent, wrong, fast = traces
    assert silent.reward == FAILURES["scaled"][Outcome.VIOLATION]
    assert wrong.reward == FAILURES["scaled"][Outcome.WRONG]
    assert fast.reward > 0
    assert fast.metrics == {"accepted": 1.0, "speedup": 6.0}
    assert wrong.metrics == {"accepted": 0.0}
    roles = [message.role for message in fast.messages]
    assert roles == ["system", "user", "assistant"]
    assert fast.num_turns == 1


def test_a_fault_leaves_the_rollout_out(server: Server) -> None:
    with model(fenced("fault // vf")) as endpoint:
        (episode,) = episodes(config(server.url, endpoint), 1)
    assert not episode.ok
    (trace,) = episode.traces
    assert not trace.ok
    assert trace.rewards == {"kernel": None}
    assert trace.last_error is not None
    assert trace.last_error.type == "TaskError"
    assert "Fault: scripted to fail. Remedy: free some space" in trace.last_error.message


def test_each_permitted_set_is_a_question(server: Server) -> None:
    told = config(
        server.url,
        "http://127.0.0.1:9/v1",
        taskset={"tasks": ["dgemm", "jacobi2d"], "permitted": [["simd"], []], "style": "plain"},
    )
    tasks = list(vf.load_environment(told.env).taskset)
    assert [task.data.name for task in tasks] == ["dgemm", "dgemm", "jacobi2d", "jacobi2d"]
    assert len({task.key for task in tasks}) == 4
    assert "Every technique is permitted but:" in tasks[0].data.prompt
    told = config(server.url, "http://127.0.0.1:9/v1", taskset={"tasks": ["nothing"]})
    with pytest.raises(WrongUse, match="no task 'nothing'"):
        list(vf.load_environment(told.env).taskset)


def test_a_model_that_is_away_is_no_verdict(server: Server) -> None:
    (episode,) = episodes(config(server.url, "http://127.0.0.1:9/v1"), 1)
    assert not episode.ok
    assert episode.traces[0].rewards.get("kernel") is None
    assert not any(line.endswith("away") for line in server.ran())


def test_the_documented_command_runs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (Path(__file__).parents[2] / "examples" / "verifiers_environment" / "README.md").read_text()
    (line,) = [line for line in readme.splitlines() if line.startswith("vf-eval ")]
    with model(fenced("int speed = 3; // command")) as endpoint:
        words = line.replace("http://127.0.0.1:8000/v1", endpoint).split()
        more = ["--env.taskset.task.url", server.url, "-o", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", [*words, *more])
        vf_eval()
    (traces,) = tmp_path.rglob("traces.jsonl")
    assert len(traces.read_text().splitlines()) == 3
    assert traces.read_text().count('"outcome":"accepted"') == 3
