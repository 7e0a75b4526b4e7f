"""Kernels at random through the whole judge on one slot, one after the other: each gets an outcome within the judge's
own limits, and the slot is as good as before."""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hostile import kernel, raw

from hayate import sandbox
from hayate.hosts import Slot
from hayate.judge import Measurement, Rejection, build, measure, session
from hayate.judge.build import COMPILE_WALL_S
from hayate.judge.locks import slot_held
from hayate.judge.verification import CALL_TIMEOUT_S, TOTAL_S
from hayate.records import (
    Built,
    HostProfile,
    MeasurePlan,
    Outcome,
    Task,
    Technique,
    content_hash,
    decode,
    encode,
)
from hayate.tasks import correct, folder

CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=4)
SOURCES, OBJECTS = 28, 12
# Beyond the limits: the guard's parser, the start of two sandboxes, and their end.
ROOM_S = 15.0

TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|[-+*/%<>=&|]+|[;{}()\[\],]")
SIZES, INDICES, NUMBERS = (
    ("M", "N", "K"),
    ("i", "j", "k", "l"),
    ("0", "1", "2", "7", "-1", "4096", "2147483647"),
)
OTHERS = {
    **{
        "<": "<=",
        "<=": "<",
        "+": "-",
        "-": "+",
        "*": "+",
        "/": "*",
        "++": "--",
        "+=": "-=",
        "==": "!=",
        "&&": "||",
    },
    **{"double": "float", "int": "char", "long": "short", "size_t": "unsigned char", "if": "while"},
}
BROKEN = ("", "{", "}", "(", "]", ";", "for", "return", "static", "#", '"', "sizeof", "\0", "\udcff")


def mutant(text: str, rng: random.Random) -> str:
    """One to three tokens changed, so that most results still compile; what they compute, and how long, is open."""
    for _ in range(rng.randint(1, 3)):
        tokens = list(TOKEN.finditer(text, text.index("{")))
        token = rng.choice(
            [t for t in tokens if t.group() in (*OTHERS, *SIZES, *INDICES) or t.group().isdigit()]
        )
        word = token.group()
        if rng.random() < 0.05:
            new = rng.choice(BROKEN)
        elif word.isdigit():
            new = rng.choice(NUMBERS)
        elif word in SIZES:
            new = rng.choice((*SIZES, *NUMBERS))
        else:
            new = OTHERS.get(word) or rng.choice(
                [t.group() for t in tokens if t.group() in (*SIZES, *INDICES)]
            )
        text = text[: token.start()] + new + text[token.end() :]
    return text


def damaged(made: Built, rng: random.Random, *, loops: bool = False) -> Built:
    """An object whose machine code is random from some byte on, or has random bytes in it, or is one endless loop."""
    code = bytearray(made.object_code)
    section = ELFFile(io.BytesIO(made.object_code)).get_section_by_name(".text")
    start, size = section["sh_offset"], section["sh_size"]
    if loops:
        code[start : start + size] = b"\xeb\xfe" * (size // 2) + b"\x90" * (size % 2)
    elif rng.random() < 0.4:
        at = start + rng.randrange(size)
        code[at : start + size] = rng.randbytes(start + size - at)
    else:
        for _ in range(rng.randint(1, 12)):
            code[start + rng.randrange(size)] = rng.randrange(256)
    return made.model_copy(update={"object_code": bytes(code), "object_hash": content_hash(bytes(code))})


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of our own for temporary files, so that what is left there, or names it, is ours."""
    path = Path(tempfile.mkdtemp(prefix="hayate-fuzz-"))
    path.chmod(0o755)  # commands may run as other users
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def waited_s(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """How long this process has waited for the slot: other runs on this machine are none of this test's business."""
    total = [0.0]

    @contextlib.contextmanager
    def held(slot: Slot) -> Iterator[None]:
        started = time.monotonic()
        with slot_held(slot):
            total[0] += time.monotonic() - started
            yield

    monkeypatch.setattr(session, "slot_held", held)
    return lambda: total[0]


def processes() -> dict[int, str]:
    """Every process with its command line, working folder and parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                found[int(entry.name)] = f"{command} in {(entry / 'cwd').readlink()} of {parent}"
    return found


def ours(ground: Path) -> dict[int, str]:
    """Our descendants, and whoever names our folder."""
    every = processes()
    family = {os.getpid()}
    for _ in range(8):
        family |= {pid for pid, says in every.items() if int(says.rpartition(" ")[2]) in family}
    return {pid: says for pid, says in every.items() if pid in family or str(ground) in says}


def kept(found: Rejection | Measurement) -> None:
    """The archive keeps it, and finds it again when the same object code comes a second time."""
    again = decode(type(found), encode(found))
    assert again.outcome is found.outcome
    assert again.reason == found.reason != ""


@pytest.mark.parametrize("odd", ["0.0 / 0.0", "1.0 / 0.0", "-1.0 / 0.0"])
def test_a_verdict_on_a_number_that_is_none_can_be_kept(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox, odd: str
) -> None:
    """JSON has no NaN."""
    found = measure(task, raw(kernel(after=f"C[0] = {odd};")), CHECK, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.WRONG, found.reason
    kept(found)


@pytest.mark.parametrize("source", ["#include <\udcff.h>\n", "void f(void) { cblas_\udcff(); }"])
def test_a_verdict_on_bytes_that_are_no_text_can_be_kept(
    task: Task, host: HostProfile, best: sandbox.Sandbox, source: str
) -> None:
    found = build(task, source, (), host=host, sandbox=best)
    assert isinstance(found, Rejection)
    kept(found)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_a_slot_survives_whatever_runs_on_it(
    task: Task,
    host: HostProfile,
    slot: Slot,
    best: sandbox.Sandbox,
    ground: Path,
    waited_s: Callable[[], float],
) -> None:
    rng = random.Random(20)
    originals = [s.text for s in correct(folder("dgemm")) if s.language == "c" and "omp" not in s.text]
    permitted = tuple(t for t in task.techniques if t is not Technique.THREADS)
    honest = raw(kernel(), name="honest")

    def judged(source: str | Built) -> Rejection | Measurement:
        made = (
            source if isinstance(source, Built) else build(task, source, permitted, host=host, sandbox=best)
        )
        if isinstance(made, Rejection):
            assert made.wall_s < COMPILE_WALL_S + ROOM_S
            return made
        assert made.compile_wall_s < COMPILE_WALL_S + ROOM_S
        waited = waited_s()
        found = measure(task, made, CHECK, host=host, slot=slot, sandbox=best)
        assert found.wall_s - (waited_s() - waited) < TOTAL_S + CALL_TIMEOUT_S + ROOM_S
        return found

    def well() -> None:
        found = judged(honest)
        assert found.outcome is Outcome.ACCEPTED, found.reason

    well()  # also starts what lives as long as this process, e.g. the sandbox's server
    before, open_before = ours(ground), descriptors()
    outcomes: dict[Outcome, int] = {}
    for i in range(SOURCES + OBJECTS):
        made = mutant(rng.choice(originals), rng) if i < SOURCES else damaged(honest, rng, loops=i == SOURCES)
        found = judged(made)
        kept(found)
        outcomes[found.outcome] = outcomes.get(found.outcome, 0) + 1
        assert not list(ground.iterdir()), found.reason
    # The mutations are of use: they reach the running judge, and end in different ways there.
    assert outcomes.keys() >= {Outcome.WRONG, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.BUILD_FAILED}, (
        outcomes
    )
    well()
    assert not list(ground.iterdir())
    assert not {pid: says for pid, says in ours(ground).items() if pid not in before}
    assert descriptors() <= open_before
