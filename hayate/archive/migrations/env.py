"""Alembic's entry: migrate over the connection that hayate.archive.migrate hands in."""

from __future__ import annotations

from alembic import context

from hayate.archive import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    transactional_ddl=False,  # the caller holds the transaction
)
context.run_migrations()
