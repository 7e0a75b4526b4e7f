"""Bring a database to the schema of this code: made at once if empty, migrated by Alembic if older.

Alembic takes 0.2 s to import, so that it is imported only when there is something to migrate.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from hayate.archive import schema
from hayate.errors import WrongUse

SCRIPTS = Path(__file__).parent / "migrations"

_version = sa.Table(
    "alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True)
)


def upgrade(connection: sa.Connection, *, where: str) -> None:
    """Raises WrongUse if the database is newer than this code, or holds other tables."""
    with connection.begin():
        if connection.dialect.name == "postgresql":  # two that open an empty database at the same time
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(427819)"))
        found = current(connection)
        if found == schema.HEAD:
            return
        if found is None:
            if sa.inspect(connection).has_table("candidates"):
                raise WrongUse("tables of the archive's names, but made by something else", where=where)
            schema.metadata.create_all(connection)
            _version.metadata.create_all(connection)
            connection.execute(_version.insert().values(version_num=schema.HEAD))
            return
        run_migrations(connection, found, where=where)


def current(connection: sa.Connection) -> str | None:
    """The revision of this database; None if it has none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_version.c.version_num)).scalar()


def run_migrations(connection: sa.Connection, found: str | None, *, where: str) -> None:
    """By Alembic, inside the caller's transaction, from revision `found` (None: empty) to head."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if found is not None:
        try:
            known = ScriptDirectory.from_config(config).get_revision(found)
        except CommandError:
            known = None
        if known is None:
            raise WrongUse(
                f"this archive has schema {found}, this hayate knows {schema.HEAD} and older",
                where=where,
                allowed="a newer hayate (git pull, pip install -U), or another archive file",
            )
    command.upgrade(config, "head")
