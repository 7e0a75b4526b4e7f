"""One database: open it, migrate it, one writer at a time, trouble told as Fault or WrongUse.

SQLite runs in WAL mode with synchronous=NORMAL: what was committed survives the death of the process at any
moment (`kill -9`); only a power cut can take the last commits, never the file's consistency.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hayate.archive import migrate
from hayate.errors import Fault, FaultKind, WrongUse

_BUSY_S = 30.0  # how long a writer waits for another process's transaction
_READERS = 64  # of a SQLite file, at a time
_LOW_DISK_BYTES = 2**20


class DatabaseFault(Fault):
    """The archive's own trouble, not that of what was to be recorded."""

    @property
    def passes(self) -> bool:
        """The same may be recorded later: when there is space, or the database answers."""
        return self.kind in (FaultKind.DISK_FULL, FaultKind.NOT_WRITABLE, FaultKind.NODE_LOST)


class Database:
    """A SQLite file (by path), or any database by SQLAlchemy URL; `sqlite://` lives in memory.

    Raises `Fault` (NOT_WRITABLE, DISK_FULL, DEPENDENCY_MISSING), `WrongUse` (no archive, or a newer one).
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self.path: Path | None = None
        text = str(url_or_path)
        if "://" not in text:
            self.path = Path(text).expanduser().absolute()
            with self._told():
                self.path.parent.mkdir(parents=True, exist_ok=True)
            url = sa.URL.create("sqlite", database=str(self.path))
        else:
            try:
                url = sa.make_url(text)
            except sa.exc.ArgumentError as error:
                raise WrongUse(
                    f"{text!r} is not a database URL",
                    allowed="a path, or e.g. postgresql+psycopg://user@host/name",
                ) from error
            if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
                self.path = Path(str(url.database)).absolute()
        self.url = url
        self._in_memory = url.get_backend_name() == "sqlite" and self.path is None
        self._lock = threading.RLock()
        with self._told():
            self._engine = self._make_engine()
            try:
                with self._lock, self._engine.connect().execution_options(hayate_write=True) as connection:
                    migrate.upgrade(connection, where=self.where)
            except BaseException:
                self._engine.dispose()
                raise

    @property
    def where(self) -> str:
        """The database as a person may see it: without the password."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """A transaction that is committed when the block ends; one at a time."""
        with (
            self._told(),
            self._lock,
            self._engine.connect().execution_options(hayate_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        """A consistent view. In memory there is one connection, so that readers wait for the writer."""
        with self._told():
            if self._in_memory:
                with self._lock, self._engine.connect() as connection, connection.begin():
                    yield connection
            else:
                with self._engine.connect() as connection, connection.begin():
                    yield connection

    def _insert_new(self, connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
        """Insert unless a row with this primary key is there. True if it was inserted."""
        done = connection.execute(_insert_if_new(connection.dialect.name, table), values)
        return done.rowcount == 1

    def _make_engine(self) -> sa.Engine:
        backend = self.url.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise WrongUse(f"no archive in {backend!r}", where=self.where, allowed="sqlite, postgresql")
        try:
            if self._in_memory:
                engine = sa.create_engine(
                    self.url, poolclass=sa.pool.StaticPool, connect_args={"check_same_thread": False}
                )
            elif backend == "sqlite":
                engine = sa.create_engine(
                    self.url,
                    pool_size=_READERS,  # kept open: to open one costs as much as ten answers
                    max_overflow=_READERS,
                    connect_args={"timeout": _BUSY_S, "check_same_thread": False},
                )
            else:
                engine = sa.create_engine(self.url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            remedy = f"pip install {'psycopg[binary]' if error.name == 'psycopg' else error.name}"
            raise Fault(
                FaultKind.DEPENDENCY_MISSING, f"no database driver {error.name}", remedy=remedy
            ) from error
        if backend == "sqlite":
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Database and file trouble as a Fault or WrongUse with its remedy."""
        try:
            yield
        except OSError as error:
            raise DatabaseFault(
                FaultKind.NOT_WRITABLE,
                f"cannot write the archive {self.path}: {error.strerror}",
                remedy=_WRITABLE,
            ) from error
        except sa.exc.DBAPIError as error:
            raise self._explain(error) from error
        except sa.exc.TimeoutError as error:  # of the pool
            raise DatabaseFault(
                FaultKind.NODE_LOST,
                f"no connection to the archive {self.where}: {error}",
                remedy="lower the number of workers, or raise the database's connections",
            ) from error

    def _explain(self, error: sa.exc.DBAPIError) -> Exception:
        name = getattr(error.orig, "sqlite_errorname", "")
        said = str(error.orig)
        if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and self._disk_is_full()):
            return DatabaseFault(
                FaultKind.DISK_FULL,
                f"no space left for the archive {self.where}",
                remedy="free some space, then go on with --resume: what was recorded is kept",
            )
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return DatabaseFault(
                FaultKind.NOT_WRITABLE, f"cannot write the archive {self.where}: {said}", remedy=_WRITABLE
            )
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return DatabaseFault(
                FaultKind.NOT_WRITABLE,
                f"another process has kept the archive {self.where} locked for {_BUSY_S:.0f} s",
                remedy="let one run at a time write it, or use PostgreSQL by URL",
            )
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return WrongUse(
                f"this is no archive: {said}", where=self.where, allowed="a file that hayate made"
            )
        if isinstance(error, sa.exc.OperationalError) and not name:
            return DatabaseFault(
                FaultKind.NODE_LOST,
                f"the archive's database does not answer: {said.strip()}",
                remedy="check that the server runs and the URL is right",
            )
        return DatabaseFault(
            FaultKind.INTERNAL, f"the archive {self.where} failed: {said}", remedy="report this"
        )

    def _disk_is_full(self) -> bool:
        if self.path is None:
            return False
        try:
            return shutil.disk_usage(self.path.parent).free < _LOW_DISK_BYTES
        except OSError:
            return False


_WRITABLE = "choose a folder that you may write, e.g. with --out"


@cache
def _insert_if_new(dialect: str, table: sa.Table) -> sa.Insert:
    """Statements are made once: making one takes longer than running it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not before the first write
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: a reader that turns writer midway could not wait for it.
    write = connection.get_execution_options().get("hayate_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
