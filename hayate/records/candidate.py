"""What is judged, where it came from, and what the compiler made of it."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from hayate.records.base import Record, Source, content_hash
from hayate.records.task import Language, Technique


class Origin(Record):
    """Where a candidate came from. `parents` are hashes of the candidates that its prompt showed."""

    kind: Literal["policy", "template", "person", "baseline", "search"]
    policy: str = ""  # name of the model, "tiny"
    prompt_hash: str = ""
    parents: tuple[str, ...] = ()
    run: str = ""  # id of the training run
    phase: str = ""  # "sft", "selftrain", "grpo"
    step: int = -1  # step of that phase
    group: int = -1  # group within the step
    index: int = -1  # sample within the group
    parameters: dict[str, int | str] = {}  # of a template or a search


class Candidate(Record):
    """A source text with its origin and the techniques that it was permitted."""

    task: str  # name
    source: Source
    permitted: tuple[Technique, ...]
    origin: Origin
    language: Language = "c"

    @cached_property
    def hash(self) -> str:
        """Content hash: the same text in the same language, permission and task is the same candidate."""
        other = () if self.language == "c" else (self.language,)
        return content_hash(self.task, self.source, " ".join(sorted(self.permitted)), *other)


class Built(Record):
    """A shared object that exports the entry, and what it takes to run it."""

    name: str  # candidate hash, or the name of a yardstick or baseline
    object_code: bytes  # the stripped ELF file; encoded in base64 in JSON
    object_hash: str  # over what would be loaded, not over names or debug information
    techniques: tuple[Technique, ...] = ()  # detected
    permitted: tuple[Technique, ...] = ()  # threads are let through only if permitted
    flags: tuple[str, ...] = ()
    compiler: str = ""  # "gcc 12.2.0"
    arch: str = ""  # "x86-64-v4"
    compile_wall_s: float = 0.0
    # Only for baselines that hayate itself provides (a vendor library): never set from a candidate.
    libraries: tuple[str, ...] = ()  # absolute paths, bound read-only
    environment: dict[str, str] = {}

    model_config = {"frozen": True, "extra": "forbid", "ser_json_bytes": "base64", "val_json_bytes": "base64"}
