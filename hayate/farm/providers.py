"""Batch schedulers for Parsl: Slurm and PBS as it has them, asked more often and tried again; PJM (Fujitsu's) anew.

PJM: `pjsub` answers "[INFO] PJM 0000 pjsub Job 123 submitted."; `pjstat` lists jobs under a header with JOB_ID and
ST, `pjstat -H` those that have ended; `pjdel` ends one. States: ACC QUE RNA RNP RUN RNE RNO EXT CCL HLD ERR RJT SPP SPD
RSM (Fujitsu, Job Operation Software End-user's Guide).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from parsl.jobs.states import JobState, JobStatus
from parsl.launchers import SingleNodeLauncher, SrunLauncher
from parsl.launchers.base import Launcher
from parsl.providers import LocalProvider, PBSProProvider, SlurmProvider
from parsl.providers.base import ExecutionProvider
from parsl.providers.cluster_provider import ClusterProvider
from parsl.providers.errors import SubmitException
from parsl.utils import RepresentationMixin

from hayate.farm.settings import ParslSettings

# A controller that restarts answers again within a minute.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)


def provider(settings: ParslSettings, worker_init: str) -> ExecutionProvider:
    """The scheduler that the settings name."""
    common: dict[str, Any] = {
        "nodes_per_block": settings.nodes_per_block,
        "init_blocks": settings.init_blocks,
        "min_blocks": settings.min_blocks,
        "max_blocks": settings.max_blocks,
        "parallelism": 1.0,
        "worker_init": worker_init,
    }
    if settings.provider == "local":
        return _Local(poll_s=settings.poll_s, launcher=SingleNodeLauncher(), **common)
    common |= {"walltime": settings.walltime, "cmd_timeout": settings.command_timeout_s}
    if settings.provider == "slurm":
        # A job that Slurm queues again by itself would come back beside the block that replaced it.
        options = "#SBATCH --no-requeue\n" + settings.options
        return _Slurm(
            poll_s=settings.poll_s,
            partition=settings.queue or None,
            account=settings.account or None,
            cores_per_node=settings.cores_per_node,
            exclusive=settings.exclusive,
            gpus_per_node=settings.accelerators_per_node or None,
            scheduler_options=options,
            launcher=SrunLauncher() if settings.nodes_per_block > 1 else SingleNodeLauncher(),
            **common,
        )
    if settings.provider == "pbs":
        return _Pbs(
            poll_s=settings.poll_s,
            queue=settings.queue or None,
            account=settings.account or None,
            cpus_per_node=settings.cores_per_node or 1,
            select_options=f"ngpus={gpus}" if (gpus := settings.accelerators_per_node) else "",
            scheduler_options=settings.options,
            launcher=SingleNodeLauncher(),
            **common,
        )
    return PjmProvider(
        poll_s=settings.poll_s,
        resource_group=settings.queue,
        group=settings.account,
        scheduler_options=settings.options,
        launcher=SingleNodeLauncher(),
        **common,
    )


def _patiently(submit: Callable[[], Any], pauses_s: Sequence[float] = PAUSES_S) -> Any:
    """Submit, again after a while if the scheduler does not take it."""
    for pause_s in pauses_s:
        try:
            return submit()
        except SubmitException:
            time.sleep(pause_s)
    return submit()


class _Local(LocalProvider):
    def __init__(self, *, poll_s: int, **options: Any) -> None:
        super().__init__(**options)
        self._poll_s = poll_s

    @property
    def status_polling_interval(self) -> int:
        return self._poll_s


class _Slurm(SlurmProvider):
    def __init__(self, *, poll_s: int, **options: Any) -> None:
        super().__init__(**options)
        self._poll_s = poll_s

    def submit(self, *given: Any, **named: Any) -> Any:
        return _patiently(lambda: super(_Slurm, self).submit(*given, **named))

    @property
    def status_polling_interval(self) -> int:
        return self._poll_s


class _Pbs(PBSProProvider):
    def __init__(self, *, poll_s: int, **options: Any) -> None:
        super().__init__(**options)
        self._poll_s = poll_s

    def submit(self, *given: Any, **named: Any) -> Any:
        return _patiently(lambda: super(_Pbs, self).submit(*given, **named))

    @property
    def status_polling_interval(self) -> int:
        return self._poll_s


_STATES = {
    "ACC": JobState.PENDING,
    "QUE": JobState.PENDING,
    "RNA": JobState.PENDING,  # acquiring resources
    "RNP": JobState.PENDING,  # running the prologue
    "RUN": JobState.RUNNING,
    "RNE": JobState.RUNNING,  # running the epilogue
    "RNO": JobState.RUNNING,  # ending
    "SPP": JobState.HELD,
    "SPD": JobState.HELD,
    "RSM": JobState.RUNNING,
    "HLD": JobState.HELD,
    "EXT": JobState.COMPLETED,
    "CCL": JobState.CANCELLED,
    "ERR": JobState.FAILED,
    "RJT": JobState.FAILED,
}
_SUBMITTED = re.compile(r"PJM\s+0000\s+pjsub\s+Job\s+(\d+)\s+submitted", re.IGNORECASE)
_GONE = re.compile(r"PJM\s+\d+\s+pj(?:stat|del).*(?:not exist|already|finished)", re.IGNORECASE)

_SCRIPT = """#!/bin/bash
#PJM -N ${jobname}
#PJM -L node=${nodes_per_block}
#PJM -L elapse=${walltime}
#PJM -o ${job_stdout_path}
#PJM -e ${job_stderr_path}
${scheduler_options}

