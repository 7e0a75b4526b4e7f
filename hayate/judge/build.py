"""build(): guard and compile a candidate inside the sandbox. One function of the judge's two."""

from __future__ import annotations

import errno
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.judge.results import Rejection
from hayate.records import WITHHOLDABLE, Built, HostProfile, Language, Outcome, Step, Task, Technique
from hayate.sandbox import Command, Exit, Limits, Sandbox, new_box
from hayate.toolchains import (
    BuildPlan,
    Compiler,
    after_boundary,
    compilers,
    plan,
)
from hayate.toolchains.objects import OBJECT_MAX_BYTES
from hayate.toolchains.reading import Tangled, read_object, read_preprocessed, read_source

COMPILE_WALL_S = 20.0
_SAID_MAX_BYTES = 16_384  # of a compiler's words, and of each line: the candidate has a say in them
_LINE_MAX = 400
_DISK_MIN_BYTES = 16 << 20  # with less, the compiler's complaint about the disk is believed
_MIB = 1 << 20


class _Rejected(Exception):
    def __init__(self, outcome: Outcome, reason: str, numbers: dict[str, float] | None = None) -> None:
        super().__init__(reason)
        self.outcome, self.reason, self.numbers = outcome, reason, numbers or {}


def build(
    task: Task,
    source: str,
    permitted: Sequence[Technique],
    *,
    host: HostProfile,
    sandbox: Sandbox,
    compiler: Compiler | None = None,
    name: str = "",
    extra_flags: Sequence[str] = (),
    language: Language = "c",
) -> Built | Rejection:
    """Check the source against what is permitted, compile it for the host's architecture, check the object.

    `extra_flags` are for baselines that hayate provides, never from a candidate. Raises Fault.
    """
    started = time.monotonic()
    steps: list[Step] = []
    found: tuple[Technique, ...] = ()
    try:
        try:
            source.encode()
        except UnicodeEncodeError as error:
            raise _Rejected(
                Outcome.VIOLATION, f"the source is no text: character {error.start} can't be encoded"
            ) from None
        try:
            facts = read_source(task, source, permitted, language)
        except Tangled as tangled:
            raise _Rejected(Outcome.VIOLATION, f"the source can't be read: {tangled}") from None
        found = facts.techniques
        steps.append(Step(name="guard", wall_s=time.monotonic() - started))
        if facts.violations:
            raise _Rejected(Outcome.VIOLATION, "; ".join(facts.violations[:3]))
        chosen = compiler or compilers()[0]
        compiling = time.monotonic()
        todo = plan(task, source, permitted, host.arch, chosen, tuple(extra_flags), language)
        built = _compile(task, todo, permitted, language, host.arch, sandbox)
        wall_s = time.monotonic() - compiling
        steps.append(Step(name="build", wall_s=wall_s, note=f"{chosen.name} {chosen.version}"))
        code, object_hash = built
        return Built(
            name=name or object_hash,
            object_code=code,
            object_hash=object_hash,
            # What the compiler saw shows only permitted ones: others stand in branches that it did not take.
            techniques=tuple(t for t in found if t in permitted or t not in WITHHOLDABLE),
            permitted=tuple(permitted),
            flags=todo.flags,
            compiler=f"{chosen.name} {chosen.version}",
            arch=host.arch,
            compile_wall_s=wall_s,
        )
    except _Rejected as rejected:
        return Rejection(
            outcome=rejected.outcome,
            reason=rejected.reason,
            numbers=rejected.numbers,
            techniques=found,
            steps=tuple(steps),
            wall_s=time.monotonic() - started,
        )


