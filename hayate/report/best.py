"""The best kernel of a run: what it is, where it came from, how it differs from the reference."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from hayate.archive import Archive, SampleRow
from hayate.records import Language, Origin, Verdict
from hayate.report.models import AncestorReport, BestReport, MetricReport, SpeedupReport
from hayate.report.rows import TaskRows, iso

_MAX_LINEAGE = 50


def best_kernel(archive: Archive, work: TaskRows) -> BestReport | None:
    """The run's elite of highest quality; without elites its sample with the highest low end."""
    everything = work.rows + work.abandoned
    own = {row.hash for row in everything}
    elite = next((e for e in archive.elites(work.name) if e.candidate in own), None)
    row = _best_of(everything, lambda r: elite is None or r.hash == elite.candidate)
    if row is None:
        return None
    verdict_id = row.verdict if elite is None else elite.verdict
    verdict = None if verdict_id is None else archive.verdict(verdict_id)
    candidate = archive.candidate(row.hash)
    if verdict is None or candidate is None:
        return None
    stored = work.baselines if work.baselines is not None and work.baselines.best == row.hash else None
    return BestReport(
        task=work.name,
        candidate=row.hash,
        source=candidate.source,
        language=candidate.language,
        metric=_metric(verdict),
        final=stored.best_gflops if stored else None,
        peak_share=stored.peak_share if stored else None,
        speedup=_speedup(verdict),
        confirmed=elite is not None and elite.confirmed,
        techniques=tuple(t.value for t in verdict.techniques),
        permitted=tuple(t.value for t in candidate.permitted),
        niche=verdict.niche,
        found_in=row.phase,
        found_at_step=row.step,
        origin=in_words(candidate.origin),
        lineage=tuple(
            AncestorReport(
                candidate=a.hash,
                generation=a.generation,
                origin="not in this archive" if a.origin is None else in_words(a.origin),
            )
            for a in archive.lineage(row.hash)[:_MAX_LINEAGE]
        ),
        diff=""
        if work.task is None
        else diff(work.task.reference.text, candidate.source, candidate.language),
        judged_at=iso(row.created),
    )


def _best_of(rows: Iterable[SampleRow], wanted: Callable[[SampleRow], bool]) -> SampleRow | None:
    accepted = [row for row in rows if row.accepted and wanted(row)]
    return max(accepted, key=lambda row: row.speedup_low or row.speedup or 0.0, default=None)


def _metric(verdict: Verdict) -> MetricReport | None:
    m = verdict.metric
    return None if m is None else MetricReport(name=m.name, value=m.value, low=m.low, high=m.high)


def _speedup(verdict: Verdict) -> SpeedupReport | None:
    s = verdict.speedup
    return None if s is None else SpeedupReport(**s.model_dump())


def diff(reference: str, best: str, language: Language = "c") -> str:
    """Unified, with the whole of both."""
    one, two = reference.strip().split("\n"), best.strip().split("\n")
    name = "best.c" if language == "c" else "best.cpp"
    lines = difflib.unified_diff(one, two, "reference.c", name, lineterm="", n=max(len(one), len(two)))
    return "\n".join(lines)


def in_words(origin: Origin) -> str:
    """E.g. "policy tiny, phase grpo, step 12, group 0, sample 7"."""
    parts = [f"{origin.kind} {origin.policy}".strip()]
    if origin.phase:
        parts.append(f"phase {origin.phase}")
    for name, value in (("step", origin.step), ("group", origin.group), ("sample", origin.index)):
        if value >= 0:
            parts.append(f"{name} {value}")
    return ", ".join(parts)
