"""One file says one run: `runs/*.toml` -> `RunFile`, checked before anything starts.

    [run]          name, seed, tasks, out, prompt_style, language
    [policy]       hayate.policies.PolicySettings
    [farm]         hayate.farm.FarmSettings
    [reward]       hayate.rewards.RewardSettings
    [curriculum]   hayate.curriculum.CurriculumSettings
    [judge]        hayate.evaluate.EvaluateSettings, and launches
    [lora]         peft.LoraConfig, by its own names
    [phases.sft], [phases.selftrain], [phases.grpo]
                   own keys below; trl = {...} by the names of trl.SFTConfig and trl.GRPOConfig

Phases run in that order; those that are not named don't run.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from hayate.curriculum import CurriculumSettings
from hayate.errors import WrongUse
from hayate.evaluate import EvaluateSettings
from hayate.farm import FarmSettings
from hayate.policies import PolicySettings
from hayate.prompts import Style
from hayate.records import Language
from hayate.rewards import RewardSettings
from hayate.train.trl_fields import check_lora, check_trl

PhaseName = Literal["sft", "selftrain", "grpo"]
ORDER: tuple[PhaseName, ...] = ("sft", "selftrain", "grpo")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunTable(_Table):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(default=0, ge=0)
    tasks: tuple[str, ...] = Field(min_length=1)  # names of built-in tasks, or folders
    out: str = ""  # folder; empty: out/<name>
    prompt_style: Style = "staged"
    language: Language = "c"  # in which the policy answers
    baselines: bool = True  # at the end, time the best kernel against reference, vendor library and peak
    merge_lora: bool = True  # save the result of a phase as a whole model, not as an adapter


class JudgeTable(EvaluateSettings):
    launches: int = Field(default=1, ge=0)  # of a training verdict; 0: correctness only, nothing is timed
    # On the classes of hosts in farm.also: the elites when training ends, or every candidate as it comes
    classes: Literal["elites", "all"] = "elites"


class PhaseTable(_Table):
    """`steps` are optimiser steps."""

    steps: int = Field(ge=1)
    checkpoint_steps: int = Field(default=5, ge=1)  # a checkpoint every so many steps
    trl: dict[str, Any] = {}


class SftTable(PhaseTable):
    """Phase 1: supervised, on variants of the tasks' templates."""

    examples: int = Field(default=1000, ge=1)  # of each task
    check_samples: int = Field(default=0, ge=0)  # verdicts on the result, so that the report can show it


class SelftrainTable(PhaseTable):
    """Phase 2: sample, evaluate, keep what is accepted, fine-tune on it. `steps` are those of one round."""

    rounds: int = Field(default=1, ge=1)
    groups: int = Field(default=2, ge=1)  # prompts of a round
    samples: int = Field(default=32, ge=1)  # replies to each prompt


class GrpoTable(PhaseTable):
    """Phase 3: GRPO on measured speed, prompts live from the curriculum."""

    check_samples: int = Field(default=0, ge=0)  # verdicts on the policy before it, and as many after it


class Phases(_Table):
    sft: SftTable | None = None
    selftrain: SelftrainTable | None = None
    grpo: GrpoTable | None = None

    def table(self, name: PhaseName) -> PhaseTable | None:
        found: PhaseTable | None = getattr(self, name)
        return found


class RunFile(_Table):
    run: RunTable
    policy: PolicySettings = PolicySettings()
    farm: FarmSettings = FarmSettings()
    reward: RewardSettings = RewardSettings()
    curriculum: CurriculumSettings = CurriculumSettings()
    judge: JudgeTable = JudgeTable()
    lora: dict[str, Any] | None = None
    phases: Phases

    @property
    def names(self) -> tuple[PhaseName, ...]:
        """The phases of this run, in order."""
        return tuple(name for name in ORDER if self.phases.table(name) is not None)