${worker_init}

export JOBNAME="${jobname}"

${user_script}
"""


class PjmProvider(ClusterProvider, RepresentationMixin):
    """Fujitsu's Job Operation Software: Fugaku, FX1000 and their kin.

    `resource_group` is the queue (-L rscgrp=), `group` the account (-g). More than one node in a block needs
    `launcher=` something that starts the workers on each (mpiexec); one is what a benchmark farm wants.
    """

    def __init__(
        self,
        *,
        resource_group: str = "",
        group: str = "",
        scheduler_options: str = "",
        worker_init: str = "",
        nodes_per_block: int = 1,
        init_blocks: int = 1,
        min_blocks: int = 0,
        max_blocks: int = 1,
        parallelism: float = 1.0,
        walltime: str = "01:00:00",
        launcher: Launcher | None = None,
        cmd_timeout: int = 60,
        poll_s: int = 30,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        super().__init__(
            "pjm",
            nodes_per_block,
            init_blocks,
            min_blocks,
            max_blocks,
            parallelism,
            walltime,
            launcher or SingleNodeLauncher(),
            cmd_timeout=cmd_timeout,
        )
        self.resource_group, self.group = resource_group, group
        self.scheduler_options, self.worker_init = scheduler_options, worker_init
        self.poll_s, self.pauses_s = poll_s, pauses_s

    @property
    def status_polling_interval(self) -> int:
        return self.poll_s

    def submit(self, command: str, tasks_per_node: int, job_name: str = "hayate") -> str:
        """The job's id. Raises SubmitException with what pjsub said."""
        found: str = _patiently(lambda: self._submit(command, tasks_per_node, job_name), self.pauses_s)
        return found

    def _submit(self, command: str, tasks_per_node: int, job_name: str) -> str:
        # A job's name may have 63 characters.
        job_name = f"{job_name[:40]}.{time.time():.3f}"
        assert self.script_dir, "set by the executor"
        path = Path(self.script_dir).resolve() / job_name
        lines = [self.scheduler_options]
        if self.resource_group:
            lines.append(f'#PJM -L "rscgrp={self.resource_group}"')
        if self.group:
            lines.append(f"#PJM -g {self.group}")
        configs = {
            "nodes_per_block": self.nodes_per_block,
            "walltime": self.walltime,
            "scheduler_options": "\n".join(line for line in lines if line),
            "worker_init": self.worker_init,
            "job_stdout_path": f"{path}.stdout",
            "job_stderr_path": f"{path}.stderr",
            "user_script": self.launcher(command, tasks_per_node, self.nodes_per_block, self.script_dir),
        }
        self._write_submit_script(_SCRIPT, str(path), job_name, configs)
        code, said, complained = self.execute_wait(f"pjsub {path}")
        match = _SUBMITTED.search(said + complained)
        if code != 0 or match is None:
            raise SubmitException(job_name, "pjsub refused the job", said, complained, code)
        self.resources[match[1]] = {
            "job_id": match[1],
            "status": JobStatus(JobState.PENDING),
            "job_stdout_path": configs["job_stdout_path"],
            "job_stderr_path": configs["job_stderr_path"],
        }
        return match[1]

    def _status(self) -> None:
        """Ask for those that may have changed: pjstat, and for what it does not list any more pjstat -H."""
        active = [job for job, known in self.resources.items() if not known["status"].terminal]
        found = self._ask("pjstat", active)
        if found is None:
            return  # the scheduler does not answer: nothing is known to have changed
        missing = [job for job in active if job not in found]
        if missing:
            ended = self._ask("pjstat -H", missing)
            if ended is None:
                return
            # Forgotten by both, it has ended.
            found |= {job: ended.get(job, JobState.COMPLETED) for job in missing}
        for job, state in found.items():
            known = self.resources[job]
            known["status"] = JobStatus(
                state, stdout_path=known["job_stdout_path"], stderr_path=known["job_stderr_path"]
            )

    def _ask(self, command: str, jobs: Sequence[str]) -> dict[str, JobState] | None:
        if not jobs:
            return {}
        code, said, complained = self.execute_wait(f"{command} {' '.join(jobs)}")
        if code != 0 and not _GONE.search(said + complained):
            return None
        return {job: state for job, state in _listed(said).items() if job in jobs}

    def cancel(self, job_ids: Sequence[str]) -> list[bool]:
        """Whether each was ended, or had ended."""
        results = []
        for job in job_ids:
            code, said, complained = self.execute_wait(f"pjdel {job}")
            done = code == 0 or bool(_GONE.search(said + complained))
            if done:
                self.resources[job]["status"] = JobStatus(JobState.CANCELLED)
            results.append(done)
        return results


def _listed(text: str) -> dict[str, JobState]:
    """Job id -> state, from a table with the columns JOB_ID and ST; older systems write states out."""
    found: dict[str, JobState] = {}
    columns: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if "JOB_ID" in words and "ST" in words:
            columns = words
        elif columns and words and words[0].isdigit() and len(words) > columns.index("ST"):
            state = words[columns.index("ST")].upper()
            long = {"QUEUED": "QUE", "RUNNING": "RUN", "RUNOUT": "RNO", "HOLD": "HLD", "EXIT": "EXT"}
            found[words[columns.index("JOB_ID")]] = _STATES.get(long.get(state, state[:3]), JobState.UNKNOWN)
    return found
