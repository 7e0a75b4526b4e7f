"""What was measured, by object code: the same machine code is not timed twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa

from hayate.archive.samples import Samples
from hayate.archive.schema import measurements, verdicts
from hayate.judge.results import Measurement
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, Task, Technique, Verdict, decode, encode


@dataclass(frozen=True, slots=True)
class MeasurementKey:
    """What must be equal for a measurement to hold again: all that can change what the judge finds.

    Who asked with fewer shapes, or gave less time, has an answer to that question and to no other.
    """

    object_hash: str
    task_hash: str
    judge_version: str
    host_class: str
    flags: str  # of the compilation, and "threads" where the runner lets the candidate start some
    bands: str  # and how often each is looked at
    purpose: str
    # Each "" where it was not recorded yet: such a measurement answers nobody but a replay.
    plan: str  # all of it, as plan_key writes it
    sandbox: str  # tier
    compiler: str

    @classmethod
    def of(
        cls,
        task: Task,
        built: Built,
        plan: MeasurePlan,
        *,
        judge_version: str,
        host_class: str,
        sandbox: str,
    ) -> MeasurementKey:
        threads = ("threads",) if Technique.THREADS in built.permitted else ()
        return cls(
            object_hash=built.object_hash,
            task_hash=task.hash,
            judge_version=judge_version,
            host_class=host_class,
            flags=" ".join((*built.flags, *threads)),
            bands=bands_key(plan),
            purpose=plan.purpose,
            plan=plan_key(plan),
            sandbox=sandbox,
            compiler=built.compiler,
        )

    @property
    def kind(self) -> MeasurementKey:
        """What a replay goes by: the object, the task, the judge, the class of host and the kind of plan."""
        return replace(self, plan="", sandbox="", compiler="")


def plan_key(plan: MeasurePlan) -> str:
    """Every field with its value, in a fixed order. A field that is new makes other keys, to be on the safe side."""
    return encode(plan)


def bands_key(plan: MeasurePlan) -> str:
    """What a plan looks at, and how often. One without launches only verifies: no substitute for a timing."""
    bands = "*" if plan.bands is None else " ".join(sorted(plan.bands))
    return f"{bands} x{plan.launches}" if plan.launches else "none"


class Measurements(Samples):
    def find_measurement(self, key: MeasurementKey) -> tuple[int, Measurement] | None:
        """The newest with this key, and its id. What a later one found (a cheat, say) thus takes effect."""
        with self._read() as connection:
            return _newest(connection, asdict(key))

    def store_measurement(self, key: MeasurementKey, measurement: Measurement) -> int:
        """Committed when this returns. Its id."""
        values = {**asdict(key), "outcome": measurement.outcome.value, "record": encode(measurement)}
        with self._write() as connection:
            done = connection.execute(_INSERT, {"created": time.time(), **values})
            made = done.inserted_primary_key
        assert made is not None
        return int(made[0])

    def recall(
        self,
        candidate_hash: str,
        task_hash: str,
        judge_version: str,
        host: HostProfile,
        plan: MeasurePlan,
        *,
        sandbox: str,
    ) -> Recalled | None:
        """What is known of this very candidate, so that it need not be built again. None: judge it.

        The version of task, judge and compiler, the class of host, the plan and the sandbox's tier must be the same.
        """
        wanted = {
            "candidate": candidate_hash,
            "task_hash": task_hash,
            "judge_version": judge_version,
            "host_class": host.host_class,
            "bands": bands_key(plan),
            "purpose": plan.purpose,
            "plan": plan_key(plan),
            "sandbox": sandbox,
        }
        with self._read() as connection:
            row = connection.execute(_RECALL, wanted).mappings().first()
            if row is None:
                return None
            newest = None
            if row["object_hash"] is not None:
                newest = _newest(connection, {name: row[name] for name in MeasurementKey.__slots__})
        verdict = self.verdict(row["id"])
        if verdict is None or verdict.host.compiler != host.compiler:
            return None
        return Recalled(verdict, *(newest or (None, None)))


@dataclass(frozen=True, slots=True)
class Recalled:
    """An earlier verdict on a candidate, with the newest measurement of its object code if it ever ran."""

    verdict: Verdict
    measurement_id: int | None
    measurement: Measurement | None


# Made once: SQLAlchemy takes longer to make a statement than the database to run it.
_INSERT = sa.insert(measurements)
_NEWEST = (
    sa.select(measurements.c.id, measurements.c.record)
    .where(*(measurements.c[name] == sa.bindparam(name) for name in MeasurementKey.__slots__))
    .order_by(measurements.c.id.desc())
    .limit(1)
)
_RECALL = (
    sa.select(verdicts.c.id, *(measurements.c[name] for name in MeasurementKey.__slots__))
    .select_from(verdicts.outerjoin(measurements, verdicts.c.measurement == measurements.c.id))
    .where(
        verdicts.c.candidate == sa.bindparam("candidate"),
        *(verdicts.c[name] == sa.bindparam(name) for name in ("task_hash", "judge_version", "host_class")),
        sa.or_(
            sa.and_(
                *(
                    measurements.c[name] == sa.bindparam(name)
                    for name in ("bands", "purpose", "plan", "sandbox")
                )
            ),
            sa.and_(verdicts.c.measurement.is_(None), verdicts.c.outcome != Outcome.ACCEPTED.value),
        ),
    )
    .order_by(verdicts.c.id.desc())
    .limit(1)
)


def _newest(connection: sa.Connection, key: Mapping[str, str]) -> tuple[int, Measurement] | None:
    row = connection.execute(_NEWEST, key).first()
    return None if row is None else (row.id, decode(Measurement, row.record))
