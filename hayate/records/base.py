"""The base of every record, and the one codec for SQL, HTTP, farm and `--json`."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter


class Record(BaseModel):
    """A value that flows between rooms: frozen, no I/O, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


# Figures by name. A candidate can compute NaN, which JSON does not have: left out here, told in the reason.
Numbers = Annotated[dict[str, float], AfterValidator(_finite)]


def _encodable(source: object) -> object:
    if not isinstance(source, str):
        return source
    return source.encode(errors="replace").decode().replace("\0", "?")


# The text of a program. Lone surrogates and NUL, which no text holds and some databases refuse, become question marks.
Source = Annotated[str, BeforeValidator(_encodable)]

R = TypeVar("R")


def encode(record: Record) -> str:
    """The record as one line of JSON."""
    return record.model_dump_json()


def decode(kind: type[R], text: str | bytes) -> R:
    """The record of type `kind` (any type pydantic knows) that `text` holds. Raises pydantic.ValidationError."""
    return TypeAdapter(kind).validate_json(text)


def content_hash(*parts: str | bytes | dict[str, Any]) -> str:
    """A SHA-256 over the parts, each with its length, so that no two lists of parts collide. 32 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, dict):
            part = json.dumps(part, sort_keys=True, separators=(",", ":"))
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]
