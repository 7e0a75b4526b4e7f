"""The tables. Records travel as JSON by the one codec; what is searched or plotted has its own column.

Times are seconds since 1970 (UTC) in columns named after the event: `created`, `started`, `ended`.
A change here needs a migration beside it, and `HEAD` moved to it; a test compares the two.
"""

from __future__ import annotations

import sqlalchemy as sa

from hayate.records import GUESSED

HEAD = "0005"  # newest revision in migrations/versions

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite counts rows by itself only for a plain INTEGER primary key.
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("host", sa.Text, nullable=False),  # host class, for people
    sa.Column("config", sa.JSON, nullable=False),
)

phases = sa.Table(
    "phases",
    metadata,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("counts", sa.JSON),  # outcome -> samples that count, written when the phase ends
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("abandoned", sa.Boolean, nullable=False),
    sa.Index(None, "run", "phase", "step"),
)

prompts = sa.Table(
    "prompts",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),  # Prompt
    sa.Column("created", sa.Float, nullable=False),
)

candidates = sa.Table(
    "candidates",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("permitted", sa.JSON, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # Origin of its first occurrence
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("language", sa.Text, nullable=False, server_default="c"),
)

parents = sa.Table(
    "parents",
    metadata,
    sa.Column("candidate", sa.Text, sa.ForeignKey("candidates.hash"), primary_key=True),
    sa.Column("parent", sa.Text, primary_key=True),  # may be unknown here: another archive's
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("candidate", sa.Text, sa.ForeignKey("candidates.hash"), nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("task_hash", sa.Text, nullable=False),
    sa.Column("judge_version", sa.Text, nullable=False),
    sa.Column("host_class", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("niche", sa.Text, nullable=False),
    sa.Column("techniques", sa.JSON, nullable=False),
    sa.Column("metric", sa.Text),  # its name, "GFLOPS"
    sa.Column("metric_value", sa.Float),
    sa.Column("metric_low", sa.Float),
    sa.Column("metric_high", sa.Float),
    sa.Column("baseline", sa.Text),
    sa.Column("speedup", sa.Float),
    sa.Column("speedup_low", sa.Float),
    sa.Column("speedup_high", sa.Float),
    sa.Column("object_hash", sa.Text, nullable=False),
    sa.Column("measurement", _Id, sa.ForeignKey("measurements.id")),  # NULL: refused before it was run
    sa.Column("sandbox", sa.Text, nullable=False),
    sa.Column("wall_s", sa.Float, nullable=False),
    sa.Column("reused", sa.Boolean, nullable=False),
    sa.Column("timing", sa.Text),  # Timing: raw samples in nanoseconds
    sa.Column("record", sa.Text, nullable=False),  # Verdict without its timing
    sa.Column("created", sa.Float, nullable=False),
    sa.Index(None, "candidate"),
    sa.Index(None, "task", "outcome"),
    sa.Index(None, "object_hash"),
)

# What tables and plots show of a verdict's figures, by the names of their rows' fields.
figures = (
    verdicts.c.metric_value.label("metric"),
    verdicts.c.metric_low,
    verdicts.c.metric_high,
    verdicts.c.speedup,
    verdicts.c.speedup_low,
    verdicts.c.speedup_high,
    verdicts.c.object_hash,
)
is_guess = verdicts.c.judge_version.startswith(GUESSED, autoescape=True)

samples = sa.Table(
    "samples",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("candidate", sa.Text, sa.ForeignKey("candidates.hash"), nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("group_index", sa.Integer, nullable=False),
    sa.Column("sample_index", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("prompt_hash", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # Origin
    sa.Column("verdict", _Id, sa.ForeignKey("verdicts.id")),  # NULL: the machine's fault
    sa.Column("fault", sa.Text),  # FaultKind
    sa.Column("fault_message", sa.Text),
    sa.Column("reward", sa.Float),
    sa.Column("abandoned", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Index(None, "run", "phase", "step"),
    sa.Index(None, "candidate"),
)

measurements = sa.Table(
    "measurements",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("object_hash", sa.Text, nullable=False),
    sa.Column("task_hash", sa.Text, nullable=False),
    sa.Column("judge_version", sa.Text, nullable=False),
    sa.Column("host_class", sa.Text, nullable=False),
    sa.Column("flags", sa.Text, nullable=False),
    sa.Column("bands", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),  # Measurement
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("plan", sa.Text, nullable=False, server_default=""),
    sa.Column("sandbox", sa.Text, nullable=False, server_default=""),
    sa.Column("compiler", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_measurements_key", "object_hash", "task_hash", "judge_version", "host_class"),
)

elites = sa.Table(
    "elites",
    metadata,
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("niche", sa.Text, primary_key=True),
    sa.Column("host_class", sa.Text, primary_key=True),
    sa.Column("task_hash", sa.Text, nullable=False),
    sa.Column("judge_version", sa.Text, nullable=False),
    sa.Column("candidate", sa.Text, sa.ForeignKey("candidates.hash"), nullable=False),
    sa.Column("verdict", _Id, sa.ForeignKey("verdicts.id"), nullable=False),
    sa.Column("quality", sa.Float, nullable=False),  # low end of the speed-up's interval
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

elite_history = sa.Table(
    "elite_history",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("niche", sa.Text, nullable=False),
    sa.Column("host_class", sa.Text, nullable=False),
    sa.Column("task_hash", sa.Text, nullable=False),
    sa.Column("judge_version", sa.Text, nullable=False),
    sa.Column("candidate", sa.Text, sa.ForeignKey("candidates.hash"), nullable=False),
    sa.Column("verdict", _Id, sa.ForeignKey("verdicts.id"), nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Index(None, "task", "niche"),
)

jobs = sa.Table(  # of `hayate serve`
    "jobs",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # content hash of all that determines the result
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # "queued", "running", "done", "fault"
    sa.Column("result", sa.Text),  # JSON, there only if done
    sa.Column("code", sa.LargeBinary),  # of a build: the object, which no client sees
    sa.Column("fault", sa.Text),  # FaultKind
    sa.Column("fault_message", sa.Text),
    sa.Column("fault_remedy", sa.Text),
    sa.Column("token", sa.Text, nullable=False),  # the name of the first that asked, never the token
    sa.Column("shared", sa.Boolean, nullable=False),  # others asked for the same
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # starts
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
    sa.Column("used", sa.Float, nullable=False),  # last asked for, or needed by another job
    sa.Column("worker", sa.Text),  # the process that runs it
    sa.Column("lease", sa.Float),  # until when nobody else may take it over
    sa.Index(None, "state", "token", "priority", "created", "key"),  # all that finding the next job reads
    sa.Index(None, "key", "state"),  # all that a poll reads
)
