"""Claims on a place among the elites: what is measured again before it is believed.

A single launch is lucky now and then, and the best of many is lucky for certain. So nothing displaces an
elite by the figure that made it look good: a fresh measurement decides, head to head against the task's best.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hayate.archive import Archive, Elite, MeasurementKey
from hayate.errors import Fault, FaultKind
from hayate.evaluate.verdicts import niche
from hayate.farm.base import Farm
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, MeasurePlan, Outcome, Speedup, Step, Task, Verdict

_KEPT_BUILDS = 64  # objects of elites kept as rivals; some tens of kB each
_FAILURES_AS_RIVAL = 3  # once or twice may be the machine


class EvaluateSettings(BaseModel):
    """When a claim is measured again, and when the machine's trouble is too much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # best: head to head for the task's best, one fresh launch for a niche's; always: head to head for both
    confirm: Literal["always", "best", "never"] = "best"
    confirm_launches: int = Field(default=3, ge=1)  # of a head-to-head, before it is first looked at
    confirm_max_launches: int = Field(default=5, ge=1)
    # Shapes that a claimant to the task's best is checked on, up to the corners of the domain; 0: no more than others
    thorough_shapes: int = Field(default=120, ge=0)
    jump: float = Field(default=1.5, gt=1)  # more than so many times the best so far is measured again
    fault_share: float = Field(default=0.1, ge=0, le=1)  # of a batch; above it `evaluate` raises
    # rank: once the archive has enough to learn from, only what a surrogate ranks high in its batch is measured
    surrogate: Literal["off", "rank"] = "off"
    surrogate_keep: float = Field(default=0.5, gt=0, le=1)  # share of a batch's new object codes, rounded up
    surrogate_audit: float = Field(default=0.1, ge=0, le=1)  # chance of each other one to be measured, too
    surrogate_refit: int = Field(default=100, ge=1)  # fitted anew after so many further measurements


@dataclass(frozen=True)
class Claim:
    """A place among the elites."""

    quality: float
    confirmed: bool


