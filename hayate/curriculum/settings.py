"""The curriculum's settings, as a run file's `[curriculum]` gives them.

The paper that proposes Staged Quality-Diversity does not publish its stages, thresholds or progression. Those
below are ours, and every one is a setting.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hayate.records import Technique


class FixedStage(BaseModel):
    """One entry of the schedule of `staging = "fixed"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    techniques: tuple[Technique, ...]
    groups: int = Field(ge=1)  # of each task


class CurriculumSettings(BaseModel):
    """How the permitted techniques change.

    - `sqd`: stages grow from single techniques to all, by how the groups do.
    - `off`: everything is permitted, always.
    - `fixed`: the sets of `schedule`, each for its number of groups; the last one for good.
    - `random`: for each group a set of random size, without regard to how groups do.

    A number that is None follows from `expected_groups` (see `ladder.pace`), so that a demo of 25 groups and
    a run of 10,000 both get through their stages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    staging: Literal["sqd", "off", "fixed", "random"] = "sqd"
    tasks: tuple[str, ...] = ()  # empty: all that the run knows, in its order; groups take turns
    seed: int = 0
    threads: bool = False  # slots have one compute core by default: there is nothing to gain from threads

    # sqd: when a permitted set is left
    expected_groups: int = Field(default=200, ge=1)  # of the whole run, all tasks together
    climb_share: float = Field(default=0.5, gt=0, le=1)  # of them, meant for the way up to the full set
    pass_share: float = Field(default=0.5, ge=0, le=1)  # a group passes with this share of accepted samples
    window: int | None = Field(default=None, ge=1)  # this many last groups of the set, on average, must pass
    stall_groups: int | None = Field(default=None, ge=1)  # groups in a row without a better elite
    improvement: float = Field(default=0.02, ge=0)  # better by less is noise: no improvement
    patience: int | None = Field(
        default=None, ge=1
    )  # groups after which a set is left although it doesn't pass

    # sqd: which set comes next
    growth: Literal["auto", "one", "double"] = "auto"  # sizes 1, 2, 3, 4, ... or 1, 2, 4, 8, ...
    sets_per_level: int | None = Field(default=None, ge=1)  # sets of one size before the next size
    revisit_probability: float = Field(
        default=0.1, ge=0, lt=1
    )  # that a group goes back, or to an empty niche
    empty_niche_share: float = Field(default=0.5, ge=0, le=1)  # of those, to an empty niche

    # fixed
    schedule: tuple[FixedStage, ...] = ()  # empty: the sizes of sqd in the prompt's order, equal shares

    exemplars: int = Field(default=0, ge=0, le=8)  # elites to name in the assignment; needs an archive
