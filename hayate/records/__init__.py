"""Every type that flows. Import from here: `from hayate.records import Verdict`."""

from hayate.records.base import Numbers, Record, content_hash, decode, encode
from hayate.records.candidate import Built, Candidate, Origin
from hayate.records.prompt import Assignment, Prompt, Sample
from hayate.records.reward import Reward
from hayate.records.task import (
    CXX_SUFFIXES,
    WITHHOLDABLE,
    Argument,
    Band,
    Bound,
    Language,
    Shape,
    SizeRange,
    SourceText,
    Task,
    Technique,
)
from hayate.records.verdict import (
    GUESSED,
    HostProfile,
    Interval,
    Launch,
    MeasurePlan,
    Metric,
    Outcome,
    Speedup,
    Step,
    Timing,
    Verdict,
)

__all__ = [
    "CXX_SUFFIXES",
    "GUESSED",
    "WITHHOLDABLE",
    "Argument",
    "Assignment",
    "Band",
    "Bound",
    "Built",
    "Candidate",
    "HostProfile",
    "Interval",
    "Language",
    "Launch",
    "MeasurePlan",
    "Metric",
    "Numbers",
    "Origin",
    "Outcome",
    "Prompt",
    "Record",
    "Reward",
    "Sample",
    "Shape",
    "SizeRange",
    "SourceText",
    "Speedup",
    "Step",
    "Task",
    "Technique",
    "Timing",
    "Verdict",
    "content_hash",
    "decode",
    "encode",
]
