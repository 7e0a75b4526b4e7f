"""Candidates, prompts, verdicts, and every occurrence of a candidate: a sample."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.rows import Ancestor, SampleRow
from hayate.archive.schema import candidates, figures, is_guess, parents, prompts, samples, verdicts
from hayate.errors import Fault
from hayate.records import (
    Candidate,
    Origin,
    Outcome,
    Prompt,
    Technique,
    Timing,
    Verdict,
    decode,
    encode,
)

_LINEAGE_DEPTH = 1000
_INSERT_SAMPLE, _INSERT_VERDICT = sa.insert(samples), sa.insert(verdicts)


class Samples(Database):
    def record_prompt(self, prompt: Prompt) -> str:
        """Its hash."""
        row = {"hash": prompt.hash, "task": prompt.assignment.task, "record": encode(prompt)}
        with self._write() as connection:
            self._insert_new(connection, prompts, {"created": time.time(), **row})
        return prompt.hash

    def prompt(self, prompt_hash: str) -> Prompt | None:
        with self._read() as connection:
            query = sa.select(prompts.c.record).where(prompts.c.hash == prompt_hash)
            text = connection.execute(query).scalar()
        return None if text is None else decode(Prompt, text)

    def record_candidate(self, candidate: Candidate) -> str:
        """A candidate without a sample of its own, e.g. a template's. Its hash."""
        with self._write() as connection:
            self._add_candidate(connection, candidate)
        return candidate.hash

    def record_sample(
        self,
        candidate: Candidate,
        verdict: Verdict | None,
        reward: float | None,
        *,
        abandoned: bool = False,
        fault: Fault | None = None,
        measurement: int | None = None,
    ) -> int:
        """One occurrence of `candidate`, committed when this returns. No verdict: the machine's fault.

        `measurement` is what `store_measurement` returned for the one that the verdict stands on.
        Returns the verdict's id for `verdict()` and the elites, or -1 without a verdict.
        """
        origin = candidate.origin
        with self._write() as connection:
            self._add_candidate(connection, candidate)
            verdict_id = None if verdict is None else self._add_verdict(connection, verdict, measurement)
            row = {
                "candidate": candidate.hash,
                "task": candidate.task,
                "run": origin.run,
                "phase": origin.phase,
                "step": origin.step,
                "group_index": origin.group,
                "sample_index": origin.index,
                "kind": origin.kind,
                "policy": origin.policy,
                "prompt_hash": origin.prompt_hash,
                "origin": encode(origin),
                "verdict": verdict_id,
                "fault": None if fault is None else fault.kind.value,
                "fault_message": None if fault is None else str(fault),
                "reward": reward,
                "abandoned": abandoned,
                "created": time.time(),
            }
            connection.execute(_INSERT_SAMPLE, row)
        return -1 if verdict_id is None else verdict_id

    def samples(
        self,
        run: str | None = None,
        phase: str | None = None,
        step: int | None = None,
        *,
        task: str | None = None,
        include_abandoned: bool = False,
    ) -> list[SampleRow]:
        """In the order in which they were recorded. `run` None: of all runs."""
        where: list[sa.ColumnElement[bool]] = []
        for column, value in (
            (samples.c.run, run),
            (samples.c.phase, phase),
            (samples.c.step, step),
            (samples.c.task, task),
        ):
            if value is not None:
                where.append(column == value)
        if not include_abandoned:
            where.append(~samples.c.abandoned)
        s, v = samples.c, verdicts.c
        query = (
            sa.select(
                s.id,
                s.candidate.label("hash"),
                s.task,
                s.run,
                s.phase,
                s.step,
                s.group_index.label("group"),
                s.sample_index.label("index"),
                s.kind,
                s.policy,
                s.verdict,
                v.outcome,
                s.fault,
                sa.func.coalesce(v.reason, s.fault_message).label("reason"),
                v.niche,
                *figures,
                s.reward,
                v.wall_s,
                v.reused,
                sa.func.coalesce(is_guess, False).label("guess"),
                s.abandoned,
                s.created,
            )
            .select_from(samples.outerjoin(verdicts, s.verdict == v.id))
            .where(*where)
            .order_by(s.id)
        )
        with self._read() as connection:
            return [_sample_row(row) for row in connection.execute(query).mappings()]

    def candidate(self, candidate_hash: str) -> Candidate | None:
        """With the origin of its first occurrence."""
        with self._read() as connection:
            query = sa.select(candidates).where(candidates.c.hash == candidate_hash)
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Candidate(
            task=row["task"],
            source=row["source"],
            permitted=tuple(Technique(name) for name in row["permitted"]),
            origin=decode(Origin, row["origin"]),
            language=row["language"],
        )

    def verdict(self, verdict_id: int) -> Verdict | None:
        return self._verdict(verdicts.c.id == verdict_id)

    def verdict_of(
        self,
        candidate_hash: str,
        *,
        task_hash: str | None = None,
        judge_version: str | None = None,
        host_class: str | None = None,
    ) -> Verdict | None:
        """The newest verdict on a candidate; with keys, the newest that holds for them."""
        where = [verdicts.c.candidate == candidate_hash]
        for column, value in (
            (verdicts.c.task_hash, task_hash),
            (verdicts.c.judge_version, judge_version),
            (verdicts.c.host_class, host_class),
        ):
            if value is not None:
                where.append(column == value)
        return self._verdict(*where)

    def lineage(self, candidate_hash: str) -> list[Ancestor]:
        """Its ancestors, nearest first; each once, by its shortest way."""
        found: dict[str, int] = {}
        front: set[str] = {candidate_hash}
        origins: dict[str, Origin] = {}
        with self._read() as connection:
            for generation in range(1, _LINEAGE_DEPTH):
                query = sa.select(parents.c.parent).where(parents.c.candidate.in_(front)).distinct()
                front = {name for (name,) in connection.execute(query)} - found.keys() - {candidate_hash}
                if not front:
                    break
                found |= dict.fromkeys(sorted(front), generation)
                known = sa.select(candidates.c.hash, candidates.c.origin).where(candidates.c.hash.in_(front))
                origins |= {name: decode(Origin, text) for name, text in connection.execute(known)}
        return [Ancestor(name, generation, origins.get(name)) for name, generation in found.items()]

    def sources(self, hashes: Iterable[str]) -> dict[str, str]:
        """Candidate hash -> source, of those that are known."""
        with self._read() as connection:
            query = sa.select(candidates.c.hash, candidates.c.source).where(
                candidates.c.hash.in_(set(hashes))
            )
            return {row.hash: row.source for row in connection.execute(query)}

    def _verdict(self, *where: sa.ColumnElement[bool]) -> Verdict | None:
        query = sa.select(verdicts.c.record, verdicts.c.timing).where(*where).order_by(verdicts.c.id.desc())
        with self._read() as connection:
            row = connection.execute(query.limit(1)).first()
        if row is None:
            return None
        verdict = decode(Verdict, row.record)
        return (
            verdict
            if row.timing is None
            else verdict.model_copy(update={"timing": decode(Timing, row.timing)})
        )

    def _add_candidate(self, connection: sa.Connection, candidate: Candidate) -> None:
        row = {
            "hash": candidate.hash,
            "task": candidate.task,
            "source": candidate.source,
            "permitted": [str(technique) for technique in candidate.permitted],
            "origin": encode(candidate.origin),
            "created": time.time(),
            "language": candidate.language,
        }
        self._insert_new(connection, candidates, row)
        for parent in candidate.origin.parents:
            self._insert_new(connection, parents, {"candidate": candidate.hash, "parent": parent})

    def _add_verdict(self, connection: sa.Connection, verdict: Verdict, measurement: int | None) -> int:
        metric, speedup = verdict.metric, verdict.speedup
        row = {
            "candidate": verdict.candidate,
            "task": verdict.task,
            "task_hash": verdict.task_hash,
            "judge_version": verdict.judge_version,
            "host_class": verdict.host.host_class,
            "outcome": verdict.outcome.value,
            "reason": verdict.reason,
            "numbers": verdict.numbers,
            "niche": verdict.niche,
            "techniques": [str(technique) for technique in verdict.techniques],
            "metric": None if metric is None else metric.name,
            "metric_value": None if metric is None else metric.value,
            "metric_low": None if metric is None else metric.low,
            "metric_high": None if metric is None else metric.high,
            "baseline": None if speedup is None else speedup.baseline,
            "speedup": None if speedup is None else speedup.median,
            "speedup_low": None if speedup is None else speedup.low,
            "speedup_high": None if speedup is None else speedup.high,
            "object_hash": verdict.object_hash,
            "measurement": measurement,
            "sandbox": verdict.sandbox,
            "wall_s": verdict.wall_s,
            "reused": verdict.reused,
            "timing": None if verdict.timing is None else encode(verdict.timing),
            "record": encode(verdict.model_copy(update={"timing": None})),
            "created": time.time(),
        }
        done = connection.execute(_INSERT_VERDICT, row)
        key = done.inserted_primary_key
        assert key is not None
        return int(key[0])


def _sample_row(row: sa.RowMapping) -> SampleRow:
    values: dict[str, Any] = dict(row)
    values["guess"] = bool(values["guess"])
    if values["outcome"] is not None:
        values["outcome"] = Outcome(values["outcome"])
    return SampleRow(**values)
