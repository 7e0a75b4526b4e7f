"""TRL's and peft's own settings in a run file: names and types are checked against their dataclasses."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import os
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

import pydantic

from hayate.errors import Fault, FaultKind, WrongUse

# What the trainers hold themselves, and where a run file says it instead.
OWNED: dict[str, str] = {
    "output_dir": "run.out",
    "max_steps": "steps of the phase",
    "num_train_epochs": "steps of the phase",
    "seed": "run.seed",
    "save_strategy": "checkpoint_steps of the phase",
    "save_steps": "checkpoint_steps of the phase",
    "save_only_model": "leave it out: a checkpoint must hold all that --resume needs",
    "resume_from_checkpoint": "the option --resume",
    "ignore_data_skip": "leave it out: live prompts are drawn anew on --resume",
    "shuffle_dataset": "leave it out: a shuffle buffer would make live prompts stale",
    "remove_unused_columns": "leave it out: prompts travel with their assignment",
    "dataloader_num_workers": "leave it out: prompts are drawn in the process that trains",
    "logging_steps": "leave it out: every step is in the archive",
    "logging_strategy": "leave it out: every step is in the archive",
    "use_cpu": "policy.device",
}
OWNED_GRPO: dict[str, str] = {
    "temperature": "policy.temperature",
    "top_p": "policy.top_p",
    "top_k": "policy.top_k",
    "max_completion_length": "policy.max_new_tokens",
}


def require(module: str) -> Any:
    """The module, or a Fault that says how to get it."""
    # TRL reports each trainer's start to its hub unless told not to. A run of hayate tells nobody.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"training needs {module.partition('.')[0]}, which can't be imported ({error})",
            remedy="pip install 'hayate[train]'",
        ) from error


def check_trl(kind: str, given: Mapping[str, Any], where: str) -> None:
    """`kind` is "SFTConfig" or "GRPOConfig". Raises WrongUse naming the key and what is allowed."""
    owned = OWNED | OWNED_GRPO if kind == "GRPOConfig" else OWNED
    for name in given:
        if name in owned:
            raise WrongUse("hayate sets this itself", where=f"{where}.{name}", allowed=owned[name])
    if given:
        _check(f"trl.{kind}", given, where)


def check_lora(given: Mapping[str, Any], where: str) -> None:
    _check("peft.LoraConfig", given, where)


def _check(kind: str, given: Mapping[str, Any], where: str) -> None:
    fields = _fields(kind)
    for name, value in given.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=3)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            raise WrongUse("no such key", where=f"{where}.{name}", allowed=f"{hint}Any field of {kind}")
        hint_type = fields[name]
        if hint_type is None:
            continue
        try:
            hint_type.validate_python(value, strict=True)
        except pydantic.ValidationError as error:
            said = error.errors()[0]["msg"]
            allowed = _said_of(kind, name)
            raise WrongUse(
                f"{said[0].lower()}{said[1:]}, not {value!r}", where=f"{where}.{name}", allowed=allowed
            ) from error


@cache
def _fields(kind: str) -> dict[str, pydantic.TypeAdapter[Any] | None]:
    """Name -> check of its type; None where the type says nothing that can be checked."""
    config = _class(kind)
    try:
        hints = typing.get_type_hints(config)
    except NameError:
        hints = {}
    fields: dict[str, pydantic.TypeAdapter[Any] | None] = {}
    for field in dataclasses.fields(config):
        if field.init:
            try:
                fields[field.name] = pydantic.TypeAdapter(hints[field.name])
            except (KeyError, pydantic.PydanticUserError):
                fields[field.name] = None
    return fields


def _class(kind: str) -> Any:
    module, _, name = kind.partition(".")
    return getattr(require(module), name)


def _said_of(kind: str, name: str) -> str:
    field = next(f for f in dataclasses.fields(_class(kind)) if f.name == name)
    return str(field.type).replace("typing.", "") if not isinstance(field.type, type) else field.type.__name__