class Claims:
    """Weigh claims one at a time, under the lock `one_at_a_time`, until they are granted."""

    def __init__(self, farm: Farm, archive: Archive, settings: EvaluateSettings) -> None:
        self.farm, self.archive, self.settings = farm, archive, settings
        self.one_at_a_time = threading.RLock()
        self._rivals: OrderedDict[str, Built] = OrderedDict()
        self._failures: Counter[str] = Counter()  # of an elite in the part of the rival, by candidate

    def key(self, task: Task, built: Built, plan: MeasurePlan) -> MeasurementKey:
        return MeasurementKey.of(
            task,
            built,
            plan,
            judge_version=self.farm.judge_version(task),
            host_class=self.farm.host.host_class,
            sandbox=self.farm.sandbox_tier,
        )

    def grant(self, claim: Claim, verdict: Verdict, verdict_id: int, built: Built) -> None:
        self.archive.put_elite(verdict, verdict_id, confirmed=claim.confirmed, quality=claim.quality)
        self._keep(verdict.candidate, built)

    def empty_niche(self, task: Task, built: Built, found: Measurement) -> Claim | None:
        """What object code that was measured before may still claim."""
        if found.outcome is not Outcome.ACCEPTED or found.speedup is None:
            return None
        filled = any(elite.niche == niche(built) for elite in self._elites(task))
        return None if filled else Claim(found.speedup.low, confirmed=False)

    def weigh(
        self, task: Task, built: Built, plan: MeasurePlan, number: int, found: Measurement
    ) -> tuple[int, Measurement, Claim | None]:
        """What a fresh measurement is worth: it may be taken again, refused, or get a place.

        `number` is the measurement's id in the archive. Returns the measurement that counts, with its id. The
        machine's trouble in a confirmation leaves the verdict as it is and the elites as they are.
        """
        if found.outcome is not Outcome.ACCEPTED or found.speedup is None:
            return number, found, None
        began = self.farm.clock()
        said: list[str] = []
        claim = None
        try:
            number, found = self._again_if_far_above(task, built, plan, number, found, said)
            if found.outcome is Outcome.ACCEPTED and found.speedup is not None:
                number, found, claim = self._weigh(task, built, plan, number, found, found.speedup, said)
        except Fault as fault:
            said.append(f"not confirmed: {fault}")
        if said:
            step = Step(name="confirm", wall_s=self.farm.clock() - began, note="; ".join(said))
            found = found.model_copy(
                update={"steps": (*found.steps, step), "wall_s": found.wall_s + step.wall_s}
            )
        return number, found, claim

    def _again_if_far_above(
        self, task: Task, built: Built, plan: MeasurePlan, number: int, found: Measurement, said: list[str]
    ) -> tuple[int, Measurement]:
        best = next(iter(self._elites(task)), None)
        assert found.speedup is not None
        if best is None or found.speedup.median <= self.settings.jump * _median(best):
            return number, found
        said.append(f"{found.speedup.median:.3g}x is far above the best so far: measured again")
        found = _measured(self.farm.measure(task, built, plan, priority=-1, elsewhere=True).result())
        return self.archive.store_measurement(self.key(task, built, plan), found), found

    def _weigh(
        self,
        task: Task,
        built: Built,
        plan: MeasurePlan,
        number: int,
        found: Measurement,
        speedup: Speedup,
        said: list[str],
    ) -> tuple[int, Measurement, Claim | None]:
        elites = self._elites(task)
        best = elites[0] if elites else None
        elite = next((e for e in elites if e.niche == niche(built)), None)
        leads = best is None or speedup.low > best.quality
        if not leads and elite is None:
            return number, found, Claim(speedup.low, confirmed=False)
        if not leads and elite is not None and speedup.low <= _median(elite):
            return number, found, None
        if self.settings.confirm == "never":
            return number, found, Claim(speedup.low, confirmed=False)

        against = best if leads else elite
        head_to_head = leads or self.settings.confirm == "always"
        rival = self._rival(task, against) if head_to_head and against is not None else None
        try:
            check = self._confirm(task, built, plan, rival)
        except Fault:
            if against is not None:
                self._rivals.pop(against.candidate, None)  # a farm may have lost it: built again next time
            raise
        if check.rival is not None and rival is not None and against is not None:
            # The elite's own doing, and no word on the claimant.
            how = f"the elite {against.candidate[:8]} failed as rival"
            why = f"{check.rival.outcome.value}: {check.rival.reason}"
            if not self._depose(task, against, rival, plan):
                said.append(f"not confirmed: {how}, and keeps its place until it fails again: {why}")
                return number, found, None
            said.append(f"{how} and lost its place: {why}")
            return self._weigh(task, built, plan, number, found, speedup, said)
        if check.outcome is not Outcome.ACCEPTED or check.speedup is None:
            # What a fresh look found holds for this object code from now on.
            refusal = check.model_copy(update={"reason": f"in a fresh confirmation: {check.reason}"})
            return self.archive.store_measurement(self.key(task, built, plan), refusal), refusal, None
        if rival is not None and against is not None:
            ratio = check.speedup
            said.append(
                f"{ratio.median:.3f} ({ratio.low:.3f} to {ratio.high:.3f}) times as fast as the elite "
                f"{against.candidate[:8]}"
            )
            won = ratio.low > 1
            # One launch's luck is cut back to what the head-to-head allows.
            quality = min(max(speedup.low, against.quality * ratio.low), against.quality * ratio.high)
            if not won:
                quality = min(quality, against.quality * min(1.0, ratio.median))
        else:
            said.append(f"a fresh launch: {check.speedup.median:.3g}x {check.speedup.baseline}")
            won = against is None or check.speedup.median > _median(against)
            quality = min(speedup.low, check.speedup.low)
        if won or elite is None or (elite is not against and quality > elite.quality):
            failed = self._thoroughly(task, built, plan, said) if leads else None
            if failed is not None:
                return self.archive.store_measurement(self.key(task, built, plan), failed), failed, None
            return number, found, Claim(quality, confirmed=True)
        return number, found, None

    def _thoroughly(self, task: Task, built: Built, plan: MeasurePlan, said: list[str]) -> Measurement | None:
        """Who is to be the task's best is right in more than a dozen shapes; None if so, else the refusal."""
        if self.settings.thorough_shapes == 0:
            return None
        deep = MeasurePlan(
            purpose="check",
            launches=0,
            verify_shapes=self.settings.thorough_shapes,
            thorough=True,
            wall_s=plan.wall_s,
        )
        try:
            check = _measured(self.farm.measure(task, built, deep, priority=-1).result())
        except Fault as fault:
            if fault.kind is not FaultKind.NOT_RECORDED:  # an archive made before there were such checks
                raise
            said.append("no thorough check is on record")
            return None
        self.archive.store_measurement(self.key(task, built, deep), check)
        if check.outcome is Outcome.ACCEPTED:
            said.append(f"thoroughly checked: {check.reason}")
            return None
        return check.model_copy(update={"reason": f"in a thorough check: {check.reason}"})

    def _confirm(self, task: Task, built: Built, plan: MeasurePlan, rival: Built | None) -> Measurement:
        """A fresh measurement: against `rival` until decided, or one launch against the task's yardsticks."""
        few = self.settings.confirm_launches if rival is not None else 1
        most = max(few, self.settings.confirm_max_launches) if rival is not None else 1
        afresh = plan.model_copy(update={"purpose": "confirm", "launches": few, "max_launches": most})
        check = _measured(self.farm.measure(task, built, afresh, rival, priority=-1, elsewhere=True).result())
        if check.rival is None:  # a comparison that did not come about is no figure of this object's
            self.archive.store_measurement(self.key(task, built, afresh), check)
        return check

    def _depose(self, task: Task, elite: Elite, built: Built, plan: MeasurePlan) -> bool:
        """Take its place from an elite that failed beside a claimant, if it fails alone, too, or does it again.

        Who has the best place and breaks whenever it is challenged would keep it for good.
        """
        self._failures[elite.candidate] += 1
        if self._failures[elite.candidate] < _FAILURES_AS_RIVAL:
            alone = self._confirm(task, built, plan, None)
            if alone.outcome is Outcome.ACCEPTED:
                return False
            # What a fresh look found holds for this object code from now on.
            self.archive.store_measurement(self.key(task, built, plan), alone)
        self.archive.drop_elite(elite)
        return True

    def _elites(self, task: Task) -> list[Elite]:
        """Those that hold for this version of task and judge on this class of host, best first."""
        found = self.archive.elites(task.name, host_class=self.farm.host.host_class, task_hash=task.hash)
        return [elite for elite in found if elite.judge_version == self.farm.judge_version(task)]

    def _rival(self, task: Task, elite: Elite) -> Built | None:
        """The elite's object, built again if it isn't at hand; None if it can't be built any more."""
        built = self._rivals.get(elite.candidate)
        if built is None:
            candidate = self.archive.candidate(elite.candidate)
            if candidate is None:
                return None
            future = self.farm.build(
                task,
                candidate.source,
                candidate.permitted,
                candidate.hash,
                language=candidate.language,
                priority=-1,
            )
            made = future.result()
            if isinstance(made, Rejection):
                return None
            built = made
        self._keep(elite.candidate, built)
        return built

    def _keep(self, candidate_hash: str, built: Built) -> None:
        self._rivals[candidate_hash] = built
        self._rivals.move_to_end(candidate_hash)
        if len(self._rivals) > _KEPT_BUILDS:
            self._rivals.popitem(last=False)


def _measured(found: Measurement) -> Measurement:
    """Raises Fault if it is a guess."""
    if found.guess:
        raise Fault(
            FaultKind.NOT_RECORDED,
            "a guess confirms nothing",
            remedy="judge.confirm = 'never', or a farm that measures",
        )
    return found


def _median(elite: Elite) -> float:
    return elite.quality if elite.speedup is None else elite.speedup
