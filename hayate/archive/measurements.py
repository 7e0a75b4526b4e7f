"""What was measured, by object code: the same machine code is not timed twice."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.schema import measurements
from hayate.judge.results import Measurement
from hayate.records import Built, MeasurePlan, Task, Technique, decode, encode


@dataclass(frozen=True, slots=True)
class MeasurementKey:
    """What must be equal for a measurement to hold again."""

    object_hash: str
    task_hash: str
    judge_version: str
    host_class: str
    flags: str
    bands: str
    purpose: str

    @classmethod
    def of(
        cls, task: Task, built: Built, plan: MeasurePlan, *, judge_version: str, host_class: str
    ) -> MeasurementKey:
        """Threads belong to the flags: the runner of a candidate without them may not start any.

        A plan without launches verifies only; its measurement must not stand in for one with times.
        """
        threads = ("threads",) if Technique.THREADS in built.permitted else ()
        bands = "*" if plan.bands is None else " ".join(sorted(plan.bands))
        return cls(
            object_hash=built.object_hash,
            task_hash=task.hash,
            judge_version=judge_version,
            host_class=host_class,
            flags=" ".join((*built.flags, *threads)),
            bands=bands,
            purpose=plan.purpose if plan.launches else "check",
        )


class Measurements(Database):
    def find_measurement(self, key: MeasurementKey) -> Measurement | None:
        """The newest with this key. A later refusal (a confirmation that found a cheat) thus takes effect."""
        where = [measurements.c[name] == value for name, value in asdict(key).items()]
        query = sa.select(measurements.c.record).where(*where).order_by(measurements.c.id.desc()).limit(1)
        with self._read() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else decode(Measurement, text)

    def store_measurement(self, key: MeasurementKey, measurement: Measurement) -> None:
        values = {**asdict(key), "outcome": measurement.outcome.value, "record": encode(measurement)}
        with self._write() as connection:
            connection.execute(sa.insert(measurements).values(created=time.time(), **values))
