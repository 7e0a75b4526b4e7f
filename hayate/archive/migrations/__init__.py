"""Alembic's migrations of the archive. A new one: a file in versions/, `schema.HEAD` moved to it."""
