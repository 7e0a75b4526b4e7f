"""What runs in the sandbox during a launch: two runners and the examiner, as commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge.native import Natives
from hayate.records import Built, Technique
from hayate.sandbox import FIRST_FD, Command, Limits, Profile, allowed, seccomp

_MIB = 1 << 20
# Where scratch memory is withheld, recursion that hands down its frames must not give it back.
SMALL_STACK_BYTES = 256 * 1024
# Private memory of a process that may have no scratch memory: libraries' own, and the stacks of some threads.
SMALL_DATA_BYTES = 16 * _MIB
# An array of running numbers on the reference's stack is up to twelve times what it is there (docs/any-kernel.md).
EXAMINER_STACK_BYTES = 12 * Limits().stack_bytes


def runner(
    shelf: Path,
    objects: Sequence[Built],
    fds: tuple[int, int, int],
    *,
    natives: Natives,
    slot: Slot,
    wall_s: float,
    peak: bool,
) -> Command:
    """With `objects`, and the probe of the peak behind them. They lie on `shelf`, an empty box of its own, which it can
    read and not write. `fds`: control page, inputs, outputs. Raises Fault."""
    threads = any(Technique.THREADS in o.permitted for o in objects)
    trusted = any(o.libraries for o in objects)  # a vendor's library, which opens what it likes
    profile: Profile = "run_threads" if threads or trusted else "run"
    roomy = trusted or any(Technique.ALLOC in o.permitted for o in objects)
    files = {f"{i}.so": built.object_code for i, built in enumerate(objects)}
    if peak:
        files["peak.so"] = natives.peak.read_bytes()
    first = _placed(shelf, natives.runner, files, threads=threads, memory=roomy, trusted=trusted)
    environment = {
        "OMP_NUM_THREADS": str(len(slot.compute_cores)),
        "OMP_WAIT_POLICY": "passive",
        "OMP_PROC_BIND": "false",  # changing affinity is refused, and the cores are the slot's anyway
    }
    for built in objects:
        environment.update(built.environment)
    return Command(
        argv=(
            *first,
            str(int(slot.shared)),
            ",".join(sorted({_openmp(o) for o in objects})) if threads else ",",
            *(str(shelf / name) for name in files),
        ),
        box=shelf,
        box_writable=False,
        readonly=tuple(Path(path) for built in objects for path in built.libraries),
        env=environment,
        pass_fds=fds,
        limits=_limits(
            wall_s,
            cpu_s=(wall_s + 30) * len(slot.compute_cores),
            data_bytes=0 if roomy else SMALL_DATA_BYTES,
            stack_bytes=Limits().stack_bytes if roomy else SMALL_STACK_BYTES,
        ),
        profile=profile,
    )


def examiner(shelf: Path, fds: tuple[int, int, int], *, natives: Natives, wall_s: float) -> Command:
    """The task's own code: it needs memory, as honest code may, and works on the clock's core. `fds`: control page,
    inputs, expected results. Raises Fault."""
    return Command(
        argv=_placed(shelf, natives.examiner, {}, threads=False, memory=True, trusted=False),
        box=shelf,
        box_writable=False,
        pass_fds=fds,
        limits=_limits(wall_s, cpu_s=wall_s + 30, data_bytes=0, stack_bytes=EXAMINER_STACK_BYTES),
        profile="run",
    )


def _limits(wall_s: float, *, cpu_s: float, data_bytes: int, stack_bytes: int) -> Limits:
    """The session's own limits come first; these are for when it can't keep them."""
    return Limits(
        cpu_s=cpu_s,
        wall_s=wall_s + 120,
        memory_bytes=4 * 1024 * _MIB,
        data_bytes=data_bytes,
        stack_bytes=stack_bytes,
        file_bytes=16 * _MIB,
        output_bytes=64 * 1024,
        raisable=True,  # by the clock, which takes the limits away then
    )


def _placed(
    shelf: Path, program: Path, files: dict[str, bytes], *, threads: bool, memory: bool, trusted: bool
) -> tuple[str, ...]:
    """What a guest needs on its shelf, and the first words of its command (runner.c, examiner.c)."""
    if trusted:
        filters = (seccomp.program("run_threads", strict=True), b"")
    else:
        filters = (allowed.loading(), allowed.calling(threads=threads, memory=memory))
    shelf.chmod(0o755)
    _place(shelf / program.name, program.read_bytes(), 0o555)
    # For the time in which objects are loaded, and from then on.
    for name, code in zip(("loading", "calling"), filters, strict=True):
        _place(shelf / name, code, 0o444)
    for name, code in files.items():
        _place(shelf / name, code, 0o555)
    words = (shelf / program.name, *range(FIRST_FD, FIRST_FD + 3), shelf / "loading", shelf / "calling")
    return tuple(map(str, words))


def _place(path: Path, data: bytes, mode: int) -> None:
    try:
        path.write_bytes(data)
        path.chmod(mode)
    except OSError as error:
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{path} can't be written: {error}", remedy="free space in the temporary folder"
        ) from error


def _openmp(built: Built) -> str:
    """The run-time library of the compiler that made it."""
    return "libomp.so.5" if built.compiler.startswith("clang") else "libgomp.so.1"
