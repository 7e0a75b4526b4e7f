"""The process that reads: one request after another from its standard input, until that ends.

Requests come from the judge and are trusted, but for the text or object in them. Answers are JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import struct
from dataclasses import asdict
from functools import lru_cache
from typing import Any, cast

from hayate.records import Language, Task, Technique, decode
from hayate.toolchains.objects import object_facts
from hayate.toolchains.syntax import inspect, inspect_preprocessed

# CPU time that the request may take; lengths of the request, the task and the data; how many cores follow, as
# 4 bytes each.
HEAD = struct.Struct("<dIIII")
REPLY = struct.Struct("<I")


def receive(link: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes. Raises EOFError where the other side is gone."""
    pieces: list[bytes] = []
    while size:
        piece = link.recv(min(size, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


@lru_cache(maxsize=8)
def _task(text: bytes) -> Task:
    return decode(Task, text)


def answer(head: dict[str, Any], task: Task, data: bytes) -> dict[str, Any]:
    """What `reading` asks for, as JSON knows it."""
    permitted = tuple(Technique(word) for word in head["permitted"])
    language = cast(Language, head["language"])
    if head["what"] == "source":
        return asdict(inspect(task, data.decode(), permitted, language))
    if head["what"] == "preprocessed":
        text = data.decode(errors="replace")
        return {"violations": inspect_preprocessed(task, text, permitted, language)}
    return asdict(object_facts(data, task.entry, permitted, head["arch"]))


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def main(memory_bytes: int) -> None:
    """Serves until the other side closes. A request over its limit of time ends the process by SIGPROF."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # no handler: a parser returns to none
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    link = socket.socket(fileno=0)
    cores: frozenset[int] = frozenset()
    while True:
        try:
            cpu_s, *lengths = HEAD.unpack(receive(link, HEAD.size))
        except (EOFError, ConnectionError):
            return
        wanted = frozenset(struct.unpack(f"<{lengths[3]}I", receive(link, 4 * lengths[3])))
        if wanted != cores:  # who asks may have been kept off the cores that a measurement has
            os.sched_setaffinity(0, wanted)
            cores = wanted
        head, task, data = (receive(link, length) for length in lengths[:3])
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        try:
            told = answer(json.loads(head), _task(task), data)
        except (MemoryError, RecursionError) as error:
            told = {"failed": type(error).__name__}
        reply = json.dumps(told, default=sorted).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        link.sendall(REPLY.pack(len(reply)) + reply)
