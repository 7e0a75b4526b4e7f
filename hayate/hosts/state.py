"""Where hayate keeps what it may lose: calibrations, compiled helpers. Deleting it costs seconds."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import stat
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

from hayate.errors import Fault, FaultKind


def _usable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A name of its own: other threads may try the same folder.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-"):
            pass
    except OSError:
        return False
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _fallback() -> Path:
    return Path(tempfile.gettempdir()) / f"hayate-{_user()}"


def is_fallback(folder: Path) -> bool:
    """Is this the folder among the temporary files?"""
    return folder == _fallback()


def _is_ours(folder: Path) -> bool:
    """Programs that hayate compiled are started from here, so nobody else may have made or may write it."""
    seen = folder.lstat()
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and not seen.st_mode & 0o022


@lru_cache(maxsize=4)
def _find(forced: str, xdg: str, home: str) -> Path:
    if forced:
        folder = Path(forced)
        if _usable(folder):
            return folder
        raise Fault(
            FaultKind.NOT_WRITABLE, f"HAYATE_STATE={forced} can't be written", remedy="name a writable folder"
        )
    base = Path(xdg) if xdg else Path(home or "/nonexistent") / ".local" / "state"
    if _usable(base / "hayate"):
        return base / "hayate"
    # A read-only home is common on compute nodes: a folder of the user's own among the temporary files then.
    fallback = _fallback()
    if _usable(fallback) and _is_ours(fallback):
        warnings.warn(f"{base / 'hayate'} can't be written; state goes to {fallback}", stacklevel=3)
        return fallback
    raise Fault(
        FaultKind.NOT_WRITABLE,
        f"neither {base / 'hayate'} nor {fallback} can be written",
        remedy="set HAYATE_STATE to a writable folder",
    )


def state_dir() -> Path:
    """$HAYATE_STATE, else the XDG state folder, else a folder among the temporary files. Raises Fault."""
    env = os.environ
    return _find(env.get("HAYATE_STATE", ""), env.get("XDG_STATE_HOME", ""), env.get("HOME", ""))


def keep(path: Path, text: str) -> None:
    """Write it atomically, so that a reader never sees half a file. Raises Fault."""
    partial = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{path} can't be written: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error
