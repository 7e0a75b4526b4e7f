"""measure(): verify and time a built candidate, launch by launch. One function of the judge's two."""

from __future__ import annotations

import statistics
import time
from collections import Counter

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge import conclusion, stats
from hayate.judge.failures import CandidateFailed, OpponentFailed, Starved
from hayate.judge.pairing import Pairing
from hayate.judge.results import Measurement, Rejection
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import corners
from hayate.judge.subject import Subject, subject_of, without_rival
from hayate.judge.suspicion import Guard, Suspicion, Unsettled
from hayate.judge.verification import Cases, Covered, afterwards, again, cases, verify
from hayate.records import (
    Built,
    Decision,
    HostProfile,
    Launch,
    MeasurePlan,
    Outcome,
    Step,
    Task,
)
from hayate.sandbox import Sandbox

PERSISTS = 3  # launches with the same complaint
# By its times alone a candidate is accused only if this many launches agree, with pauses between them: a burst of
# other work on the machine may last a second, and three launches in a row fit into it.
ACCUSED = 4
ACCUSED_PAUSES_S = (0.2, 1.0, 5.0)
LAUNCHES_MOST = 6  # complaints of different kinds may alternate


def measure(
    task: Task,
    built: Built,
    plan: MeasurePlan,
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    rival: Built | None = None,
) -> Measurement:
    """Verify `built` and time it against the task's yardsticks, or against `rival` alone.

    The timing's ratios are against the yardstick nearest in speed, chained to the reference; with a rival the
    speed-up is against the rival, and a plan with more than three launches stops as soon as it is decided, or when
    its `decide_s` are over, undecided then if need be. A rival that fails leaves it undecided, and `Measurement.rival`
    says how; so does one beside which the candidate looks like a cheat, and beside the task's yardsticks does not.
    Raises Fault: a broken yardstick, a host too noisy, anything of the machine's.
    """
    return _Measurer(subject_of(task, built, plan, host, slot, sandbox, rival)).run()


