"""verifiers (0.4, its v1 interface): kernels as a taskset, judged by a served farm.

    taskset -> task: prompt -> harness: one question, one reply -> task's reward: the server's

What meets the machine's trouble is judged again for `again_s`; then the reward raises, the trace is not `ok`,
and its reward is None: trainers leave such a rollout out, an evaluation can do it again.
"""

from __future__ import annotations

from openai import AsyncOpenAI
from verifiers import v1 as vf

from hayate.adapters.client import shared, speedup
from hayate.adapters.questions import Question, ask
from hayate.errors import Fault
from hayate.prompts import Style
from hayate.records import Language


class KernelData(vf.TaskData):
    """One row."""

    question: Question


class FarmConfig(vf.TaskConfig):
    """Where replies are judged: `--env.taskset.task.*`. As Client."""

    url: str = "http://127.0.0.1:8177"
    token_env: str = "HAYATE_TOKEN"
    patience_s: float = 600.0
    again_s: float = 600.0


class KernelTask(vf.Task[KernelData, vf.State, FarmConfig]):
    @vf.reward
    async def kernel(self, trace: vf.Trace) -> float:
        """The server's reward. Raises Fault when the machine's trouble outlasts the settings."""
        farm = self.config
        client = shared(farm.url, farm.token_env, farm.patience_s, farm.again_s)
        (verdict,) = await client.verdicts([self.data.question], [trace.last_reply])
        if isinstance(verdict, Fault):
            raise verdict
        trace.info["verdict"] = {
            name: verdict[name] for name in ("outcome", "reason", "speedup", "techniques")
        }
        trace.record_metric("accepted", float(verdict["outcome"] == "accepted"))
        if (times := speedup(verdict)) is not None:
            trace.record_metric("speedup", times)
        return float(verdict["reward"])


class KernelTasksetConfig(vf.TasksetConfig):
    """Which questions: `--env.taskset.*`."""

    tasks: list[str] = ["dgemm"]
    permitted: list[list[str]] | None = None  # a question for each set; None: one, with all but threads
    style: Style = "staged"
    language: Language = "c"
    task: FarmConfig = FarmConfig()


class KernelTaskset(vf.Taskset[KernelTask, KernelTasksetConfig]):
    def load(self) -> list[KernelTask]:
        """Every task with every permitted set. Raises WrongUse."""
        c = self.config
        asked = [
            ask(task, permitted, style=c.style, language=c.language)
            for task in c.tasks
            for permitted in c.permitted or [None]
        ]
        return [
            KernelTask(
                KernelData(name=q.task, prompt=prompt.user, system_prompt=prompt.system, question=q), c.task
            )
            for q, prompt in asked
        ]


class ReplyHarnessConfig(vf.HarnessConfig):
    pass


class ReplyHarness(vf.Harness[ReplyHarnessConfig]):
    """One question, one reply, asked in this process: there is nothing that a sandbox would have to hold."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        system, prompt = self.resolve_text_prompt(data)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
        async with AsyncOpenAI(base_url=endpoint, api_key=secret, timeout=None) as model:
            await model.chat.completions.create(model=ctx.model, messages=messages)
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")


class KernelEnvConfig(vf.EnvConfig):
    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())


class KernelEnv(vf.Env[KernelEnvConfig]):
    """One agent, on this machine unless `--env.agent.runtime.type` says otherwise."""

    async def run(self, task: vf.Task, agents: vf.Agents) -> None:
        await agents.agent.run(task)
