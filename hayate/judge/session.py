"""One launch: the clock and two sandboxed runners, started, driven and ended from here.

The clock (outside the sandbox) owns inputs, time and expected results. Each runner sees read-only inputs, the one
output region and its own control page, nothing of the other's. See runner/protocol.h and docs/measurement.md.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import secrets
import select
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge import arguments, failures, guests
from hayate.judge.arguments import array_bytes, described, expected_bytes, gamma
from hayate.judge.failures import CandidateFailed, OpponentFailed, Starved
from hayate.judge.glue import samples
from hayate.judge.locks import slot_held
from hayate.judge.native import Natives
from hayate.judge.shapes import INTEGERS
from hayate.judge.times import CallTimes, PairTimes, Verified
from hayate.records import Built, Outcome, Shape, Task
from hayate.sandbox import (
    Command,
    Exit,
    Process,
    Sandbox,
    new_box,
)

PEAK_ITERATIONS = 400_000
WHO = ("candidate", "yardstick")
_SLACK = 64 * 1024
# What the examiner is made of: files of the task's folder.
_OWN_CODE = {
    "exact": "reference",
    "analytic": "oracle.c",
    "automatic": "reference",
}


class LaunchSession:
    """A context: `verify`, `pair` and `peak_gflops` while it is open. Not thread-safe; one a slot at a time.

    `opponents` share one runner; `pair` names which by index. Raises CandidateFailed for the candidate's own
    behaviour and Fault for everything else, a failing opponent included.
    """

    def __init__(
        self,
        task: Task,
        candidate: Built,
        opponents: Sequence[Built],
        *,
        natives: Natives,
        slot: Slot,
        sandbox: Sandbox,
        shapes: Sequence[Shape],
        wall_s: float = 60.0,
        holds_slot: bool = False,
        key: bytes | None = None,
    ) -> None:
        """`shapes`: the largest that will be asked for. `holds_slot`: the caller has the slot's lock already.

        `key`: 32 bytes from which inputs, addresses and positions are drawn; None: new ones, from the system.
        """
        self.task = task
        self.candidate = candidate
        self.opponents = tuple(opponents)
        self.natives = natives
        self.slot = slot
        self.sandbox = sandbox
        self.wall_s = wall_s
        self.holds_slot = holds_slot
        self._key = secrets.token_bytes(32) if key is None else key
        self.candidate_s = 0.0  # its calls so far, from waking up to standing still
        self.opponents_s = 0.0  # theirs, likewise
        self.calls_s = 0.0  # every call, of either runner, since `measure` took note of them
        self.priority: Literal["fifo", "nice", "none"] = "none"
        sizes = [array_bytes(task, s) for s in shapes]
        self._longest = max((n for each in sizes for n in each), default=0)
        kinds = [a.kind for a in task.arrays]

        def region(of: tuple[str, ...], around: int) -> int:
            """Bytes for all arrays of these kinds, the largest of each."""
            total = _SLACK
            for kind, each in zip(kinds, zip(*sizes, strict=True), strict=True):
                if kind in of:
                    total += max(each) + around
            return total

        self._input_bytes = region(("input",), 8192)
        self._output_bytes = region(("inout", "output"), 16384)
        generated = region(("input", "inout"), 64)
        self._expected_bytes = max(generated, _SLACK + max(expected_bytes(task, s) for s in shapes))
        self._stack = contextlib.ExitStack()
        self._clock: subprocess.Popen[bytes] | None = None
        self._runners: dict[str, Process] = {}
        self._ended: dict[str, Exit] = {}
        self._shelves: list[Path] = []  # boxes of this launch, gone when it is closed
        self._buffer = b""
        self._deadline = 0.0

    def __enter__(self) -> LaunchSession:
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    # -- start and end

    def _memory(self, name: str, size: int) -> int:
        try:
            fd = os.memfd_create(f"hayate-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(fd, (size + 4095) & ~4095)
        except OSError as error:
            raise Fault(
                FaultKind.OUT_OF_MEMORY, f"no shared memory of {size} bytes: {error}", remedy="free memory"
            ) from error
        self._stack.callback(os.close, fd)
        return fd

    def _start(self) -> None:
        if not self.holds_slot:
            self._stack.enter_context(slot_held(self.slot))
        self._deadline = time.monotonic() + self.wall_s
        inputs = self._memory("inputs", self._input_bytes)
        outputs = {who: self._memory(f"output-{who[0]}", self._output_bytes) for who in WHO}
        expected = self._memory("expected", self._expected_bytes)
        controls = {who: self._memory(f"control-{who[0]}", 4096) for who in (*WHO, "examiner")}
        fds = (inputs, *outputs.values(), expected, *controls.values())
        try:
            self._clock = subprocess.Popen(
                [
                    str(self.natives.clock),
                    *map(str, fds),
                    str(self.slot.clock_core),
                    str(int(self.slot.shared)),
                    str(self._longest),
                    *_abilities(self.task),
                    *described(self.task),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=fds,
                close_fds=True,
            )
        except OSError as error:
            raise Fault(FaultKind.INTERNAL, f"the clock can't be started: {error}") from error
        readable = os.open(f"/proc/self/fd/{inputs}", os.O_RDONLY | os.O_CLOEXEC)
        self._stack.callback(os.close, readable)
        objects = {"candidate": (self.candidate,), "yardstick": self.opponents}
        commands = {
            who: guests.runner(
                self._shelf(),
                objects[who],
                (controls[who], readable, outputs[who]),
                natives=self.natives,
                slot=self.slot,
                wall_s=self.wall_s,
                peak=who == "yardstick",
            )
            for who in WHO
        }
        of_examiner = (controls["examiner"], readable, expected)
        commands["examiner"] = guests.examiner(
            self._shelf(), of_examiner, natives=self.natives, wall_s=self.wall_s
        )
        self._expect("sealed")  # before any runner exists
        words = struct.unpack("=8I", self._key)
        self._tell(f"key {' '.join(map(str, words))}")
        self._start_runners(commands)
        for who, fd in controls.items():
            self._await_started(who, fd)
        self._expect("keyed")
        pids = [self._runners[who].payload_pid() for who in controls]
        said = self._ask(f"runners {' '.join(map(str, (*pids, *self.slot.compute_cores)))}", "loaded")[0]
        self.priority = "fifo" if said == "fifo" else "nice" if said == "nice" else "none"

    def _shelf(self) -> Path:
        """A box for one guest, gone when the launch is closed."""
        shelf: Path = self._stack.enter_context(new_box())
        self._shelves.append(shelf)
        return shelf

    def _start_runners(self, commands: Mapping[str, Command]) -> None:
        """All at once: a sandbox's start is mostly waiting."""

        def start(who: str) -> None:
            self._runners[who] = self.sandbox.start(
                commands[who]
            )  # at once: whatever becomes of the other, it is ended

        with ThreadPoolExecutor(len(commands)) as starters:
            list(starters.map(start, commands))

    def _await_started(self, who: str, fd: int) -> None:
        page = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
        try:
            limit = time.monotonic() + 15
            while page[0] == 0:
                if self._runners[who].poll() is not None or time.monotonic() > limit:
                    ended = self._end_of(who)
                    said = ended.stderr.decode(errors="replace").strip()[-300:] if ended else "it hangs"
                    raise Fault(
                        FaultKind.SANDBOX_BROKEN,
                        f"the {who}'s runner did not start in the {self.sandbox.tier} sandbox: {said}",
                        remedy="hayate doctor",
                    )
                time.sleep(0.0005)
        finally:
            page.close()

    def _close(self) -> None:
        # All at once, and waited for: the next launch must not run beside what is left of this one, and boxes can be
        # removed only when nothing writes to them any more.
        clock = self._clock
        if clock is not None:
            clock.kill()
        for process in self._runners.values():
            process.kill()
        for process in self._runners.values():
            process.close()
        if clock is not None:
            clock.wait()
            for stream in (clock.stdin, clock.stdout):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()
            self._clock = None
        self._stack.close()

    # -- talk to the clock

    def _ask(self, line: str, answer: str, limit_s: float = 30.0) -> list[str]:
        self._tell(line)
        return self._expect(answer, limit_s)

    def _tell(self, line: str) -> None:
        clock = self._clock
        assert clock is not None and clock.stdin is not None
        try:
            clock.stdin.write(line.encode() + b"\n")
            clock.stdin.flush()
        except OSError as error:
            raise Fault(FaultKind.RUNNER_LOST, f"the clock ended: {error}") from error

    def _expect(self, answer: str, limit_s: float = 30.0) -> list[str]:
        words = self._line(limit_s).split()
        if words and words[0] == answer:
            return words[1:]
        if words and words[0] == "fail":
            self._failed(words[1], words[2], words[3:])
        raise Fault(FaultKind.RUNNER_LOST, f"the clock said {' '.join(words)!r} where {answer!r} was due")

    def _line(self, limit_s: float) -> str:
        clock = self._clock
        assert clock is not None and clock.stdout is not None
        limit = time.monotonic() + limit_s
        fd = clock.stdout.fileno()
        poll = select.poll()  # select() refuses descriptors from 1024 on
        poll.register(fd, select.POLLIN)
        while b"\n" not in self._buffer:
            left = limit - time.monotonic()
            if not poll.poll(max(left, 0) * 1e3):
                raise Fault(FaultKind.RUNNER_LOST, f"the clock was silent for {limit_s:.0f} s")
            data = os.read(fd, 65536)
            if not data:
                raise Fault(FaultKind.RUNNER_LOST, f"the clock ended with status {clock.wait()}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def _end_of(self, who: str) -> Exit | None:
        process = self._runners.get(who)
        if process is None:
            return None
        if who not in self._ended:
            try:
                limit = time.monotonic() + 2
                while process.poll() is None and time.monotonic() < limit:
                    time.sleep(0.001)
                if process.poll() is None:
                    process.kill()
                self._ended[who] = process.wait(2)
            except TimeoutError:
                return None
            except Fault as fault:
                raise Fault(
                    FaultKind.RUNNER_LOST,
                    f"the {who}'s sandbox ended: {fault.message}",
                    remedy="hayate doctor",
                ) from fault
        return self._ended[who]

    def _failed(self, who: str, what: str, rest: list[str]) -> None:
        """Turn the clock's `fail` into CandidateFailed or Fault."""
        if who == "host":
            used, waited = (int(x) / 1e9 for x in rest[1:3])
            raise Starved(
                FaultKind.HOST_TOO_NOISY,
                f"the {rest[0]}'s runner got {used:.3g} s of its core's time in {waited:.3g} s",
                remedy="end other work on this machine, or allow real-time priority; hayate doctor",
            )
        if who == "clock":
            raise Fault(FaultKind.INTERNAL, f"the clock failed: {what} {' '.join(rest)}")
        own_code = {"examiner": _OWN_CODE[self.task.correct], "generator": "inputs.c"}.get(who)
        ended = self._end_of("examiner" if own_code else who) if what == "died" else None
        failure = failures.explained(what, rest, ended, [a.name for a in self.task.arrays])
        if own_code:
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"the code of the task {self.task.name} failed ({own_code}): {failure.reason}",
                remedy=f"hayate tasks check {self.task.where}; if it passes, the machine is at fault",
            )
        raise failure if who == "candidate" else OpponentFailed(self._opponents(), failure, self.task.where)

    def _opponents(self) -> str:
        return ", ".join(o.name for o in self.opponents)

    # -- what a launch does

    def _request(
        self,
        shape: Shape,
        distribution: int,
        seed: int,
        timeout_s: float,
        candidate_first: int = 1,
        function: int = 0,
        reach: Mapping[str, float] = {},
    ) -> str:
        """What follows `verify` or `pair`: runner/clock.c."""
        rng = random.Random(seed)
        numbers = arguments.values(self.task, shape, rng, exactly=distribution == INTEGERS)
        words: list[object] = [
            seed,
            candidate_first,
            function,
            repr(gamma(self.task, shape)),
            int(timeout_s * 1e9),
        ]
        words += [int(distribution == INTEGERS), len(numbers), *numbers]
        words += arguments.arrays(self.task, shape, distribution, reach, rng)
        return " ".join(map(str, words))

    def verify(self, shape: Shape, distribution: int, seed: int, timeout_s: float) -> Verified:
        """One call against the oracle."""
        self._within_limit()
        said = self._ask(
            f"verify {self._request(shape, distribution, seed, timeout_s)}", "verified", timeout_s + 90
        )
        self.candidate_s += (int(said[0]) + int(said[1])) * 1e-9
        self.calls_s += int(said[0]) * 1e-9
        reach = {a.name: float(x) for a, x in zip(self.task.written, said[7:], strict=True)}
        skipped, numbers, near, oracle_ns = (int(word) for word in said[3:7])
        return Verified(float(said[2]), skipped, numbers, near, oracle_ns * 1e-9, reach)

    def pair(
        self,
        shape: Shape,
        *,
        function: int,
        candidate_first: bool,
        distribution: int,
        seed: int,
        timeout_s: float,
        reach: Mapping[str, float] = {},
    ) -> PairTimes:
        """One call of each on the same fresh inputs, in the given order; the outputs are compared. `reach` is needed
        where bounds are the oracle's alone: how far two results of each array may be apart, as a share of its largest
        magnitude, before it is asked; below 0 it is asked at once. Without it both must be trusted.
        Raises Fault for a `function` that is none of the opponents."""
        if not 0 <= function < len(self.opponents):
            raise Fault(
                FaultKind.INTERNAL, f"opponent {function} was asked for, and {len(self.opponents)} are loaded"
            )
        self._within_limit()
        asked = self._request(shape, distribution, seed, timeout_s, int(candidate_first), function, reach)
        said = self._ask(f"pair {asked}", "pair", 2 * timeout_s + 90)
        numbers = [int(word) for word in said[:12]]
        times = PairTimes(CallTimes(*numbers[:6]), CallTimes(*numbers[6:]), float(said[12]), said[13] == "1")
        self.candidate_s += times.candidate.whole_ns * 1e-9
        self.opponents_s += times.yardstick.whole_ns * 1e-9
        self.calls_s += (times.candidate_ns + times.yardstick_ns) * 1e-9
        return times

    def left_s(self) -> float:
        """Until the launch has lasted too long."""
        return self._deadline - time.monotonic()

    def _within_limit(self) -> None:
        """Before each call: whose fault it is if the launch has lasted too long."""
        if self.left_s() > 0:
            return
        for who, calls_s in (("candidate", self.candidate_s), ("yardstick", self.opponents_s)):
            if calls_s > self.wall_s / 2:
                failure = CandidateFailed(
                    Outcome.TIMED_OUT,
                    f"the launch took longer than {self.wall_s:.3g} s, {calls_s:.3g} s of it in the {who}'s calls",
                    {"limit_s": self.wall_s, "calls_s": calls_s},
                )
                raise (
                    failure
                    if who == "candidate"
                    else OpponentFailed(self._opponents(), failure, self.task.where)
                )
        raise Fault(
            FaultKind.HOST_TOO_NOISY,
            f"a launch took longer than {self.wall_s:.3g} s, though the candidate's calls took only "
            f"{self.candidate_s:.3g} s of it",
            remedy="end other work on this machine, or raise the plan's wall_s",
        )

    def peak_gflops(self, width_bytes: int) -> float:
        """FMA peak of one compute core, probed now in the yardstick's process."""
        said = self._ask(f"peak {len(self.opponents)} {PEAK_ITERATIONS}", "peak")
        self.calls_s += int(said[0]) * 1e-9
        flops = 2.0 * 12 * (width_bytes // 8) * PEAK_ITERATIONS
        return flops / int(said[0])


def _abilities(task: Task) -> tuple[str, ...]:
    """struct abilities of runner/check.h, in order."""
    able = (
        task.correct == "analytic",
        samples(task),
        task.correct == "exact",
        task.correct == "automatic",
    )
    return tuple(str(int(x)) for x in able)