def _compile(
    task: Task,
    todo: BuildPlan,
    permitted: Sequence[Technique],
    language: Language,
    arch: str,
    sandbox: Sandbox,
) -> tuple[bytes, str]:
    limits = Limits(
        cpu_s=COMPILE_WALL_S,
        wall_s=COMPILE_WALL_S,
        memory_bytes=2048 * _MIB,
        file_bytes=64 * _MIB,
        output_bytes=4 * _MIB,
    )
    with new_box() as box:
        for name, contents in todo.files.items():
            path = box / name
            data = contents if isinstance(contents, bytes) else contents.encode(errors="surrogateescape")
            try:
                path.write_bytes(data)
                path.chmod(0o444)
            except OSError as error:
                kind = FaultKind.DISK_FULL if error.errno == errno.ENOSPC else FaultKind.NOT_WRITABLE
                raise Fault(
                    kind, f"{path} can't be written: {error}", remedy="free space in the temporary folder"
                ) from error
        ended = sandbox.run(Command(argv=todo.script, box=box, limits=limits, profile="build"))
        _explain_compiler(ended, box)
        own = after_boundary(_read(box / todo.preprocessed))
        code = _read(box / todo.output)
    if own is None:
        raise _Rejected(Outcome.BUILD_FAILED, "the preprocessor left nothing of the source")
    try:
        violations = read_preprocessed(task, own, permitted, language)
        if violations:
            raise _Rejected(Outcome.VIOLATION, "after preprocessing: " + "; ".join(violations[:3]))
        facts = read_object(task, code, permitted, language, arch)
    except Tangled as tangled:
        raise _Rejected(Outcome.VIOLATION, f"what the compiler made can't be read: {tangled}") from None
    if facts.violations:
        numbers = {"packed_instructions": float(facts.packed_instructions)}
        withheld = facts.packed_instructions and Technique.SIMD not in permitted
        raise _Rejected(Outcome.VIOLATION, "; ".join(facts.violations[:3]), numbers if withheld else None)
    return code, facts.object_hash


def _read(path: Path) -> bytes:
    """What the compiler left in the box; a link there could point anywhere, so links are not followed."""
    if path.is_symlink() or not path.is_file():
        raise _Rejected(Outcome.BUILD_FAILED, f"the compiler left no {path.name}")
    if path.stat().st_size > OBJECT_MAX_BYTES:
        raise _Rejected(
            Outcome.BUILD_FAILED,
            f"{path.name} is larger than {OBJECT_MAX_BYTES} bytes",
            {"bytes": path.stat().st_size},
        )
    return path.read_bytes()


def _said(stderr: bytes) -> str:
    """Start and end of what a compiler said, in short lines: a source can make it say anything, at any length."""
    if len(stderr) > 2 * _SAID_MAX_BYTES:
        stderr = stderr[:_SAID_MAX_BYTES] + b"\n" + stderr[-_SAID_MAX_BYTES:]
    text = stderr.decode(errors="replace")
    return "\n".join(line[:_LINE_MAX] for line in text.splitlines())


def _explain_compiler(ended: Exit, box: Path) -> None:
    if ended.ok:
        return
    if ended.timed_out:
        raise _Rejected(
            Outcome.BUILD_FAILED,
            f"the compiler was ended at its limit of {COMPILE_WALL_S:.0f} s",
            {"limit_s": COMPILE_WALL_S},
        )
    if ended.stopped or ended.signal:
        raise _Rejected(Outcome.BUILD_FAILED, f"the compiler was ended: {ended.stopped or ended.signal}")
    text = _said(ended.stderr)
    if "No space left on device" in text and shutil.disk_usage(box).free < _DISK_MIN_BYTES:
        raise Fault(
            FaultKind.DISK_FULL,
            "the compiler found no space left",
            remedy="free space in the temporary folder",
        )
    large = re.search(r"frame size (?:of )?\(?(\d+)\)? .*\[-Werror.*frame-larger-than|\[-Werror.*vla", text)
    if large:
        seen = f"a function's frame has {large[1]} bytes" if large[1] else "an array has a variable length"
        raise _Rejected(Outcome.VIOLATION, f"alloc is used and not permitted: {seen} on the stack")
    operator = re.search(r"undefined reference to `operator (?:new|delete)", text)
    if operator:  # its stand-in is linked in where scratch memory is permitted: toolchains/cxx.py
        raise _Rejected(Outcome.VIOLATION, "alloc is used and not permitted: operator new or delete")
    linkers = re.search(r"undefined reference to `__wrap_(\w+)'", text)
    if linkers:
        raise _Rejected(Outcome.VIOLATION, f"{linkers[1]} is not allowed: it is a name of the linker's")
    errors = re.findall(
        r"^(?:candidate\.c(?:pp)?:)?(.*(?:\berror: |undefined reference|required symbol).*)$",
        text,
        flags=re.MULTILINE,
    )
    said = "; ".join(e.strip() for e in errors[:3]) or text.strip()[-300:] or f"exit {ended.returncode}"
    raise _Rejected(Outcome.BUILD_FAILED, f"does not compile: {said}"[:600])
