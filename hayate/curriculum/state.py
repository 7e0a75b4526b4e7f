"""What the curriculum remembers, in a form that a checkpoint can hold as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hayate.records import Outcome, Technique, Verdict


class SetState(BaseModel):
    """How the groups with one permitted set did. `best` is a low end of an interval: luck counts less."""

    model_config = ConfigDict(extra="forbid")

    techniques: tuple[Technique, ...]
    level: int
    asked: int = 0
    groups: int = 0  # observed, with at least one verdict
    faulted: int = 0  # observed, all samples lost to faults
    samples: int = 0  # verdicts
    accepted: int = 0
    shares: list[float] = []  # accepted share of each of the last groups
    best: float = 0.0  # times the reference
    stalled: int = 0  # groups since `best` rose
    objects: set[str] = Field(default_factory=set)  # distinct object code among the accepted
    left: str = ""  # why the curriculum went on: "mastered", "patience"; "" while it stays

    def add(self, verdicts: list[Verdict], *, improvement: float, keep: int) -> None:
        """Count one group that has verdicts. Shares of more than `keep` groups are forgotten."""
        accepted = [v for v in verdicts if v.outcome is Outcome.ACCEPTED]
        self.groups += 1
        self.samples += len(verdicts)
        self.accepted += len(accepted)
        self.shares = [*self.shares, len(accepted) / len(verdicts)][-keep:]
        self.objects |= {v.object_hash for v in accepted if v.object_hash}
        best = max((v.speedup.low for v in accepted if v.speedup is not None), default=0.0)
        if best > self.best * (1 + improvement):
            self.best, self.stalled = best, 0
        else:
            self.stalled += 1


class TaskState(BaseModel):
    """Where a task stands. `sets` by key; `levels[i]` are the keys introduced at level i, in order."""

    model_config = ConfigDict(extra="forbid")

    asked: int = 0
    current: str = ""  # key of the present stage's set
    sets: dict[str, SetState] = {}
    levels: list[list[str]] = []
    niches: dict[str, float] = {}  # niche as detected -> best low end seen


class CurriculumState(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = 1
    random: tuple[int, tuple[int, ...], float | None]  # of random.Random.getstate
    tasks: dict[str, TaskState]

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = self.model_dump(mode="json")
        for task in found["tasks"].values():
            for one in task["sets"].values():
                one["objects"].sort()
        return found