class _Measurer:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.steps: list[Step] = []
        self.covered = Covered()
        self.pairing = Pairing(subject, self.covered)
        self.guard = Guard(subject, self.pairing)
        self.checked = False  # all that a measurement begins with, in one launch
        self.doubts: Counter[Outcome | None] = Counter()  # complaints that the machine may have caused
        self.began, self.candidate_s = time.monotonic(), 0.0
        plan = subject.plan
        launches_s = plan.wall_s * max(plan.launches, plan.max_launches, 1)
        self.most_s = plan.wall_s + min(launches_s, plan.decide_s or launches_s)

    def run(self) -> Measurement:
        started = time.monotonic()
        first = cases(self.subject.task, self.subject.plan, self.subject.rng, self.subject.host)
        try:
            try:
                return self._run(first, started)
            except OpponentFailed as fault:
                if self.subject.rival is None:
                    raise
                return self._without(self.subject.rival.name, fault.failure, first, started)
            except Unsettled as seen:
                assert self.subject.rival is not None
                return self._beside_yardsticks(self.subject.rival.name, seen, first, started)
        except CandidateFailed as failure:
            found = Measurement(outcome=failure.outcome, reason=failure.reason, numbers=failure.numbers)
            return self._costing(found, started)

    def _costing(self, found: Measurement, started: float) -> Measurement:
        return found.model_copy(update={"steps": tuple(self.steps), "wall_s": time.monotonic() - started})

    def _run(self, first: Cases, started: float) -> Measurement:
        plan, bands = self.subject.plan, self.subject.bands
        launches: list[Launch] = []
        decision = stats.Sequential(plan.confidence)
        decided: Decision = ""
        word = ""
        interval: stats.LogRatio | None = None
        wanted = max(plan.launches, plan.max_launches, 1)
        for number in range(wanted):
            if number >= plan.launches and self._out_of_time(started, number):
                break
            found = self._launch(
                first
                if number == 0
                else again(self.subject.task, [s for s, _ in first.small], self.subject.rng)
            )
            launches += found
            if number + 1 < plan.launches or not found:
                continue
            if self.subject.rival is None:
                break
            # A head-to-head: looked at after each launch from the third on.
            if number + 1 == plan.launches:
                for i in range(number + 1):
                    part = launches[i * len(bands) : (i + 1) * len(bands)]
                    verdict = decision.add(statistics.fmean(x.log_ratio for x in part))
            else:
                verdict = decision.add(statistics.fmean(x.log_ratio for x in found))
            interval, decided = verdict.interval, verdict.outcome
            width = plan.until_width
            if decided if width is None else interval.width <= width:
                break
        if self.subject.rival is not None and decided == "faster":
            self.guard.beaten(launches)
        if interval is not None:
            decided, word = conclusion.decision(plan, decided, interval, time.monotonic() - started)
        result = conclusion.accepted(
            self.subject, self.covered, launches, decided, word, interval, self.guard.drifted
        )
        return self._costing(result, started)

    def _without(self, name: str, failure: CandidateFailed, first: Cases, started: float) -> Measurement:
        """The rival failed, which says nothing about the candidate: it is right or wrong by itself, and not timed."""
        self._on_its_own(timed=False)
        if not self.checked:
            self._launch(first)
        return self._undecided(name, failure, started)

    def _beside_yardsticks(self, name: str, seen: Unsettled, first: Cases, started: float) -> Measurement:
        """Beside the rival the candidate looked like a cheat, and the rival may have made it look so. It is one if it
        looks like one beside the task's yardsticks, too; if not, the rival answers for what was seen."""
        self._on_its_own(timed=True)
        self._launch(first)
        why = CandidateFailed(
            Outcome.CHEATED,
            f"{seen.reason}; nothing of that kind was seen beside the task's yardsticks",
            seen.numbers,
        )
        return self._undecided(name, why, started)

    def _on_its_own(self, *, timed: bool) -> None:
        """From here on beside the task's yardsticks, on the candidate's own time."""
        self.subject = without_rival(self.subject, timed=timed)
        if not self.checked:
            self.covered = Covered()
        self.pairing = Pairing(self.subject, self.covered)
        self.guard = Guard(self.subject, self.pairing)
        self.began, self.candidate_s = time.monotonic(), 0.0
        self.doubts.clear()

    def _undecided(self, name: str, failure: CandidateFailed, started: float) -> Measurement:
        found = self._costing(conclusion.accepted(self.subject, self.covered), started)
        said = (
            f"{found.reason}; undecided: the rival {name} failed: {failure.outcome.value}: {failure.reason}"
        )
        failed = Rejection(outcome=failure.outcome, reason=failure.reason, numbers=failure.numbers)
        return found.model_copy(update={"reason": said, "decision": "undecided", "rival": failed})

    def _out_of_time(self, started: float, launches: int) -> bool:
        """Would a head-to-head's next launch, as long as those before, end too late?"""
        if self.subject.rival is None or self.subject.plan.decide_s is None:
            return False
        return (time.monotonic() - started) * (launches + 1) / launches > self.subject.plan.decide_s

    def _launch(self, wanted: Cases) -> list[Launch]:
        complaints: dict[Outcome | None, int] = {}
        own = rivals = 0
        for _ in range(LAUNCHES_MOST):
            self._within_limit()
            try:
                # What ended before all was checked, for whatever reason, is checked in full once more.
                return self._try_launch(wanted.few() if self.checked else wanted)
            except CandidateFailed as failure:
                if not failure.doubtful:
                    raise
                suspicion = Suspicion(failure.outcome, failure.reason, failure.numbers, by_times=False)
            except OpponentFailed as fault:
                rivals += 1
                if self.subject.rival is None or not fault.failure.doubtful or rivals == PERSISTS:
                    raise
                continue
            except Starved as fault:
                suspicion = Suspicion(None, fault.message, {})
            except Suspicion as found:
                suspicion = found
            if suspicion.outcome is not None and not suspicion.by_times:
                # Over all launches of a measurement: else each would have two for nothing, to be spoiled at will.
                self.doubts[suspicion.outcome] += 1
                if self.doubts[suspicion.outcome] >= PERSISTS:
                    raise CandidateFailed(suspicion.outcome, suspicion.reason, suspicion.numbers)
                continue
            if suspicion.own and not self.guard.own_delays:
                # Pairs are interleaved, so the host's noise meets both alike. A candidate that yields is just slow.
                own += 1
                self.guard.own_delays = own == PERSISTS - 1
                continue
            if suspicion.rivals and not self.guard.rivals_delays:
                rivals += 1
                self.guard.rivals_delays = rivals == PERSISTS - 1
                continue
            count = complaints[suspicion.outcome] = complaints.get(suspicion.outcome, 0) + 1
            if suspicion.by_times:
                if count < ACCUSED:
                    time.sleep(ACCUSED_PAUSES_S[count - 1])
                    continue
            elif count < PERSISTS:
                continue
            if suspicion.outcome is not None:
                if self.subject.rival is not None:
                    raise Unsettled(suspicion.reason, suspicion.numbers)
                raise CandidateFailed(suspicion.outcome, suspicion.reason, suspicion.numbers)
            break
        raise Fault(
            FaultKind.HOST_TOO_NOISY,
            suspicion.reason,
            remedy="end other work on this machine, or allow real-time priority; hayate doctor",
        )

    def _within_limit(self) -> None:
        """One candidate has a slot for a bounded time, however often its launches are repeated."""
        took_s = time.monotonic() - self.began
        if took_s < self.most_s:
            return
        if self.candidate_s > took_s / 2:
            raise CandidateFailed(
                Outcome.TIMED_OUT,
                f"its launches took {took_s:.3g} s, {self.candidate_s:.3g} s of it in its own calls",
                {"limit_s": self.most_s, "calls_s": self.candidate_s},
            )
        raise Fault(
            FaultKind.HOST_TOO_NOISY,
            f"after {took_s:.3g} s there is no launch that can be believed",
            remedy="end other work on this machine, or allow real-time priority; hayate doctor",
        )

    def _try_launch(self, wanted: Cases) -> list[Launch]:
        subject, started = self.subject, time.monotonic()
        shapes = [*wanted.shapes, *(shape for b in subject.bands for shape in corners(subject.task, b))]
        session = LaunchSession(
            subject.task,
            subject.built,
            subject.opponents,
            natives=subject.programs,
            slot=subject.slot,
            sandbox=subject.sandbox,
            shapes=shapes,
            wall_s=subject.plan.wall_s,
            key=subject.rng.randbytes(32),
        )
        try:
            with session:
                self._stepped("start", started, session)
                started = time.monotonic()
                verify(
                    session,
                    wanted,
                    self.covered,
                    plan=subject.plan,
                    rng=subject.rng,
                    reach=self.pairing.reach,
                )
                self.checked = True
                self._stepped("verify", started, session, f"{len(wanted)} shapes")
                launches = []
                for band in subject.bands:
                    started = time.monotonic()
                    launch, times, told = self.pairing.time_band(session, band)
                    self.guard.launch(launch, times)
                    launches.append(launch)
                    note = f"band {band.name}, {len(launch.candidate_ns)} pairs with {launch.yardstick}{told}"
                    self._stepped("time", started, session, note)
                if launches:
                    last = afterwards(wanted, subject.rng)
                    verify(
                        session, last, Covered(), plan=subject.plan, rng=subject.rng, reach=self.pairing.reach
                    )
                return launches
        finally:
            self.candidate_s += session.candidate_s

    def _stepped(self, name: str, started: float, session: LaunchSession, note: str = "") -> None:
        """One more step of this launch is over; its calls are those since the step before."""
        calls_s, session.calls_s = session.calls_s, 0.0
        self.steps.append(Step(name=name, wall_s=time.monotonic() - started, calls_s=calls_s, note=note))
