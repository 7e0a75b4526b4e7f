"""What a launch may not look like: noise, physics, and a denominator that is slow beside this candidate only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from hayate.judge.failures import CandidateFailed, OpponentFailed
from hayate.judge.pairing import Pairing
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import UNIFORM, corners, near, sample
from hayate.judge.subject import Subject
from hayate.judge.times import DELAYED_SHARE, PairTimes
from hayate.judge.verification import Covered, again, verify
from hayate.judge.work import FLOPS, rate_of, work_of_call
from hayate.records import Built, Launch, Outcome, Shape, Technique

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


class Suspicion(Exception):
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


class Unsettled(Exception):
    """What would tell of a cheat beside trusted code, seen in launches that ran a rival's: no word on the candidate."""

    def __init__(self, reason: str, numbers: dict[str, float]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.numbers = numbers


class Guard:
    """Of one measurement: raises Suspicion of a launch that can't be right."""

    def __init__(self, subject: Subject, pairing: Pairing) -> None:
        self.subject, self.pairing = subject, pairing
        self.own_delays = False  # the candidate keeps itself waiting: its time, and no noise
        self.rivals_delays = False  # likewise
        self.drifted = (
            1.0  # the yardstick's share of its calibrated speed, where that is low and was let pass
        )

    def launch(self, launch: Launch, times: Sequence[PairTimes]) -> None:
        """Whether it looks as one must, in one band."""
        # Where threads are permitted a candidate's own may keep its first one waiting; only the yardstick's delays
        # tell of the machine then.
        own = self.own_delays or Technique.THREADS in self.subject.built.permitted
        opponent = next(o for o in self.subject.opponents if o.name == launch.yardstick)
        its = self.rivals_delays or Technique.THREADS in opponent.permitted  # so may those of a rival
        disturbed = sum((t.candidate_delayed and not own) or (t.yardstick_delayed and not its) for t in times)
        if disturbed > DELAYED_LAUNCH_SHARE * len(times):
            by_itself = its or not any(t.yardstick_delayed for t in times)
            by_rival = self.subject.rival is not None and not any(t.candidate_delayed for t in times)
            raise Suspicion(
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
            raise Suspicion(
                Outcome.CHEATED,
                f"it took {excess / 1e3:.0f} us longer than the yardstick from wake-up to ready, in four launches: "
                "work was done before the clock started",
                {"excess_us": excess / 1e3},
            )
        rates = [f / ns for f, ns in zip(launch.flops, launch.candidate_ns, strict=True)]
        rate = statistics.median(rates)
        peak = (launch.peak_gflops or math.inf) * len(self.subject.slot.compute_cores)
        # Other work has no such peak.
        if rate_of(self.subject.task) is FLOPS and rate > FASTER_THAN_PEAK * peak:
            raise Suspicion(
                Outcome.CHEATED,
                f"{rate:.4g} GFLOPS by the task's minimal work, faster than the machine's peak of "
                f"{peak:.4g} GFLOPS probed beside it, in four launches",
                {"gflops": rate, "peak_gflops": peak},
            )
        self._denominator(launch)

    def _denominator(self, launch: Launch) -> None:
        """A yardstick that is slow beside this candidate only was slowed by it."""
        if self.subject.calibration is None or launch.yardstick_gflops is None or not launch.peak_gflops:
            return
        usual = launch.yardstick_gflops / self.subject.calibration.peak_gflops
        share = _of_peak(launch) / usual
        if share >= YARDSTICK_SHARE:
            return
        beside_itself = self._yardstick_beside_itself(launch)
        if share > YARDSTICK_SHARE * beside_itself:
            if self.subject.plan.purpose == "training" and beside_itself >= DRIFTED_SHARE:
                self.drifted = min(self.drifted, beside_itself)
                return
            raise Suspicion(
                None,
                f"the yardstick {launch.yardstick} runs at {beside_itself:.0%} of its calibrated speed",
                {},
            )
        raise Suspicion(
            Outcome.CHEATED,
            f"the yardstick {launch.yardstick} ran at {share:.0%} of its usual speed beside this candidate and at "
            f"{beside_itself:.0%} beside itself, in four launches",
            {"yardstick_share": share, "yardstick_share_beside_itself": beside_itself},
        )

    def _yardstick_beside_itself(self, launch: Launch) -> float:
        assert self.subject.calibration is not None and launch.yardstick_gflops is not None
        same = next(o for o in self.subject.opponents if o.name == launch.yardstick)
        usual = launch.yardstick_gflops / self.subject.calibration.peak_gflops
        return self._of_peak_beside_itself(same, launch.band) / usual

    def beaten(self, launches: Sequence[Launch]) -> None:
        """Raises Unsettled if the rival was slow beside this candidate only: the candidate may have slowed it, or it
        slowed itself to spoil the comparison."""
        shares: dict[str, list[float]] = {}
        for launch in launches:
            if launch.peak_gflops:
                shares.setdefault(launch.band, []).append(_of_peak(launch))
        slow = {name: statistics.median(found) for name, found in shares.items()}
        alone: dict[str, float] = {}
        for _ in range(RIVAL_ALONE):  # the candidate is believed, band by band, if one of them agrees with it
            alone = self._rival_beside_itself()
            slow = {name: share for name, share in slow.items() if share < YARDSTICK_SHARE * alone[name]}
            if not slow:
                return
        name = min(slow, key=lambda band: slow[band] / alone[band])
        raise Unsettled(
            f"the rival ran at {slow[name]:.0%} of the machine's peak beside this candidate and at {alone[name]:.0%} "
            f"beside itself, in {RIVAL_ALONE} launches",
            {"rival_of_peak": slow[name], "rival_of_peak_beside_itself": alone[name]},
        )

    def _rival_beside_itself(self) -> dict[str, float]:
        """Of each band its speed as an opponent, as a share of the peak: in a launch that is like those that it lost
        in all that it could count, shapes, values and calls, or it would be slow in those alone."""
        rival = self.subject.rival
        assert rival is not None
        subject = replace(self.subject, built=rival)
        pairing = Pairing(subject, Covered())
        pairing.reach, pairing.rival_s = self.pairing.reach, self.pairing.rival_s
        checked = again(subject.task, sample(subject.task, 1, subject.rng), subject.rng)
        shapes = [*checked.shapes, *(shape for b in subject.bands for shape in corners(subject.task, b))]
        try:
            with self._session(rival, shapes, holds_slot=False) as session:
                verify(session, checked, Covered(), plan=subject.plan, rng=subject.rng, reach=pairing.reach)
                return {band.name: _of_peak(pairing.time_band(session, band)[0]) for band in subject.bands}
        except CandidateFailed as failure:
            raise OpponentFailed(rival.name, failure, self.subject.task.where) from failure

    def _session(self, same: Built, shapes: Sequence[Shape], *, holds_slot: bool) -> LaunchSession:
        return LaunchSession(
            self.subject.task,
            same,
            [same],
            natives=self.subject.programs,
            slot=self.subject.slot,
            sandbox=self.subject.sandbox,
            shapes=shapes,
            wall_s=self.subject.plan.wall_s,
            holds_slot=holds_slot,
        )

    def _of_peak_beside_itself(self, same: Built, band_name: str) -> float:
        """Its speed as a share of the peak probed in the same launch."""
        band = next(b for b in self.subject.task.bands if b.name == band_name)
        try:
            # The launch that this one explains has the slot, and its runners are stopped.
            with self._session(same, corners(self.subject.task, band), holds_slot=True) as session:
                peak = self.pairing.peak(session)
                found = []
                for i in range(3):
                    shape = near(self.subject.task, band, self.subject.rng)
                    times = session.pair(
                        shape,
                        function=0,
                        candidate_first=bool(i % 2),
                        distribution=UNIFORM,
                        seed=self.subject.seed(),
                        timeout_s=10.0,
                    )
                    found.append((shape, times))
        except CandidateFailed as failure:
            raise OpponentFailed(same.name, failure, self.subject.task.where) from failure
        rates = [work_of_call(self.subject.task, s) / t.yardstick_ns for s, t in found]
        return statistics.median(rates) / peak


def _of_peak(launch: Launch) -> float:
    """The yardstick's speed as a share of the peak probed in the same launch."""
    rates = [f / ns for f, ns in zip(launch.flops, launch.yardstick_ns, strict=True)]
    return statistics.median(rates) / (launch.peak_gflops or math.inf)
