"""What goes over the wire. Requests take names and texts only: no object code, no path, no task file, no verdict.

Types are strict ("1" is no number), so that the OpenAPI schema says exactly what is taken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hayate.farm.settings import SENT_MAX_BYTES
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile, Language, MeasurePlan, Technique

MAX_JOBS = 256  # of one submission
MAX_KEYS = 1024  # of one question
MAX_WAIT_S = 60.0
MAX_STREAM_S = 600.0


def _whole(value: object) -> object:
    """1.0 is an integer to JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)  # after the limits, or the schema would not show them
Key = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Name = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Source = Annotated[str, Field(max_length=SENT_MAX_BYTES)]
Priority = Annotated[int, Field(ge=-100, le=100), _WHOLE]
# Strictly, JSON has neither tuples nor enumerations.
_Technique = Annotated[Technique, Field(strict=False)]
Permitted = Annotated[tuple[_Technique, ...], Field(strict=False, max_length=len(Technique))]
State = Literal["queued", "running", "done", "fault"]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class _Plan(_Request):
    """A MeasurePlan within what a server lends. The seed stays the judge's secret.

    The least of each is what still says something about a kernel; whether it is as strict as the house's own plan is
    looked at by whoever keeps or pays what is found.
    """

    launches: Annotated[int, Field(ge=0, le=64), _WHOLE] = 1
    max_launches: Annotated[int, Field(ge=1, le=64), _WHOLE] = 1
    bands: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=32)] | None = None
    pairs: Annotated[int, Field(ge=3, le=200), _WHOLE] | None = None
    confidence: float = Field(default=0.95, ge=0.8, le=0.9999)
    verify_shapes: Annotated[int, Field(ge=4, le=256), _WHOLE] = 12
    wall_s: float = Field(default=60.0, ge=10, le=300)
    decide_s: float | None = Field(default=None, ge=5, le=300)
    thorough: bool = False


class OncePlan(_Plan):
    """The same asked twice is measured once; with another `nonce`, again."""

    purpose: Literal["training", "check"]
    nonce: str = Field(default="", pattern="^[A-Za-z0-9_-]{0,64}$")


class FreshPlan(_Plan):
    """Measured afresh for each `nonce`: choose a new one, and keep it when you repeat a lost request."""

    purpose: Literal["confirm", "report"]
    nonce: str = Field(pattern="^[A-Za-z0-9_-]{8,64}$")


Plan = Annotated[OncePlan | FreshPlan, Field(discriminator="purpose")]


class BuildJob(_Request):
    """Guard and compile. Its result is a Built without its object code, or a Rejection."""

    kind: Literal["build"]
    task: Name
    task_hash: Key  # as the client knows it; another one is refused
    source: Source
    language: Language = "c"
    permitted: Permitted
    priority: Priority = 0


class MeasureJob(_Request):
    """Verify and time what a build job of this server made."""

    kind: Literal["measure"]
    build: Key
    rival: Key | None = None
    plan: Plan
    elsewhere: bool = False
    priority: Priority = 0


class VerdictJob(_Request):
    """A whole evaluation. Recorded in the server's archive if the plan is its own, or stricter, and has no nonce."""

    kind: Literal["verdict"]
    task: Name
    task_hash: Key | None = None
    source: Source
    language: Language = "c"
    permitted: Permitted
    plan: Plan = OncePlan(purpose="training")
    priority: Priority = 0


JobRequest = Annotated[BuildJob | MeasureJob | VerdictJob, Field(discriminator="kind")]
Submission = Annotated[list[JobRequest], Field(min_length=1, max_length=MAX_JOBS)]


class KeysRequest(_Request):
    keys: list[Key] = Field(min_length=1, max_length=MAX_KEYS)


class ResultsRequest(KeysRequest):
    wait_s: float = Field(default=0.0, ge=0, le=MAX_WAIT_S)  # at most so long, until one of them is over


class ErrorBody(BaseModel):
    kind: str
    message: str
    remedy: str


class ErrorReply(BaseModel):
    """Every refusal looks like this."""

    error: ErrorBody


class JobReply(BaseModel):
    """A job as it stands. What it found is there if it is done, `fault` if the machine failed."""

    key: str
    place: str  # of the server that answers: as in HostReply
    kind: Literal["build", "measure", "verdict"]
    state: State
    created: float  # seconds since 1970, like the next two
    started: float | None = None
    ended: float | None = None
    built: Built | None = None  # its object code is empty
    rejection: Rejection | None = None
    measurement: Measurement | None = None
    verdict: dict[str, Any] | None = None  # as `hayate judge --json` prints it
    fault: ErrorBody | None = None


class ResultsReply(BaseModel):
    over: list[JobReply]
    waiting: list[str]
    unknown: list[str]


class DroppedReply(BaseModel):
    dropped: list[str]


class TaskReply(BaseModel):
    name: str
    title: str
    hash: str
    languages: list[Language]
    techniques: list[Technique]
    bands: list[str]


class LimitsReply(BaseModel):
    body_bytes: int
    requests_per_s: float
    queued_jobs: int
    jobs_per_submission: int = MAX_JOBS
    keys_per_question: int = MAX_KEYS
    wait_s: float = MAX_WAIT_S


class HostReply(BaseModel):
    place: str  # a hash of host, compiler, judge and sandbox; changes when any of them does
    host: HostProfile
    sandbox: str
    judge_version: str
    version: str  # of hayate
    tasks: list[TaskReply]
    limits: LimitsReply


class HealthReply(BaseModel):
    ok: bool
    reasons: list[str] = []


def measure_plan(plan: OncePlan | FreshPlan) -> MeasurePlan:
    return MeasurePlan.model_validate(plan.model_dump(exclude={"nonce"}))
