"""measure(): verify and time a built candidate, launch by launch. One function of the judge's two."""

from __future__ import annotations

import math
import random
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot, vector_bytes
from hayate.judge import stats
from hayate.judge.calibrate import calibrate_task, yardsticks
from hayate.judge.charges import charged
from hayate.judge.choice import CHEAP_CALL_NS, enough_to_choose, much_nearer, nearest
from hayate.judge.failures import CandidateFailed, OpponentFailed, Starved
from hayate.judge.native import natives
from hayate.judge.results import Measurement, Rejection, TaskCalibration, YardstickFigure
from hayate.judge.session import DELAYED_SHARE, LaunchSession, PairTimes
from hayate.judge.shapes import UNIFORM, largest, near, sizes, timed_on
from hayate.judge.verification import Cases, Covered, afterwards, again, cases, verify
from hayate.records import (
    Band,
    Built,
    Decision,
    HostProfile,
    Launch,
    MeasurePlan,
    Outcome,
    Shape,
    Speedup,
    Step,
    Task,
    Technique,
    Timing,
)
from hayate.sandbox import Sandbox
from hayate.tasks import evaluate_expression

BAND_BUDGET_S = 0.15  # timed part of one band in a training launch; a slow candidate gets fewer pairs
LEAST_PAIRS = 3  # but so many, or an outlier is not seen for one
SLOW_CALL_S = 0.3  # a timed call that long says enough for training by itself
# A launch of a head-to-head times pairs until their median is this certain, or so many, or so long for one band. On a
# calm machine launches differ by about 1% whatever is done, so six pairs do; on a disturbed one bursts of some 30 ms
# meet several pairs in a row, and another launch costs a start and the warm-up.
MEDIAN_ERROR = 0.008
HEAD_TO_HEAD_PAIRS = (6, 100)
HEAD_TO_HEAD_S = 0.4
# Where the rival's calls are long beside the candidate's, few pairs say enough; and it may cost the candidate's slot no
# more than this, or what a person set for the decision: who is the best could else be slow whenever it is challenged.
HEAD_TO_HEAD_SLOW_S = 1.0
RIVAL_MOST_S = 20.0
EQUAL_WITHIN_MOST = 0.05  # a head-to-head at its end that is less certain than this is undecided
PEAK_ABOVE_HOSTS = 1.1
FASTER_THAN_PEAK = 1.05
# A runner that takes this much longer than the other's from wake-up to ready did something in between.
THAW_EXCESS_NS = 100_000
THAW_EXCESS_FEW_NS = 1_000_000  # with one pair or two
# A yardstick beside an honest candidate keeps this share of its calibrated speed, peak drift taken out; if it does
# not, it is held against the candidate only if it keeps less than this share of its speed beside itself, too.
YARDSTICK_SHARE = 0.6
RIVAL_ALONE = 2
# Where it is slow beside itself, too, the machine has changed since the calibration (a neighbour in the last-level
# cache, for memory-bound tasks). Interleaved ratios still hold, the chain to the reference less so: good enough for
# training, down to this share, and for nothing else.
DRIFTED_SHARE = 0.3
# A call that the scheduler kept waiting for more than this share of its time is disturbed; beyond this share of
# disturbed calls the launch says nothing.
DELAYED_LAUNCH_SHARE = 0.5
PERSISTS = 3  # launches with the same complaint
# By its times alone a candidate is accused only if this many launches agree, with pauses between them: a burst of
# other work on the machine may last a second, and three launches in a row fit into it.
ACCUSED = 4
ACCUSED_PAUSES_S = (0.2, 1.0, 5.0)
LAUNCHES_MOST = 6  # complaints of different kinds may alternate


