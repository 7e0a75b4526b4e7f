"""Object code as figures: sizes, and how often each class of instruction occurs.

The object is a candidate's: objdump reads it in the sandbox, and a damaged file gives no features.
"""

from __future__ import annotations

import math
import re
import shutil
import threading
from collections import Counter

from hayate import sandbox
from hayate.errors import Fault
from hayate.records import Built
from hayate.sandbox import Command, Limits, Sandbox, new_box
from hayate.surrogate.features import Features
from hayate.toolchains import object_facts

_OUTPUT_BYTES = 4 << 20  # of objdump's text; what a larger object has beyond that is not counted
_FILE = "object.so"
_LINE = re.compile(r"^[ \t]*[0-9a-f]+:[ \t]+(?:\{\w+\} )?(\S+)[ \t]*(.*)$", re.MULTILINE)
_CLASSES = {
    "fma": re.compile(r"v?f?n?m(?:add|sub)\d+p[sd]|fml[as]"),
    "fma_scalar": re.compile(r"v?f?n?m(?:add|sub)\d+s[sd]|fn?m(?:add|sub)"),
    "arithmetic": re.compile(r"v?(?:add|sub|mul|div|sqrt|min|max)p[sd]"),
    "arithmetic_scalar": re.compile(r"v?(?:add|sub|mul|div|sqrt|min|max)s[sd]|f(?:add|sub|mul|div)"),
    "move": re.compile(r"v?mov[au]p[sd]|v?movs[sd]|v?movdq\w+|v?mov[lh]p[sd]"),
    "broadcast": re.compile(r"v(?:p?broadcast|movddup)\w*"),
    "shuffle": re.compile(r"v?p?(?:perm|shuf|unpck|blend|insert|extract|align)\w*"),
    "gather": re.compile(r"vp?(?:gather|scatter)\w*"),
    "stream": re.compile(r"v?movnt\w+|prefetch\w*"),
    "branch": re.compile(r"j[a-z]+|b(?:\.\w+)?|cbn?z|tbn?z"),
    "call": re.compile(r"call\w*|bl"),
    "divide": re.compile(r"i?div[lqw]?|v?divp?s?[sd]"),
    "integer": re.compile(r"(?:add|sub|imul|mul|lea|shl|sal|sar|shr|inc|dec)[lq]?"),
}
_REGISTER = re.compile(r"%([xyz])mm(\d+)")
_SPILL = re.compile(r"\(%r[sb]p")


class ObjectReader:
    """Disassembles in the strongest sandbox here; without one, or without objdump, sizes are all it sees."""

    def __init__(self, box: Sandbox | None = None) -> None:
        self._sandbox = box
        self._looked = box is not None
        self._lock = threading.Lock()

    def read(self, built: Built, entry: str) -> Features:
        """Empty where the object is not at hand, or is none."""
        if not built.object_code.startswith(b"\x7fELF"):
            return {}
        facts = object_facts(built.object_code, entry, built.permitted)
        found = {
            "object_bytes": math.log1p(len(built.object_code)),
            "object_static_bytes": math.log1p(facts.static_bytes),
            "object_imports": float(len(facts.imports)),
        }
        return found | instruction_mix(self._disassemble(built.object_code))

    def _disassemble(self, elf: bytes) -> str:
        objdump = shutil.which("objdump")
        where = self._where()
        if objdump is None or where is None:
            return ""
        limits = Limits(cpu_s=10, wall_s=20, output_bytes=_OUTPUT_BYTES)
        try:
            with new_box() as box:
                (box / _FILE).write_bytes(elf)
                (box / _FILE).chmod(0o444)
                argv = (objdump, "-d", "--no-show-raw-insn", _FILE)
                ended = where.run(Command(argv=argv, box=box, limits=limits))
        except (Fault, OSError):  # a guess is none the worse for a figure less
            return ""
        return ended.stdout.decode(errors="replace") if ended.returncode == 0 or ended.truncated else ""

    def _where(self) -> Sandbox | None:
        with self._lock:
            if not self._looked:
                self._looked = True
                try:
                    self._sandbox = sandbox.best()
                except Fault:
                    self._sandbox = None
            return self._sandbox


def instruction_mix(disassembly: str) -> Features:
    """Log counts by class of `objdump -d` text; empty of an empty text."""
    counts: Counter[str] = Counter()
    wide: set[str] = set()
    for name, operands in _LINE.findall(disassembly):
        counts["instructions"] += 1
        for kind, pattern in _CLASSES.items():
            counts[kind] += pattern.fullmatch(name) is not None
        for width, number in set(_REGISTER.findall(operands)):
            counts[f"{width}mm"] += 1
            wide.add(number)
        counts["spills"] += _SPILL.search(operands) is not None
    if not counts:
        return {}
    names = ("instructions", *_CLASSES, "xmm", "ymm", "zmm", "spills")
    return {f"object_{name}": math.log1p(counts[name]) for name in names} | {
        "object_registers": float(len(wide))
    }
