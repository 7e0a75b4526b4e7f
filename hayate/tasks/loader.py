"""A task folder on disk: loads it, finds it by name, reads the solutions that prove the judge."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hayate.errors import WrongUse
from hayate.records import SourceText, Task, Technique
from hayate.tasks.arguments import in_drawn_names
from hayate.tasks.complain import did_you_mean, read_toml
from hayate.tasks.sources import defines, read_source, read_sources
from hayate.tasks.taskfile import TaskFile, check

_BUILTIN = Path(__file__).parent / "builtin"


def load(path: Path) -> Task:
    """The task in the folder `path` (or in the folder of that task.toml), everything checked.

    Raises `WrongUse` that names file, key and remedy.
    """
    path = Path(path)
    root = path.parent if path.name == "task.toml" else path
    if not root.is_dir():
        raise WrongUse("there is no such task folder", where=str(root))
    file = _read(root)
    known = file.techniques
    reference = read_source(_reference(root), known=known, default=(), entry=file.entry)
    oracle = generator = None
    if file.correct == "analytic":
        oracle = read_source(root / "oracle.c", known=known, default=())
        for function in (f"{file.entry}_exact", f"{file.entry}_scale"):
            if not defines(oracle.text, function):
                raise WrongUse(f"does not define the function {function!r}", where=str(root / "oracle.c"))
    if (root / "inputs.c").exists():
        generator = read_source(root / "inputs.c", known=known, default=(), entry=f"{file.entry}_inputs")
    yardsticks = read_sources(
        root / "yardsticks",
        known=known,
        default=(t for t in known if t is not Technique.THREADS),
        keys=("permitted", "flags"),
        entry=file.entry,
    )
    if not yardsticks:
        raise WrongUse(
            "there is no yardstick",
            where=str(root / "yardsticks"),
            allowed="at least one known-good solution, slowest first by name, e.g. yardsticks/10_plain.c",
        )
    return Task(
        name=file.name,
        title=file.title,
        languages=file.languages,
        bound_by=file.bound_by,
        entry=file.entry,
        declaration=file.declaration,
        preamble=file.preamble,
        returns=file.returns,
        description=file.description,
        arguments=file.argument,
        domain=file.domain,
        requires=file.requires,
        bands=file.band,
        flops=file.flops,
        bytes=file.bytes,
        oracle_work=file.oracle_work,
        oracle_work_max=file.oracle_work_max,
        correct=file.correct,
        bound=file.bound,
        techniques=file.techniques,
        headers=file.headers,
        reference=reference,
        oracle=oracle,
        yardsticks=yardsticks,
        generator=generator,
        folder=str(root.absolute()),
    )


def correct(folder: Path) -> tuple[SourceText, ...]:
    """The honest solutions in `correct/`, which a judge must accept. `techniques`: what each is permitted."""
    file = _read(folder)
    return read_sources(folder / "correct", known=file.techniques, default=file.techniques, entry=file.entry)


def wrong(folder: Path) -> tuple[SourceText, ...]:
    """The bad solutions in `wrong/`; a judge must give each the outcome in its `expect`."""
    file = _read(folder)
    return read_sources(
        folder / "wrong",
        known=file.techniques,
        default=file.techniques,
        keys=("expect", "why", "permitted"),
    )


def builtin_names() -> list[str]:
    """The names of the tasks that come with hayate."""
    return sorted(p.parent.name for p in _BUILTIN.glob("*/task.toml"))


def folder(name: str) -> Path:
    """The folder of a built-in task. `WrongUse` if there is none of that name."""
    names = builtin_names()
    if name not in names:
        raise WrongUse(
            f"there is no built-in task {name!r}{did_you_mean(name, names)}", allowed=", ".join(names)
        )
    return _BUILTIN / name


@lru_cache(maxsize=32)
def builtin(name: str) -> Task:
    """A task that comes with hayate, by name."""
    return load(folder(name)).model_copy(update={"folder": ""})


def find(name_or_path: str) -> Task:
    """A built-in task by name, or the task in a folder: what holds a slash or exists is taken for a path."""
    if name_or_path in builtin_names():
        return builtin(name_or_path)
    return load(where(name_or_path))


def where(name_or_path: str) -> Path:
    """The folder that `find` reads. Raises `WrongUse` if nothing has that name."""
    if name_or_path in builtin_names():
        return folder(name_or_path)
    path = Path(name_or_path)
    if "/" in name_or_path or path.exists():
        return path.parent if path.name == "task.toml" else path
    names = builtin_names()
    raise WrongUse(
        f"there is no task {name_or_path!r}{did_you_mean(name_or_path, names)}",
        allowed=f"{', '.join(names)}, or the path of a task folder",
    )


def _reference(root: Path) -> Path:
    """In C, or in C++ where there is none in C."""
    found = root / "reference.c"
    other = root / "reference.cpp"
    return other if other.exists() and not found.exists() else found


def _read(root: Path) -> TaskFile:
    where = root / "task.toml"
    file = read_toml(where, TaskFile)
    try:
        file = file.model_copy(update={"argument": in_drawn_names(file.argument)})
    except WrongUse as error:
        raise WrongUse(error.message, where=f"{where}: argument", allowed=error.allowed) from error
    check(file, where)
    return file