class _Suspicion(Exception):
    """A launch that can't be right. Measured again; only what persists is held against the candidate."""

    def __init__(
        self,
        outcome: Outcome | None,
        reason: str,
        numbers: dict[str, float],
        *,
        own: bool = False,
        rivals: bool = False,
        by_times: bool = True,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome  # None: the host's noise
        self.reason = reason
        self.numbers = numbers
        self.own = own  # noise, but beside the yardstick's calls there was none
        self.rivals = rivals  # noise, but beside the candidate's calls there was none
        self.by_times = by_times and outcome is not None  # an accusation that stands on measured times


def bands_of(task: Task, plan: MeasurePlan) -> tuple[Band, ...]:
    """The plan's bands; else the training bands for training and confirmation, the report bands for reports."""
    if plan.bands is not None:
        return tuple(b for b in task.bands if b.name in plan.bands)
    if plan.purpose == "report":
        return tuple(b for b in task.bands if b.report)
    return tuple(b for b in task.bands if b.training)


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
    says how. Raises Fault: a broken yardstick, a host too noisy, anything of the machine's.
    """
    return _Measurer(task, built, plan, host, slot, sandbox, rival).run()


class _Measurer:
    def __init__(
        self,
        task: Task,
        built: Built,
        plan: MeasurePlan,
        host: HostProfile,
        slot: Slot,
        sandbox: Sandbox,
        rival: Built | None,
    ) -> None:
        self.task, self.built, self.plan = task, built, plan
        self.host, self.slot, self.sandbox, self.rival = host, slot, sandbox, rival
        self.rng: random.Random = (
            random.Random(plan.seed) if plan.seed is not None else secrets.SystemRandom()
        )
        self.bands = bands_of(task, plan) if plan.launches else ()
        self.programs = natives(task, host)
        self.calibration: TaskCalibration | None = None
        if rival is not None:
            self.opponents: tuple[Built, ...] = (rival,)
        else:
            self.opponents = yardsticks(task, host=host, sandbox=sandbox)
            if self.bands:
                self.calibration = calibrate_task(
                    task, [b.name for b in self.bands], host=host, slot=slot, sandbox=sandbox
                )
        self.steps: list[Step] = []
        self.covered = Covered()
        self.checked = False  # all that a measurement begins with, in one launch
        self.doubts: Counter[Outcome | None] = Counter()  # complaints that the machine may have caused
        self.candidate_first = self.turned = False
        self.began, self.candidate_s = time.monotonic(), 0.0
        launches_s = plan.wall_s * max(plan.launches, plan.max_launches, 1)
        self.most_s = plan.wall_s + min(launches_s, plan.decide_s or launches_s)
        self.own_delays = False  # the candidate keeps itself waiting: its time, and no noise
        self.rivals_delays = False  # likewise
        self.rival_s = 0.0  # by how much the rival's calls took longer than the candidate's
        self.drifted = (
            1.0  # the yardstick's share of its calibrated speed, where that is low and was let pass
        )

    def run(self) -> Measurement:
        started = time.monotonic()
        first = cases(self.task, self.plan, self.rng, self.host)
        try:
            try:
                return self._run(first, started)
            except OpponentFailed as fault:
                if self.rival is None:
                    raise
                return self._without(self.rival.name, fault.failure, first, started)
        except CandidateFailed as failure:
            return Measurement(
                outcome=failure.outcome,
                reason=failure.reason,
                numbers=failure.numbers,
                steps=tuple(self.steps),
                wall_s=time.monotonic() - started,
            )

    def _run(self, first: Cases, started: float) -> Measurement:
        launches: list[Launch] = []
        decision = stats.Sequential(self.plan.confidence)
        decided: Decision = ""
        word = ""
        interval: stats.LogRatio | None = None
        wanted = max(self.plan.launches, self.plan.max_launches, 1)
        for number in range(wanted):
            if number >= self.plan.launches and self._out_of_time(started, number):
                break
            found = self._launch(
                first if number == 0 else again(self.task, [s for s, _ in first.small], self.rng)
            )
            launches += found
            if number + 1 < self.plan.launches or not found:
                continue
            if self.rival is None:
                break
            # A head-to-head: looked at after each launch from the third on.
            if number + 1 == self.plan.launches:
                for i in range(number + 1):
                    part = launches[i * len(self.bands) : (i + 1) * len(self.bands)]
                    verdict = decision.add(statistics.fmean(x.log_ratio for x in part))
            else:
                verdict = decision.add(statistics.fmean(x.log_ratio for x in found))
            interval, decided = verdict.interval, verdict.outcome
            width = self.plan.until_width
            if decided if width is None else interval.width <= width:
                break
        if self.rival is not None and decided == "faster":
            self._guard_rival(launches)
        if interval is not None:
            decided, word = self._decided(decided, interval, started)
        return self._accepted(launches, decided, word, interval, started)

    def _without(self, name: str, failure: CandidateFailed, first: Cases, started: float) -> Measurement:
        """The rival failed, which says nothing about the candidate: it is right or wrong by itself, and not timed."""
        self.opponents, self.rival, self.bands = (), None, ()
        if not self.checked:
            self._launch(first)
        found = self._accepted([], "undecided", "", None, started)
        said = (
            f"{found.reason}; undecided: the rival {name} failed: {failure.outcome.value}: {failure.reason}"
        )
        failed = Rejection(outcome=failure.outcome, reason=failure.reason, numbers=failure.numbers)
        return found.model_copy(update={"reason": said, "decision": "undecided", "rival": failed})

    def _out_of_time(self, started: float, launches: int) -> bool:
        """Would a head-to-head's next launch, as long as those before, end too late?"""
        if self.rival is None or self.plan.decide_s is None:
            return False
        return (time.monotonic() - started) * (launches + 1) / launches > self.plan.decide_s

    def _decided(self, decided: Decision, interval: stats.LogRatio, started: float) -> tuple[Decision, str]:
        """What a head-to-head says that is over, in a word and in words."""
        most = max(abs(math.expm1(interval.low)), abs(math.expm1(interval.high)))
        after = f"after {time.monotonic() - started:.1f} s"
        if decided in ("faster", "slower"):
            words: str = decided
        elif most <= EQUAL_WITHIN_MOST:
            decided, words = "equal", f"equal within {most:.1%}"
        elif math.isfinite(most):
            return "undecided", f"undecided {after}: launches differ that much"
        elif self.plan.decide_s is None:
            return "undecided", ""  # as many launches as were asked for, and no more was asked of them
        else:
            return "undecided", f"undecided {after}: too few launches fitted in to say more"
        wanted = self.plan.until_width
        if wanted is not None and interval.width > wanted:
            words += f", but {after} the interval is {interval.width:.1%} wide, not {wanted:.1%}"
        return decided, words

    def _accepted(
        self,
        launches: list[Launch],
        decided: Decision,
        word: str,
        interval: stats.LogRatio | None,
        started: float,
    ) -> Measurement:
        numbers = self.covered.numbers()
        if not launches:
            return Measurement(
                outcome=Outcome.ACCEPTED,
                reason=f"right on {self.covered.words()}, worst error {self.covered.worst_error:.2g} of its bound; "
                "not timed",
                numbers=numbers,
                steps=tuple(self.steps),
                wall_s=time.monotonic() - started,
            )
        timing = Timing(launches=tuple(launches))
        baseline = self.rival.name if self.rival is not None else "reference"
        speedup = stats.speedup(timing, self.plan.confidence, baseline)
        if interval is not None and math.isfinite(interval.low) and math.isfinite(interval.high):
            speedup = Speedup(
                baseline=baseline,
                median=math.exp(interval.value),
                low=math.exp(interval.low),
                high=math.exp(interval.high),
                confidence=self.plan.confidence,
            )
        numbers["pairs"] = float(sum(len(x.candidate_ns) for x in launches))
        numbers["launches"] = float(len(launches) // max(1, len(self.bands)))
        word = f"; {word}" if word else ""
        if self.drifted < 1:
            numbers["yardstick_of_calibrated"] = self.drifted
            word += f"; the machine gives the yardstick {self.drifted:.0%} of its calibrated speed"
        return Measurement(
            outcome=Outcome.ACCEPTED,
            reason=f"right on {self.covered.shapes} shapes, {speedup.median:.3g}x {baseline} "
            f"({speedup.low:.3g} to {speedup.high:.3g} at {speedup.confidence:.0%}){word}",
            numbers=numbers,
            timing=timing,
            metric=stats.metric(timing, self.plan.confidence),
            speedup=speedup,
            decision=decided,
            steps=tuple(self.steps),
            wall_s=time.monotonic() - started,
        )

    # -- one launch, again if it can't be right

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
                suspicion = _Suspicion(failure.outcome, failure.reason, failure.numbers, by_times=False)
            except OpponentFailed as fault:
                rivals += 1
                if self.rival is None or not fault.failure.doubtful or rivals == PERSISTS:
                    raise
                continue
            except Starved as fault:
                suspicion = _Suspicion(None, fault.message, {})
            except _Suspicion as found:
                suspicion = found
            if suspicion.outcome is not None and not suspicion.by_times:
                # Over all launches of a measurement: else each would have two for nothing, to be spoiled at will.
                self.doubts[suspicion.outcome] += 1
                if self.doubts[suspicion.outcome] >= PERSISTS:
                    raise CandidateFailed(suspicion.outcome, suspicion.reason, suspicion.numbers)
                continue
            if suspicion.own and not self.own_delays:
                # Pairs are interleaved, so the host's noise meets both alike. A candidate that yields is just slow.
                own += 1
                self.own_delays = own == PERSISTS - 1
                continue
            if suspicion.rivals and not self.rivals_delays:
                rivals += 1
                self.rivals_delays = rivals == PERSISTS - 1
                continue
            count = complaints[suspicion.outcome] = complaints.get(suspicion.outcome, 0) + 1
            if suspicion.by_times:
                if count < ACCUSED:
                    time.sleep(ACCUSED_PAUSES_S[count - 1])
                    continue
            elif count < PERSISTS:
                continue
            if suspicion.outcome is not None:
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
        started = time.monotonic()
        reach = [*wanted.shapes, *(largest(self.task, b) for b in self.bands)]
        session = LaunchSession(
            self.task,
            self.built,
            self.opponents,
            natives=self.programs,
            slot=self.slot,
            sandbox=self.sandbox,
            shapes=reach,
            wall_s=self.plan.wall_s,
            key=self.rng.randbytes(32),
        )
        try:
            with session:
                self._stepped("start", started, session)
                started = time.monotonic()
                verify(session, wanted, self.covered, plan=self.plan, rng=self.rng)
                self.checked = True
                self._stepped("verify", started, session, f"{len(wanted)} shapes")
                launches = []
                for band in self.bands:
                    started = time.monotonic()
                    launch, told = self._time_band(session, band)
                    launches.append(launch)
                    note = f"band {band.name}, {len(launch.candidate_ns)} pairs with {launch.yardstick}{told}"
                    self._stepped("time", started, session, note)
                if launches:
                    last = afterwards(wanted, self.rng)
                    verify(session, last, Covered(), plan=self.plan, rng=self.rng)
                return launches
        finally:
            self.candidate_s += session.candidate_s

    def _stepped(self, name: str, started: float, session: LaunchSession, note: str = "") -> None:
        """One more step of this launch is over; its calls are those since the step before."""
        calls_s, session.calls_s = session.calls_s, 0.0
        self.steps.append(Step(name=name, wall_s=time.monotonic() - started, calls_s=calls_s, note=note))

    def _seed(self) -> int:
        return self.rng.getrandbits(62)

    def _pair(
        self, session: LaunchSession, band: Band, function: int, timeout_s: float
    ) -> tuple[Shape, PairTimes]:
        shape = near(self.task, band, self.rng)
        # Of two pairs one begins with the candidate: which comes first makes a per cent in memory-bound kernels.
        self.candidate_first = not self.candidate_first if self.turned else self.rng.random() < 0.5
        self.turned = not self.turned
        times = session.pair(
            shape,
            function=function,
            candidate_first=self.candidate_first,
            distribution=timed_on(self.task, shape, self.rng),
            seed=self._seed(),
            timeout_s=timeout_s,
        )
        self.covered.worst_error = max(self.covered.worst_error, times.worst_error)
        self._bear_rival(times.yardstick.whole_ns - times.candidate.whole_ns, times.candidate.whole_ns)
        return shape, times

    def _bear_rival(self, more_ns: int, beside_ns: int) -> None:
        """Raises OpponentFailed when a rival has cost more of the slot than it may, beyond what the candidate's own
        calls cost: `beside_ns` the last one."""
        if self.rival is None:
            return
        self.rival_s += max(0, more_ns) * 1e-9
        most_s = RIVAL_MOST_S if self.plan.decide_s is None else self.plan.decide_s
        if self.rival_s > most_s:
            failure = CandidateFailed(
                Outcome.TIMED_OUT,
                f"its calls took {self.rival_s:.3g} s longer than the candidate's, the last one "
                f"{(more_ns + beside_ns) * 1e-9:.3g} s",
                {"limit_s": most_s, "longer_s": self.rival_s},
            )
            raise OpponentFailed(self.rival.name, failure, self.task.where)

    def _time_band(self, session: LaunchSession, band: Band) -> tuple[Launch, str]:
        """The launch's pairs in one band, and a note for a person."""
        began = time.monotonic()
        peaks = [self._peak(session)]
        function, timeout_s = self._fastest(band), max(5.0, self.plan.wall_s / 10)
        if self.calibration is not None:
            ranked = self.calibration.ranked(band.name)
            timeout_s = max(3.0, 8e-9 * ranked[0].call_ns) if ranked else 10.0
        figures = [self._figure(o, band) for o in self.opponents]
        function = nearest(figures, function, self._worked(self._warm_up(session, band, function, timeout_s)))
        found = self._timed(session, band, function, timeout_s)
        note = ""
        better = much_nearer(figures, function, self._worked(found))
        if better is not None:
            # Once: who is slow again now is timed as slow. And only where as much as it took so far fits in again.
            note = f"; {self.opponents[better].name} is much nearer than {self.opponents[function].name}"
            if session.left_s() > 2 * (time.monotonic() - began):
                function, note = better, note + ": timed again"
                found = self._timed(session, band, function, timeout_s)
        peaks.append(self._peak(session))
        figure = figures[function]
        more = charged([t for _, t in found], self._threaded())
        launch = Launch(
            band=band.name,
            yardstick=self.opponents[function].name,
            shapes=tuple(sizes(self.task, shape) for shape, _ in found),
            candidate_ns=tuple(t.candidate_ns + own for (_, t), (own, _) in zip(found, more, strict=True)),
            yardstick_ns=tuple(t.yardstick_ns + its for (_, t), (_, its) in zip(found, more, strict=True)),
            candidate_delay_ns=tuple(t.candidate.delay_ns for _, t in found),
            yardstick_delay_ns=tuple(t.yardstick.delay_ns for _, t in found),
            flops=tuple(float(evaluate_expression(self.task.flops, shape)) for shape, _ in found),
            peak_gflops=max(peaks),
            yardstick_gflops=figure.gflops if figure else None,
            yardstick_speedup=figure.speedup.value if figure else None,
            yardstick_gflops_error=figure.gflops_error if figure else None,
            yardstick_speedup_error=figure.speedup_error if figure else None,
            priority=session.priority,
        )
        self._judge_launch(launch, [t for _, t in found])
        return launch, note

    def _warm_up(
        self, session: LaunchSession, band: Band, function: int, timeout_s: float
    ) -> list[tuple[Shape, PairTimes]]:
        """Pairs that are not counted. The first of a launch is slow by some per cent, and by much more where scratch
        memory is set aside; with the next ones it chooses the yardstick."""
        found = [self._pair(session, band, function, timeout_s)]
        if self.rival is None:
            while not enough_to_choose([t.candidate_ns for _, t in found]):
                found.append(self._pair(session, band, function, timeout_s))
        elif all(max(t.candidate_ns, t.yardstick_ns) < CHEAP_CALL_NS for _, t in found):
            found.append(self._pair(session, band, function, timeout_s))
        return found

    def _timed(
        self, session: LaunchSession, band: Band, function: int, timeout_s: float
    ) -> list[tuple[Shape, PairTimes]]:
        found = [self._pair(session, band, function, timeout_s)]
        while not self._enough([times for _, times in found], band):
            found.append(self._pair(session, band, function, timeout_s))
        if self.rival is not None and self.plan.pairs is None:
            self._pair_until_certain(found, lambda: self._pair(session, band, function, timeout_s))
        return found

    def _worked(self, found: Sequence[tuple[Shape, PairTimes]]) -> list[tuple[float, PairTimes]]:
        return [(float(evaluate_expression(self.task.flops, shape)), times) for shape, times in found]

    def _figure(self, opponent: Built, band: Band) -> YardstickFigure | None:
        return None if self.calibration is None else self.calibration.of(opponent.name, band.name)

    def _peak(self, session: LaunchSession) -> float:
        """The peak of one core now, in GFLOPS. It is probed in the opponent's process, which may be a rival's: so no
        more is believed than the host's own peak, and some per cent for a clock rate that is higher today."""
        found = session.peak_gflops(vector_bytes(self.host.arch))
        most = self.host.peak_gflops.value * PEAK_ABOVE_HOSTS if self.host.peak_gflops else math.inf
        return min(found, most)

    def _threaded(self) -> bool:
        return any(Technique.THREADS in b.permitted or b.libraries for b in (self.built, *self.opponents))

    def _enough(self, times: Sequence[PairTimes], band: Band) -> bool:
        """Whether a launch has its pairs. By timed calls alone: the first, which warms up, may be slow on purpose."""
        if len(times) >= (self.plan.pairs or band.pairs):
            return True
        if self.rival is not None:
            spent_ns = sum(t.candidate_ns + t.yardstick_ns for t in times)
            return spent_ns > HEAD_TO_HEAD_SLOW_S * 1e9 and self.plan.pairs is None
        if self.plan.purpose != "training":
            return False
        if len(times) < LEAST_PAIRS:
            return min(t.candidate_ns for t in times) > SLOW_CALL_S * 1e9
        spent_ns = sum(t.candidate_ns + t.yardstick_ns for t in times)
        return spent_ns * (len(times) + 1) / len(times) > BAND_BUDGET_S * 1e9

    def _pair_until_certain(
        self, found: list[tuple[Shape, PairTimes]], pair: Callable[[], tuple[Shape, PairTimes]]
    ) -> None:
        """More pairs for a launch of a head-to-head. When to stop depends on how pairs differ, not on who is ahead."""
        least, most = HEAD_TO_HEAD_PAIRS
        began = time.monotonic()
        while len(found) < most and time.monotonic() - began < HEAD_TO_HEAD_S:
            ratios = [math.log(times.yardstick_ns / times.candidate_ns) for _, times in found]
            if len(found) >= least and stats.median_error(ratios) <= MEDIAN_ERROR:
                return
            found.append(pair())

    def _fastest(self, band: Band) -> int:
        """Index of the yardstick that is fastest on this host; of the last where none was calibrated."""
        ranked = self.calibration.ranked(band.name) if self.calibration else ()
        names = [o.name for o in self.opponents]
        return names.index(ranked[-1].name) if ranked else len(names) - 1

    # -- what a launch may not look like

    def _judge_launch(self, launch: Launch, times: Sequence[PairTimes]) -> None:
        # Where threads are permitted a candidate's own may keep its first one waiting; only the yardstick's delays
        # tell of the machine then.
        own = self.own_delays or Technique.THREADS in self.built.permitted
        opponent = next(o for o in self.opponents if o.name == launch.yardstick)
        its = self.rivals_delays or Technique.THREADS in opponent.permitted  # so may those of a rival
        disturbed = sum((t.candidate_delayed and not own) or (t.yardstick_delayed and not its) for t in times)
        if disturbed > DELAYED_LAUNCH_SHARE * len(times):
            by_itself = its or not any(t.yardstick_delayed for t in times)
            by_rival = self.rival is not None and not any(t.candidate_delayed for t in times)
            raise _Suspicion(
                None,
                f"the scheduler delayed {disturbed} of {len(times)} pairs by more than {DELAYED_SHARE:.0%}",
                {},
                own=by_itself,
                rivals=by_rival and not by_itself,
            )
        # Waiting for a core is no work, unless a thread of its own had that core. One pair or two say little, so a
        # small excess passes there.
        excess = statistics.median_low(
            t.candidate.thaw_ns
            - (0 if own else t.candidate.thaw_delay_ns)
            - (t.yardstick.thaw_ns - t.yardstick.thaw_delay_ns)
            for t in times
        )
        room = THAW_EXCESS_NS if len(times) >= 3 else THAW_EXCESS_FEW_NS
        if excess > max(room, 0.02 * statistics.median(launch.candidate_ns)):
            raise _Suspicion(
                Outcome.CHEATED,
                f"it took {excess / 1e3:.0f} us longer than the yardstick from wake-up to ready, in four launches: "
                "work was done before the clock started",
                {"excess_us": excess / 1e3},
            )
        rates = [f / ns for f, ns in zip(launch.flops, launch.candidate_ns, strict=True)]
        rate = statistics.median(rates)
        peak = (launch.peak_gflops or math.inf) * len(self.slot.compute_cores)
        if rate > FASTER_THAN_PEAK * peak:
            raise _Suspicion(
                Outcome.CHEATED,
                f"{rate:.4g} GFLOPS by the task's minimal work, faster than the machine's peak of "
                f"{peak:.4g} GFLOPS probed beside it, in four launches",
                {"gflops": rate, "peak_gflops": peak},
            )
        self._guard_denominator(launch)

    def _guard_denominator(self, launch: Launch) -> None:
        """A yardstick that is slow beside this candidate only was slowed by it."""
        if self.calibration is None or launch.yardstick_gflops is None or not launch.peak_gflops:
            return
        usual = launch.yardstick_gflops / self.calibration.peak_gflops
        share = _of_peak(launch) / usual
        if share >= YARDSTICK_SHARE:
            return
        beside_itself = self._yardstick_beside_itself(launch)
        if share > YARDSTICK_SHARE * beside_itself:
            if self.plan.purpose == "training" and beside_itself >= DRIFTED_SHARE:
                self.drifted = min(self.drifted, beside_itself)
                return
            raise _Suspicion(
                None,
                f"the yardstick {launch.yardstick} runs at {beside_itself:.0%} of its calibrated speed",
                {},
            )
        raise _Suspicion(
            Outcome.CHEATED,
            f"the yardstick {launch.yardstick} ran at {share:.0%} of its usual speed beside this candidate and at "
            f"{beside_itself:.0%} beside itself, in four launches",
            {"yardstick_share": share, "yardstick_share_beside_itself": beside_itself},
        )

    def _yardstick_beside_itself(self, launch: Launch) -> float:
        assert self.calibration is not None and launch.yardstick_gflops is not None
        same = next(o for o in self.opponents if o.name == launch.yardstick)
        usual = launch.yardstick_gflops / self.calibration.peak_gflops
        return self._of_peak_beside_itself(same, launch.band) / usual

    def _guard_rival(self, launches: Sequence[Launch]) -> None:
        """A rival is guarded as a yardstick is: one that is slow beside this candidate only was slowed by it."""
        assert self.rival is not None
        for name in dict.fromkeys(launch.band for launch in launches):
            shares = [_of_peak(launch) for launch in launches if launch.band == name and launch.peak_gflops]
            if not shares:
                continue
            beside = statistics.median(shares)
            for _ in range(RIVAL_ALONE):  # the candidate is believed if one of them agrees with it
                alone = self._of_peak_beside_itself(self.rival, name)
                if beside >= YARDSTICK_SHARE * alone:
                    break
            else:
                raise CandidateFailed(
                    Outcome.CHEATED,
                    f"the rival ran at {beside:.0%} of the machine's peak beside this candidate and at {alone:.0%} "
                    f"beside itself, in {RIVAL_ALONE} launches",
                    {"rival_of_peak": beside, "rival_of_peak_beside_itself": alone},
                )

    def _of_peak_beside_itself(self, same: Built, band_name: str) -> float:
        """Its speed as a share of the peak probed in the same launch."""
        band = next(b for b in self.task.bands if b.name == band_name)
        try:
            with LaunchSession(
                self.task,
                same,
                [same],
                natives=self.programs,
                slot=self.slot,
                sandbox=self.sandbox,
                shapes=[largest(self.task, band)],
                wall_s=self.plan.wall_s,
                holds_slot=True,  # by the launch that this one explains, whose runners are stopped
            ) as session:
                peak = self._peak(session)
                found = []
                for i in range(3):
                    shape = near(self.task, band, self.rng)
                    times = session.pair(
                        shape,
                        function=0,
                        candidate_first=bool(i % 2),
                        distribution=UNIFORM,
                        seed=self._seed(),
                        timeout_s=10.0,
                    )
                    found.append((shape, times))
                    if same is self.rival:
                        self._bear_rival(times.yardstick.whole_ns + times.candidate.whole_ns, 0)
        except CandidateFailed as failure:
            raise OpponentFailed(same.name, failure, self.task.where) from failure
        rates = [float(evaluate_expression(self.task.flops, s)) / t.yardstick_ns for s, t in found]
        return statistics.median(rates) / peak


def _of_peak(launch: Launch) -> float:
    """The yardstick's speed as a share of the peak probed in the same launch."""
    rates = [f / ns for f, ns in zip(launch.flops, launch.yardstick_ns, strict=True)]
    return statistics.median(rates) / (launch.peak_gflops or math.inf)
