"""What clients ask for: looked up by name, checked, and given the key that it has in the queue.

Whatever a client names is looked up here: the task by its name, the object by the key of the build that made it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

from hayate.archive import Archive, NewJob
from hayate.evaluate import EvaluateSettings
from hayate.farm import Farm
from hayate.judge import JUDGE_VERSION
from hayate.judge.results import Rejection
from hayate.records import Built, Record, Task, content_hash, decode
from hayate.rewards import RewardSettings
from hayate.serve.models import BuildJob, JobRequest, MeasureJob, VerdictJob
from hayate.serve.refused import Refused

_REQUEST: TypeAdapter[BuildJob | MeasureJob | VerdictJob] = TypeAdapter(JobRequest)

_MADE = 4096  # builds whose records are kept in memory


class BuildResult(Record):
    """What a build job keeps: one of the two, the Built without its object code."""

    built: Built | None = None
    rejection: Rejection | None = None


def read(text: str) -> BuildJob | MeasureJob | VerdictJob:
    """A request as the queue keeps it."""
    return _REQUEST.validate_json(text)


class Requests:
    """Keys hold for one host, compiler, judge and sandbox (`place`), and verdicts' for their settings, too."""

    def __init__(
        self,
        farm: Farm,
        archive: Archive,
        tasks: Mapping[str, Task],
        reward_settings: RewardSettings,
        evaluate_settings: EvaluateSettings,
    ) -> None:
        self.archive, self.tasks = archive, tasks
        host = farm.host
        self.place = content_hash(
            JUDGE_VERSION, host.fingerprint, host.host_class, host.arch, host.compiler, farm.sandbox_tier
        )
        self._made: dict[str, tuple[Task, Built]] = {}
        self._settings = content_hash(reward_settings.model_dump_json(), evaluate_settings.model_dump_json())

    def new_job(self, request: BuildJob | MeasureJob | VerdictJob) -> NewJob:
        if isinstance(request, MeasureJob):
            task, _ = self.made(request.build)
            if request.rival is not None:
                other, _ = self.made(request.rival)
                if other.name != task.name:
                    raise Refused(
                        409,
                        "rival_of_another_task",
                        f"the build is of {task.name}, the rival of {other.name}",
                        "name two builds of the same task",
                    )
        else:
            task = self.task(request.task, request.task_hash)
            if isinstance(request, VerdictJob):
                request = request.model_copy(update={"task_hash": task.hash})
        if not isinstance(request, BuildJob):
            known = [band.name for band in task.bands]
            for band in request.plan.bands or ():
                if band not in known:
                    raise Refused(
                        404, "unknown_band", f"{task.name} has no band {band!r}", f"one of {', '.join(known)}"
                    )
        text = request.model_dump_json()
        return NewJob(self.key(request), request.kind, text, request.priority)

    def key(self, request: BuildJob | MeasureJob | VerdictJob) -> str:
        what = request.model_dump(mode="json", exclude={"priority"})
        if "permitted" in what:
            what["permitted"] = sorted(what["permitted"])
        settings = self._settings if isinstance(request, VerdictJob) else ""
        return content_hash("job", self.place, settings, what)

    def task(self, name: str, task_hash: str | None) -> Task:
        task = self.tasks.get(name)
        if task is None:
            raise Refused(
                404, "unknown_task", f"no task {name!r} here", f"one of {', '.join(sorted(self.tasks))}"
            )
        if task_hash is not None and task_hash != task.hash:
            raise Refused(
                409,
                "task_differs",
                f"the task {name} is {task.hash} here, {task_hash} with the client",
                "install the same version of hayate on both sides",
            )
        return task

    def made(self, key: str) -> tuple[Task, Built]:
        """The task and the object (without its code) of a finished build. Raises Refused."""
        known = self._made.get(key)
        if known is not None and self.archive.jobs_over([key]):  # it may have been forgotten meanwhile
            return known
        job = self.archive.job(key)
        again = "submit the build again"
        if job is None or job.kind != "build":
            raise Refused(404, "unknown_build", f"no build {key} here", again)
        request = read(job.request)
        if not isinstance(request, BuildJob) or self.key(request) != key:
            raise Refused(
                404, "unknown_build", f"{key} was built by another compiler or for another task", again
            )
        if job.result is None:
            wait = "wait for its result first"
            raise Refused(
                409, "build_unfinished", f"the build {key} is {job.state}", again if job.over else wait
            )
        result = decode(BuildResult, job.result)
        if result.built is None:
            raise Refused(
                409, "build_rejected", f"the build {key} was a rejection", "nothing can be measured"
            )
        found = self.task(request.task, request.task_hash), result.built
        if len(self._made) >= _MADE:
            self._made.clear()
        self._made[key] = found
        return found

    def object(self, key: str) -> tuple[Task, Built]:
        """With its code. Raises Refused."""
        task, built = self._made.get(key) or self.made(key)
        code = self.archive.job_code(key)
        if code is None:
            raise Refused(404, "unknown_build", f"the build {key} was forgotten", "submit it again")
        return task, built.model_copy(update={"object_code": code})
