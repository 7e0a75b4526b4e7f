"""Foreign texts and objects are read in a process of its own, which is ended at its limit of time or memory.

Parsers are large, and whoever writes the text chooses what they meet: a limit inside this process could not stop a
parser that is in a loop of its own, nor one that takes all memory. The process is started once and used again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from hayate.records import Language, Task, Technique, encode
from hayate.toolchains.objects import ObjectFacts
from hayate.toolchains.reading.pool import Tangled, ask
from hayate.toolchains.syntax import SourceFacts

__all__ = ["Tangled", "read_object", "read_preprocessed", "read_source"]

Facts = TypeVar("Facts")


def read_source(task: Task, source: str, permitted: Iterable[Technique], language: Language) -> SourceFacts:
    """`inspect`, in the other process. Raises Tangled at its limits, Fault if it can't be started."""
    return _asked("source", task, permitted, language, source.encode(), _source_facts)


def read_preprocessed(
    task: Task, preprocessed: bytes, permitted: Iterable[Technique], language: Language
) -> tuple[str, ...]:
    """`inspect_preprocessed` of what stands after the boundary. Raises as `read_source` does."""
    return _asked(
        "preprocessed", task, permitted, language, preprocessed, lambda told: _texts(told["violations"])
    )


def read_object(
    task: Task, elf: bytes, permitted: Iterable[Technique], language: Language, arch: str = ""
) -> ObjectFacts:
    """`object_facts`, in the other process. Raises as `read_source` does."""
    return _asked("object", task, permitted, language, elf, _object_facts, arch)


def _asked(
    what: str,
    task: Task,
    permitted: Iterable[Technique],
    language: Language,
    data: bytes,
    understood: Callable[[dict[str, Any]], Facts],
    arch: str = "",
) -> Facts:
    words = [technique.value for technique in permitted]
    head = {"what": what, "permitted": words, "language": language, "arch": arch}
    told = ask(json.dumps(head).encode(), encode(task).encode(), data)
    try:
        return understood(told)
    except (KeyError, TypeError, ValueError) as error:  # a parser gone wild may answer anything
        raise Tangled("it is too tangled to be looked through") from error


def _texts(told: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(one) for one in told)


def _source_facts(told: dict[str, Any]) -> SourceFacts:
    techniques = tuple(Technique(word) for word in told["techniques"])
    return SourceFacts(techniques, _texts(told["includes"]), _texts(told["violations"]))


def _object_facts(told: dict[str, Any]) -> ObjectFacts:
    return ObjectFacts(
        object_hash=str(told["object_hash"]),
        imports=_texts(told["imports"]),
        exports=_texts(told["exports"]),
        libraries=_texts(told["libraries"]),
        forbidden_imports=_texts(told["forbidden_imports"]),
        has_constructors=bool(told["has_constructors"]),
        static_bytes=int(told["static_bytes"]),
        vector_registers=frozenset(_texts(told["vector_registers"])),
        packed_instructions=int(told["packed_instructions"]),
        violations=_texts(told["violations"]),
    )
