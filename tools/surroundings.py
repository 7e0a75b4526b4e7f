"""Runs a command as on another machine: without some programs, or as an ordinary user. Needs root, and a mount
namespace of its own, which `command` makes; nothing outside it changes.

    python tools/surroundings.py [--hide PATH]... [--show FOLDER]... [--user UID] -- COMMAND...

A program is hidden by a file that can't be run in its place. A folder is shown to other users although it, or a folder
above it, is closed to them (/root, for one): that one is replaced by an empty one that is open, and what is shown comes
back at its place. Folders and files within must be open already.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BARE = (
    "bwrap",
    "clang*",
    "g++*",
    "c++*",
    "*-linux-gnu-g++*",
    "*-linux-gnu-c++*",
)  # what a bare machine has not


def unavailable() -> str:
    """Why this can't be done here; "" if it can."""
    if os.geteuid() != 0:
        return "needs root"
    try:
        done = subprocess.run(
            ["unshare", "--mount", "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "true"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return "needs unshare: apt install util-linux"
    return f"needs a mount namespace: {done.stderr.strip()}" if done.returncode else ""


def spare_programs() -> list[Path]:
    """Programs on this machine's PATH, and the compiler of C++ behind them, that a bare machine has not."""
    folders = [Path(name) for name in os.environ["PATH"].split(":")]
    found = {path.resolve() for folder in folders for pattern in BARE for path in folder.glob(pattern)}
    # gcc finds it without g++.
    found |= {
        path for base in ("/usr/lib/gcc", "/usr/libexec/gcc") for path in Path(base).glob("*/*/cc1plus")
    }
    return sorted(
        path for path in found if path.is_file() and "c++filt" not in path.name
    )  # binutils has that one


def command(words: list[str], *, hide: list[Path], show: list[Path], user: int | None) -> list[str]:
    """What runs `words` in these surroundings."""
    options = [word for path in hide for word in ("--hide", str(path))]
    options += [word for path in show for word in ("--show", str(path))]
    options += [] if user is None else ["--user", str(user)]
    return ["unshare", "--mount", sys.executable, "-B", __file__, *options, "--", *words]


def _closed(folder: Path) -> Path | None:
    """The highest folder, of this one and those above, that other users can't enter."""
    return next(
        (path for path in reversed([folder, *folder.parents]) if not path.stat().st_mode & 0o001), None
    )


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def _show(folders: list[Path]) -> None:
    os.umask(0o022)
    # Of a folder that is closed itself, what lies in it: the folder can't be opened without changing it elsewhere.
    pieces = [
        piece
        for folder in sorted(folders)  # one that lies in another comes after it
        for piece in ([folder] if folder.stat().st_mode & 0o001 else folder.iterdir())
    ]
    above = {piece: found for piece in pieces if (found := _closed(piece.parent)) is not None}
    aside = Path(tempfile.mkdtemp(prefix="hayate-shown-"))
    _mount("-t", "tmpfs", "-o", "mode=755", "none", aside)
    kept = {piece: aside / str(number) for number, piece in enumerate(above)}
    for piece, here in kept.items():
        _bind(piece, here, is_folder=piece.is_dir())
    for folder in set(above.values()):
        _mount("-t", "tmpfs", "-o", "mode=755", "none", folder)
    for piece, here in kept.items():
        _bind(here, piece, is_folder=here.is_dir())
    subprocess.run(["umount", "--recursive", "--lazy", str(aside)], check=True)
    aside.rmdir()  # what is mounted within this namespace alone stood on it; the folder itself all others see


def _bind(source: Path, target: Path, is_folder: bool) -> None:
    folder = target if is_folder else target.parent
    folder.mkdir(parents=True, exist_ok=True)
    if not is_folder:
        target.touch()
    _mount("--bind", source, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hide", type=Path, action="append", default=[])
    parser.add_argument("--show", type=Path, action="append", default=[])
    parser.add_argument("--user", type=int)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    for path in asked.hide:
        _mount("--bind", os.devnull, path)
    if asked.show:
        _show(asked.show)
    os.chdir(Path.cwd())  # what is mounted there now
    as_user = [f"--reuid={asked.user}", f"--regid={asked.user}", "--clear-groups"]
    prefix = [] if asked.user is None else ["setpriv", *as_user]
    os.execvp((prefix or asked.command)[0], [*prefix, *asked.command])


if __name__ == "__main__":
    main()
