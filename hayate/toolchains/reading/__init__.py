"""Foreign texts and objects are read in a process of its own, which is ended at its limit of time or memory.

Parsers are large, and whoever writes the text chooses what they meet: a limit inside this process could not stop a
parser that is in a loop of its own, nor one that takes all memory. The process is started once and used again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hayate.records import Language, Task, Technique, encode
from hayate.toolchains.objects import ObjectFacts
from hayate.toolchains.reading.pool import Tangled, ask
from hayate.toolchains.syntax import SourceFacts

__all__ = ["Tangled", "read_object", "read_preprocessed", "read_source"]


def read_source(task: Task, source: str, permitted: Iterable[Technique], language: Language) -> SourceFacts:
    """`inspect`, in the other process. Raises Tangled at its limits, Fault if it can't be started."""
    told = _asked("source", task, permitted, language, source.encode())
    return SourceFacts(
        tuple(Technique(word) for word in told["techniques"]),
        tuple(map(str, told["includes"])),
        tuple(map(str, told["violations"])),
    )


def read_preprocessed(
    task: Task, preprocessed: bytes, permitted: Iterable[Technique], language: Language
) -> tuple[str, ...]:
    """`inspect_preprocessed` of what stands after the boundary. Raises as `read_source` does."""
    told = _asked("preprocessed", task, permitted, language, preprocessed)
    return tuple(map(str, told["violations"]))


def read_object(task: Task, elf: bytes, permitted: Iterable[Technique], language: Language) -> ObjectFacts:
    """`object_facts`, in the other process. Raises as `read_source` does."""
    told = _asked("object", task, permitted, language, elf)
    lists = ("imports", "exports", "libraries", "forbidden_imports", "violations")
    return ObjectFacts(
        object_hash=str(told["object_hash"]),
        has_constructors=bool(told["has_constructors"]),
        static_bytes=int(told["static_bytes"]),
        vector_registers=frozenset(map(str, told["vector_registers"])),
        packed_instructions=int(told["packed_instructions"]),
        **{name: tuple(map(str, told[name])) for name in lists},
    )


def _asked(
    what: str, task: Task, permitted: Iterable[Technique], language: Language, data: bytes
) -> dict[str, Any]:
    head = {"what": what, "permitted": [technique.value for technique in permitted], "language": language}
    return ask(json.dumps(head).encode(), encode(task).encode(), data)
