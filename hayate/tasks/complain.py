"""Turns pydantic's complaint about a TOML file into one `WrongUse`: file, key, what is allowed."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hayate.errors import WrongUse

M = TypeVar("M", bound=BaseModel)
_SHOWN = 4  # complaints in one message


def read_text(path: Path) -> str:
    """The file's text. `WrongUse` if it isn't there, can't be read or isn't UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WrongUse("the file is missing", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot be read: {error}", where=str(path)) from error


def read_toml(path: Path, model: type[M]) -> M:
    """The TOML file as `model`, types checked strictly ("8" is no int). `WrongUse` names file and key."""
    try:
        document = tomllib.loads(read_text(path))
        # JSON is the mode in which pydantic is strict about types and yet takes arrays for tuples.
        text = json.dumps(document, default=str)
    except RecursionError:
        raise WrongUse("it is nested too deeply", where=str(path)) from None
    except ValueError as error:  # TOMLDecodeError is one, an integer of 5000 digits another
        raise WrongUse(f"not valid TOML: {error}", where=str(path)) from error
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _wrong_use(error, path, model) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'x'?)", or nothing where no known word is near."""
    words = {w.lower(): str(w) for w in known}
    near = [words[w] for w in difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)]
    return f" (did you mean {near[0]!r}?)" if near else ""


def _wrong_use(error: ValidationError, path: Path, model: type[BaseModel]) -> WrongUse:
    complaints = error.errors(include_url=False)
    texts, allowed = [], ""
    for complaint in complaints[:_SHOWN]:
        keys = list(complaint["loc"])
        key = _dotted(keys)
        if complaint["type"] == "extra_forbidden":
            fields = _fields_at(model, keys[:-1])
            texts.append(f"unknown key {key!r}{did_you_mean(str(keys[-1]), fields)}")
            allowed = allowed or ", ".join(sorted(fields))
        elif complaint["type"] == "missing":
            texts.append(f"the key {key!r} is missing")
        else:
            texts.append(f"key {key!r}: {_say(complaint['msg'])} (it is {complaint['input']!r})")
            allowed = allowed or str(complaint.get("ctx", {}).get("expected", ""))
    if len(complaints) > _SHOWN:
        texts.append(f"and {len(complaints) - _SHOWN} more")
    return WrongUse("; ".join(texts), where=str(path), allowed=allowed)


def _say(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _dotted(keys: list[Any]) -> str:
    """("band", 0, "name") -> "band[1].name": people count TOML tables from one."""
    text = ""
    for key in keys:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _fields_at(model: type[BaseModel], keys: list[Any]) -> list[str]:
    """The names of the fields of the model that `keys` leads to."""
    kind: Any = model
    for key in keys:
        if isinstance(key, int) or not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            continue
        field = kind.model_fields.get(key)
        kind = _inner(field.annotation) if field else None
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _inner(annotation: Any) -> Any:
    """The record inside tuple[X, ...], dict[str, X] or X | None."""
    if get_origin(annotation) in (tuple, list):
        return get_args(annotation)[0]
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) in (Union, UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation
