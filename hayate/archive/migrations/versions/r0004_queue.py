"""The next job, and which jobs have ended, are found in an index: rows hold sources and objects, long to read."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_jobs_state_priority_created"), "jobs", if_exists=True)
    op.create_index(
        op.f("ix_jobs_state_token_priority_created_key"),
        "jobs",
        ["state", "token", "priority", "created", "key"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(op.f("ix_jobs_key_state"), "jobs", ["key", "state"], unique=False, if_not_exists=True)
