"""Calls on arrays of exactly the guessed length: sanitized, or timed."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hayate.errors import WrongUse
from hayate.new.read import Found
from hayate.new.running.program import Program
from hayate.new.running.traces import array_names
from hayate.sandbox import Exit, Sandbox

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
_SIGNALS = {
    4: "an illegal instruction",
    6: "abort()",
    7: "a bus error",
    8: "an arithmetic error",
    11: "a bad address",
}
_ARRAY = re.compile(r"hayate array (\d+) 0x([0-9a-f]+) (\d+)")
_REGION = re.compile(
    r"located (\d+) bytes (?:to the )?(left|right|inside|before|after)(?: of)? \d+-byte region \[0x([0-9a-f]+)"
)
_LINE = re.compile(r"#\d+ 0x[0-9a-f]+ in \S+ (?:\S*/)?reference:(\d+)")


@dataclass(frozen=True)
class Call:
    """The bytes of all arguments."""

    values: Mapping[str, bytes]
    timed: int = 1  # calls


@dataclass(frozen=True)
class Result:
    """What the arrays hold afterwards."""

    arrays: Mapping[str, bytes]
    returned: bytes
    best_s: float


@dataclass(frozen=True)
class Complaint:
    """Why a call did not end well."""

    what: str  # "heap-buffer-overflow", "signed integer overflow: ..."
    line: int = 0  # of the reference; 0 if unknown
    array: str = ""
    beyond_bytes: int = 0  # from the end of the array on; negative: before its start
    at: int = 0  # which of the calls


class Caller:
    """The reference, in a program that calls it."""

    def __init__(self, found: Found, *, sanitized: bool, within: Sandbox | None = None) -> None:
        flags = ("-O1", *SANITIZERS) if sanitized else ("-O3",)
        link = ("-fsanitize=address,undefined",) if sanitized else ()
        self.found = found
        self._arrays = frozenset(array_names(found))
        self._program = Program(found, "caller.c", flags, link, within=within)

    def close(self) -> None:
        self._program.__exit__(None, None, None)

    def call(self, calls: Sequence[Call], *, wall_s: float = 60.0) -> list[Result | Complaint]:
        """One result a call; a complaint is the last. Raises WrongUse where a plan is too large."""
        parts = [struct.pack("<2q", len(calls), len(self.found.parameters))]
        for call in calls:
            parts.append(struct.pack("<q", call.timed))
            for parameter in self.found.parameters:
                value = call.values[parameter.name]
                parts.append(struct.pack("<2q", int(parameter.name in self._arrays), len(value)))
                parts += [value, b"\0" * (-len(value) % 8)]
        ended, data = self._program.run(b"".join(parts), wall_s=wall_s, output="result")
        found: list[Result | Complaint] = []
        at = 0
        for call in calls:
            lengths = {n: len(v) for n, v in call.values.items() if n in self._arrays}
            if at + 72 + sum(lengths.values()) > len(data):
                break
            (best_ns,) = struct.unpack_from("<q", data, at)
            at += 8
            arrays = {}
            for parameter in self.found.parameters:
                if parameter.name in lengths:
                    arrays[parameter.name] = data[at : at + lengths[parameter.name]]
                    at += lengths[parameter.name]
            found.append(Result(arrays, data[at : at + 64], best_ns * 1e-9))
            at += 64
        if len(found) < len(calls):
            found.append(self._complaint(ended, len(found), wall_s))
        return found

    def _complaint(self, ended: Exit, at: int, wall_s: float) -> Complaint:
        text = ended.stderr.decode(errors="replace").rpartition("hayate run")[2]
        before = ended.stderr.decode(errors="replace")
        lines = _LINE.findall(text)
        line = int(lines[0]) if lines else 0
        if ended.timed_out:
            return Complaint(f"a call takes longer than {wall_s:.0f} s", at=at)
        if "runtime error: " in text:
            spot = re.search(r"reference:(\d+):", text)
            what = text.split("runtime error: ")[1].split("\n")[0]
            return Complaint(what, int(spot[1]) if spot else line, at=at)
        if "ERROR: AddressSanitizer: " in text:
            what = text.split("ERROR: AddressSanitizer: ")[1].split(" ")[0].rstrip(":")
            region = _REGION.search(text)
            if region:
                start, far = int(region[3], 16), int(region[1])
                left = region[2] in ("left", "before")
                for slot, address, _ in reversed(_ARRAY.findall(before)):
                    if int(address, 16) == start:
                        name = self.found.parameters[int(slot)].name
                        size = int(re.search(r"of size (\d+)", text)[1]) if "of size" in text else 1  # type: ignore[index]
                        return Complaint(what, line, name, -far - size if left else far + size, at)
            return Complaint(what, line, at=at)
        if ended.returncode in (2, 3, 4):
            raise WrongUse(
                "the reference can't be run: the arrays of this shape are too large",
                where=str(self.found.path),
            )
        return Complaint(_SIGNALS.get(ended.signal or 0, f"exit {ended.returncode}"), line, at=at)