def load_run(path: Path | str, *, seed: int | None = None) -> RunFile:
    """The run that the file describes; `seed` in place of the file's. Raises `WrongUse` with file and key."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUse(f"can't be read: {error.strerror}", where=str(path), allowed="a run file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"no TOML: {error}", where=str(path)) from error
    if seed is not None:
        data.setdefault("run", {})["seed"] = seed
    return parse_run(data, where=str(path))


def parse_run(data: Mapping[str, Any], where: str = "run file") -> RunFile:
    """The run that the tables describe. The curriculum and TRL get the run's seed unless they name one.

    >>> parse_run({"run": {"name": "x", "tasks": ["dgemm"]}, "phases": {"grpo": {"steps": 3}}}).names
    ('grpo',)
    """
    tables = {k: dict(v) if isinstance(v, Mapping) else v for k, v in data.items()}
    seed = tables["run"].get("seed", 0) if isinstance(tables.get("run"), dict) else 0
    curriculum = tables.setdefault("curriculum", {})
    if isinstance(curriculum, dict):
        curriculum.setdefault("seed", seed)
    try:
        # JSON is the mode in which pydantic is strict about types ("60" is no 60) and yet takes arrays for tuples.
        run = RunFile.model_validate_json(json.dumps(tables, default=str), strict=True)
    except pydantic.ValidationError as error:
        raise _wrong(error, where) from error
    if not run.run.out:
        run = run.model_copy(update={"run": run.run.model_copy(update={"out": f"out/{run.run.name}"})})
    if not run.names:
        raise WrongUse(
            "no phase", where=f"{where}: phases", allowed=", ".join(f"[phases.{n}]" for n in ORDER)
        )
    for name in run.names:
        table = run.phases.table(name)
        assert table is not None
        check_trl("GRPOConfig" if name == "grpo" else "SFTConfig", table.trl, f"{where}: phases.{name}.trl")
    if run.run.language != "c" and run.phases.sft is not None:
        raise WrongUse(
            "phase 1's solutions are in C",
            where=f"{where}: run.language",
            allowed="c, or no [phases.sft]",
        )
    if run.reward.over_classes != "first" and (run.judge.classes != "all" or not run.farm.also):
        raise WrongUse(
            "a reward over classes of hosts needs verdicts on each",
            where=f"{where}: reward.over_classes",
            allowed='first, or judge.classes = "all" and a table [farm.also.NAME]',
        )
    if run.lora is not None:
        check_lora(run.lora, f"{where}: lora")
        if not run.run.merge_lora and len(run.names) > 1:
            raise WrongUse(
                "an adapter alone can't go from one phase to the next",
                where=f"{where}: run.merge_lora",
                allowed="true, or one phase only",
            )
    return run


def _wrong(error: pydantic.ValidationError, where: str) -> WrongUse:
    """The first complaint as file, key, what is allowed."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    at = f"{where}: {'.'.join(path)}"
    if first["type"] == "extra_forbidden":
        known = list(_model_at(path[:-1]).model_fields)
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return WrongUse("no such key", where=at, allowed=f"{hint}{', '.join(known)}")
    if first["type"] == "missing":
        return WrongUse("missing", where=at, allowed=_type_at(path))
    given = first.get("input")
    said = first["msg"].removeprefix("Value error, ")
    return WrongUse(f"{said[0].lower()}{said[1:]}, not {given!r}", where=at, allowed=_type_at(path))


def _model_at(path: list[str]) -> type[BaseModel]:
    model: type[BaseModel] = RunFile
    for part in path:
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field is not None else None
        if inner is None:
            break
        model = inner
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a field holds, also within `X | None` or a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)


def _type_at(path: list[str]) -> str:
    model = _model_at(path[:-1])
    field = model.model_fields.get(path[-1])
    if field is None:
        return ""
    kind = field.annotation
    text = getattr(kind, "__name__", None) if isinstance(kind, type) else str(kind)
    limits = [_limit(limit) for limit in field.metadata]
    inner = _model_in(kind)
    if inner is not None:
        return f"a table with {', '.join(inner.model_fields)}"
    return " ".join([str(text).replace("typing.", ""), *limits])


def _limit(limit: object) -> str:
    """E.g. Ge(ge=1) as ">= 1"."""
    signs = {
        "ge": ">=",
        "gt": ">",
        "le": "<=",
        "lt": "<",
        "min_length": "of length >=",
        "max_length": "of length <=",
    }
    said = [f"{sign} {getattr(limit, name)}" for name, sign in signs.items() if hasattr(limit, name)]
    return " ".join(said) or str(limit)
