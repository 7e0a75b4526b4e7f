"""One launch's pairs in one band: how many, with which yardstick, and what a rival may cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from hayate.hosts import vector_bytes
from hayate.judge import stats
from hayate.judge.charges import charged
from hayate.judge.choice import CHEAP_CALL_NS, enough_to_choose, much_nearer, nearest, second_counts
from hayate.judge.failures import CandidateFailed, OpponentFailed
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import drawn, near, timed_on
from hayate.judge.subject import Subject
from hayate.judge.times import PairTimes
from hayate.judge.verification import Covered, Reach
from hayate.judge.work import work_of_call
from hayate.records import Band, Launch, Outcome, Shape

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
PEAK_ABOVE_HOSTS = 1.1


class Pairing:
    """Of one measurement; its launches are made one after the other."""

    def __init__(self, subject: Subject, covered: Covered) -> None:
        self.subject, self.covered = subject, covered
        self.reach = Reach(subject.task)
        self.candidate_first = self.turned = False
        self.rival_s = 0.0  # by how much the rival's calls took longer than the candidate's

    def _pair(
        self, session: LaunchSession, band: Band, function: int, timeout_s: float
    ) -> tuple[Shape, PairTimes]:
        shape = near(self.subject.task, band, self.subject.rng)
        # Of two pairs one begins with the candidate: which comes first makes a per cent in memory-bound kernels.
        self.candidate_first = not self.candidate_first if self.turned else self.subject.rng.random() < 0.5
        self.turned = not self.turned
        distribution = timed_on(self.subject.task, shape, self.subject.rng)
        times = session.pair(
            shape,
            function=function,
            candidate_first=self.candidate_first,
            distribution=distribution,
            seed=self.subject.seed(),
            timeout_s=timeout_s,
            reach=self.reach.at(shape, distribution),
        )
        self.covered.worst_error = max(self.covered.worst_error, times.worst_error)
        self.bear_rival(times.yardstick.whole_ns - times.candidate.whole_ns, times.candidate.whole_ns)
        return shape, times

    def bear_rival(self, more_ns: int, beside_ns: int) -> None:
        """Raises OpponentFailed when a rival has cost more of the slot than it may, beyond what the candidate's own
        calls cost: `beside_ns` the last one."""
        if self.subject.rival is None:
            return
        self.rival_s += max(0, more_ns) * 1e-9
        most_s = RIVAL_MOST_S if self.subject.plan.decide_s is None else self.subject.plan.decide_s
        if self.rival_s > most_s:
            failure = CandidateFailed(
                Outcome.TIMED_OUT,
                f"its calls took {self.rival_s:.3g} s longer than the candidate's, the last one "
                f"{(more_ns + beside_ns) * 1e-9:.3g} s",
                {"limit_s": most_s, "longer_s": self.rival_s},
            )
            raise OpponentFailed(self.subject.rival.name, failure, self.subject.task.where)

    def time_band(self, session: LaunchSession, band: Band) -> tuple[Launch, list[PairTimes], str]:
        """The launch's pairs in one band, what they were made of, and a note for a person."""
        peaks = [self.peak(session)]
        function, timeout_s = self.subject.fastest(band), max(5.0, self.subject.plan.wall_s / 10)
        if self.subject.calibration is not None:
            ranked = self.subject.calibration.ranked(band.name)
            timeout_s = max(3.0, 8e-9 * ranked[0].call_ns) if ranked else 10.0
        figures = [self.subject.figure(o, band) for o in self.subject.opponents]
        function = nearest(figures, function, self._worked(self._warm_up(session, band, function, timeout_s)))
        began = time.monotonic()
        found = self._timed(session, band, function, timeout_s)
        note = ""
        better = much_nearer(figures, function, self._worked(found))
        if better is not None:
            # Once: who is slow again now is timed as slow. And only where as much as it took so far fits in again.
            names = [opponent.name for opponent in self.subject.opponents]
            note = f"; {names[better]} is much nearer than {names[function]}"
            if session.left_s() > 2 * (time.monotonic() - began):
                once_more = self._timed(session, band, better, timeout_s)
                first, second = self._worked(found), self._worked(once_more)
                note += ": timed again"
                if second_counts(figures, (function, first), (better, second)):
                    function, found = better, once_more
                else:
                    note += ", to no avail"
        peaks.append(self.peak(session))
        figure = figures[function]
        more = charged([t for _, t in found], self.subject.threaded)
        launch = Launch(
            band=band.name,
            yardstick=self.subject.opponents[function].name,
            shapes=tuple(drawn(self.subject.task, shape) for shape, _ in found),
            candidate_ns=tuple(t.candidate_ns + own for (_, t), (own, _) in zip(found, more, strict=True)),
            yardstick_ns=tuple(t.yardstick_ns + its for (_, t), (_, its) in zip(found, more, strict=True)),
            candidate_delay_ns=tuple(t.candidate.delay_ns for _, t in found),
            yardstick_delay_ns=tuple(t.yardstick.delay_ns for _, t in found),
            flops=tuple(work_of_call(self.subject.task, shape) for shape, _ in found),
            peak_gflops=max(peaks),
            yardstick_gflops=figure.gflops if figure else None,
            yardstick_speedup=figure.speedup.value if figure else None,
            yardstick_gflops_error=figure.gflops_error if figure else None,
            yardstick_speedup_error=figure.speedup_error if figure else None,
            priority=session.priority,
        )
        return launch, [times for _, times in found], note

    def _warm_up(
        self, session: LaunchSession, band: Band, function: int, timeout_s: float
    ) -> list[tuple[Shape, PairTimes]]:
        """Pairs that are not counted. The first of a launch is slow by some per cent, and by much more where scratch
        memory is set aside; with the next ones it chooses the yardstick."""
        found = [self._pair(session, band, function, timeout_s)]
        if self.subject.rival is None:
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
        if self.subject.rival is not None and self.subject.plan.pairs is None:
            self._pair_until_certain(found, lambda: self._pair(session, band, function, timeout_s))
        return found

    def _worked(self, found: Sequence[tuple[Shape, PairTimes]]) -> list[tuple[float, PairTimes]]:
        return [(work_of_call(self.subject.task, shape), times) for shape, times in found]

    def peak(self, session: LaunchSession) -> float:
        """The peak of one core now, in GFLOPS. It is probed in the opponent's process, which may be a rival's: so no
        more is believed than the host's own peak, and some per cent for a clock rate that is higher today."""
        found = session.peak_gflops(vector_bytes(self.subject.host.arch))
        most = (
            self.subject.host.peak_gflops.value * PEAK_ABOVE_HOSTS
            if self.subject.host.peak_gflops
            else math.inf
        )
        return min(found, most)

    def _enough(self, times: Sequence[PairTimes], band: Band) -> bool:
        """Whether a launch has its pairs. By timed calls alone: the first, which warms up, may be slow on purpose."""
        if len(times) >= (self.subject.plan.pairs or band.pairs):
            return True
        spent_ns = sum(t.candidate_ns + t.yardstick_ns for t in times)
        slow = spent_ns > HEAD_TO_HEAD_SLOW_S * 1e9
        if slow and self.subject.rival is not None and self.subject.plan.pairs is None:
            return True
        if self.subject.plan.purpose != "training":
            return False
        if len(times) < LEAST_PAIRS:
            return min(t.candidate_ns for t in times) > SLOW_CALL_S * 1e9
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
