"""Where verdicts are made: the [farm] table of a run file."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hayate.toolchains.syntax import SOURCE_MAX_BYTES

SENT_MAX_BYTES = (
    8 * SOURCE_MAX_BYTES
)  # of a source on its way to a server: beyond it there is nothing to judge

Kind = Literal["local", "parsl", "http", "replay"]
ClassName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]  # also of a folder


# What only those who build and measure themselves can be told.
_UNHEARD = {
    "parsl": {"slots", "builders"},
    "http": {"slots", "builders", "compiler", "sandbox", "retries"},
    "replay": {"slots", "builders", "compiler", "sandbox", "retries"},
}


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own, without asking anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(_Table):
    """`kind = "http"`: a farm behind `hayate serve`."""

    url: str = Field(pattern=r"^https?://\S+$")
    token_env: str = "HAYATE_TOKEN"  # the environment variable that holds the token
    patience_s: float = Field(default=600, gt=0)  # how long an unreachable server is tried again


class ReplaySettings(_Table):
    """`kind = "replay"`: answers from an archive, nothing is measured."""

    archive: str  # path or URL
    unknown: Literal["fault", "guess"] = "fault"  # what the archive does not know
    seed: int = Field(default=0, ge=0)  # of the choice among several recorded measurements


class ParslSettings(_Table):
    """`kind = "parsl"`: slots on the nodes of a cluster, in blocks (jobs of its scheduler) that come and go."""

    provider: Literal["slurm", "pbs", "pjm", "local"] = "slurm"
    queue: str = ""  # Slurm's partition, PBS's queue, PJM's resource group
    account: str = ""  # PJM: group
    options: str = ""  # further lines of the job script, e.g. "#SBATCH --constraint=icelake"
    worker_init: str = ""  # shell lines before the workers, e.g. "module load gcc/12"
    nodes_per_block: int = Field(default=1, ge=1)
    cores_per_node: int | None = Field(default=None, ge=1)
    exclusive: bool = True  # Slurm: whole nodes, so that nobody else's jobs are neighbours
    slots_per_node: int = Field(default=1, ge=1)
    accelerators_per_slot: int = Field(default=0, ge=0)  # a slot's worker sees these and no others
    init_blocks: int = Field(default=1, ge=0)
    min_blocks: int = Field(default=0, ge=0)
    max_blocks: int = Field(default=1, ge=1)
    walltime: str = Field(default="01:00:00", pattern=r"^\d+:\d\d:\d\d$")  # of a block
    address: str = ""  # of this machine, as nodes reach it; "": all of its addresses are tried
    host_class: str = ""  # nodes of another are sent away; "": the first node's counts
    priority: Literal["none", "nice", "fifo"] = "none"  # what a node must allow at least
    noise_max: float = Field(default=0.1, gt=0)  # a noisier node is sent away
    idle_s: float = Field(default=120, gt=0)  # when there are no jobs, blocks above min_blocks end after that
    patience_s: float = Field(default=3600, gt=0)  # how long the queue may keep us waiting for a node
    losses: int = Field(default=3, ge=0)  # a job whose node is lost more often is a fault
    overdue_s: float = Field(
        default=1800, gt=0
    )  # above the longest job and a worker's start; what is kept longer is lost
    poll_s: int = Field(default=15, ge=1)  # between two questions to the scheduler
    heartbeat_s: int = Field(default=5, ge=1)  # a node that is silent six times as long is lost
    command_timeout_s: int = Field(default=60, ge=1)  # of sbatch and its kin
    run_dir: str = ""  # scripts and logs; "": a folder of the state folder, on a file system that nodes see

    @property
    def accelerators_per_node(self) -> int:
        return self.slots_per_node * self.accelerators_per_slot

    @model_validator(mode="after")
    def _nodes_of_a_block(self) -> ParslSettings:
        if self.nodes_per_block > 1 and self.provider != "slurm":
            raise ValueError(
                "nodes_per_block above 1 is for slurm, whose srun starts them; raise max_blocks instead"
            )
        return self


class FarmSettings(_Table):
    """What is left out, the machine decides. A bare URL stands for `kind = "http"` at that address."""

    kind: Kind = "local"
    slots: int | None = Field(default=None, ge=1)  # measure on at most so many; None: on all
    builders: int | None = Field(default=None, ge=1)  # builds at a time; None: one per core that may build
    compiler: str | None = None  # "gcc" or "clang"; None: the first that is here
    sandbox: str | None = None  # tier; None: the strongest that works
    retries: int = Field(default=2, ge=0)  # of a job that met a fault that another try can help
    parsl: ParslSettings | None = None
    http: HttpSettings | None = None
    replay: ReplaySettings | None = None
    also: dict[ClassName, FarmSettings] = {}  # further classes of hosts (docs/cluster.md)

    @property
    def slots_most(self) -> int:
        """How many slots it may have as far as the settings say; 1 if they don't."""
        if self.parsl is not None:
            return self.parsl.max_blocks * self.parsl.nodes_per_block * self.parsl.slots_per_node
        return self.slots or 1

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, str):
            if given.startswith(("http://", "https://")):
                return {"kind": "http", "http": {"url": given}}
            return {"kind": given}
        return given

    @model_validator(mode="after")
    def _table_of_its_kind(self) -> FarmSettings:
        for kind in ("parsl", "http", "replay"):
            there = getattr(self, kind) is not None
            if there != (self.kind == kind):
                raise ValueError(
                    f"kind = {kind!r} needs [farm.{kind}]"
                    if not there
                    else f"[farm.{kind}] is for kind = {kind!r}, not {self.kind!r}"
                )
        unheard = sorted(_UNHEARD.get(self.kind, set()) & self.model_fields_set)
        if unheard:
            raise ValueError(f"{unheard[0]} says nothing to kind = {self.kind!r}")
        for name, one in self.also.items():
            if one.also:
                raise ValueError(f"farm.also.{name} has classes of its own; name them all in farm.also")
        return self
