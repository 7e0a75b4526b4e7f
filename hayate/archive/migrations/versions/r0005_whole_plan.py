"""A measurement holds for the plan, the sandbox and the compiler that it was made with, and for no other.

Of those that are there nobody knows how strictly they were made, so that they answer replays only: what is asked is
measured again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("plan", "sandbox", "compiler"):
        op.add_column("measurements", sa.Column(name, sa.Text(), nullable=False, server_default=""))
