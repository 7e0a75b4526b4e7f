"""A draft as a task folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomli_w

from hayate.errors import WrongUse
from hayate.new.draft import Draft
from hayate.records import WITHHOLDABLE, Argument, Correctness, StructField, Task, Technique, Values
from hayate.tasks import load
from hayate.toolchains import inspect

# The reference by compiler flags: what a person has without writing anything.
_YARDSTICKS: tuple[tuple[str, tuple[Technique, ...], str], ...] = (
    ("10_plain", (), ""),
    ("20_vectors", (Technique.SIMD,), ""),
    ("30_reordered", (Technique.SIMD, Technique.FASTMATH), ""),
    ("40_unrolled", (Technique.SIMD, Technique.FASTMATH), "-funroll-loops"),
)
CHECK = "// HAYATE: check this"


def write(
    draft: Draft, folder: Path, *, name: str, title: str, description: str, correct: Correctness
) -> Task:
    """Write the folder and read it back. Raises WrongUse for one that is not empty, and for what the loader refuses."""
    if folder.exists() and any(folder.iterdir()):
        raise WrongUse(
            "the folder is there already, and not empty", where=str(folder), allowed="--out FOLDER"
        )
    (folder / "yardsticks").mkdir(parents=True, exist_ok=True)
    suffix = ".c" if draft.language == "c" else ".cpp"
    text = _task(draft, name, title, description, correct)
    head = f"# Made by hayate new. {CHECK.removeprefix('// ')}, line by line: what is guessed stands below.\n"
    notes = "".join(f"# {line}\n" for line in _guesses(draft))
    (folder / "task.toml").write_text(head + notes + "\n" + tomli_w.dumps(text, multiline_strings=True))
    (folder / f"reference{suffix}").write_text(draft.reference.text)
    needed = _needed(load_unproven(folder, draft))
    permitted = f"// permitted: {' '.join(needed) or 'none'}\n"
    (folder / f"reference{suffix}").write_text(permitted + draft.reference.text)
    for stem, techniques, flags in _YARDSTICKS:
        words = " ".join(dict.fromkeys((*needed, *(t.value for t in techniques))))
        lines = f"// permitted: {words or 'none'}\n" + (f"// flags: {flags}\n" if flags else "")
        (folder / "yardsticks" / f"{stem}{suffix}").write_text(lines + draft.reference.text)
    return load(folder)


def load_unproven(folder: Path, draft: Draft) -> Task:
    """The folder with its reference as the one yardstick, for as long as none has been written."""
    suffix = ".c" if draft.language == "c" else ".cpp"
    first = folder / "yardsticks" / f"10_plain{suffix}"
    first.write_text(draft.reference.text)
    return load(folder)


def keep_yardsticks(folder: Path, stems: list[str]) -> Task:
    """Only these, slowest first, with numbers that say so."""
    files = {path.stem: path for path in (folder / "yardsticks").iterdir()}
    for stem, path in files.items():
        if stem not in stems:
            path.unlink()
    for place, stem in enumerate(stems, 1):
        path = files[stem]
        path.rename(path.with_name(f"{place}0_{stem.split('_', 1)[1]}{path.suffix}"))
    return load(folder)


def _needed(task: Task) -> list[str]:
    """What the reference can't do without."""
    facts = inspect(task, task.reference.text, task.techniques, task.reference.language)
    return sorted(t.value for t in facts.techniques if t in WITHHOLDABLE and t in task.techniques)


def _guesses(draft: Draft) -> list[str]:
    lines = []
    for guess in draft.guesses:
        mark = "check this: " if guess.confidence == "unsure" else ""
        lines.append(re.sub(r"\s+", " ", f"{mark}{guess.about}: {guess.what} {guess.value}: {guess.why}"))
    return lines


def _task(draft: Draft, name: str, title: str, description: str, correct: Correctness) -> dict[str, Any]:
    found: dict[str, Any] = {
        "format": 2,
        "name": name,
        "title": title,
        "languages": ["c", "c++"] if _in_cxx(draft) else ["c"],
        "bound_by": draft.bound_by,
        "entry": draft.entry,
        "declaration": draft.declaration,
        "description": description,
        "correct": correct,
        "flops": draft.flops,
        "bytes": draft.bytes,
        "oracle_work": draft.oracle_work,
        "oracle_work_max": 2e5,
        "techniques": [t.value for t in draft.techniques],
        "headers": list(draft.headers),
    }
    if draft.preamble.strip():
        found["preamble"] = draft.preamble
    if draft.returns is not None:
        found["returns"] = draft.returns
    if draft.requires:
        found["requires"] = list(draft.requires)
    found["argument"] = [_argument(a) for a in draft.arguments]
    found["domain"] = {
        n: {k: v for k, v in r.model_dump().items() if k in ("low", "high") or v not in (0, 1)}
        for n, r in draft.domain.items()
    }
    found["band"] = [band.model_dump() for band in draft.bands]
    return found


def _in_cxx(draft: Draft) -> bool:
    """Whether C++ can declare it: parameters of variable length are C's alone."""
    return draft.language == "c++" or not re.search(r"\[[^\]]*[A-Za-z_]\w*[^\]]*\]", draft.declaration)


def _argument(a: Argument) -> dict[str, Any]:
    found: dict[str, Any] = {"name": a.name, "kind": a.kind, "dtype": a.dtype}
    if a.shape:
        found["shape"] = list(a.shape)
    if a.extent:
        found["extent"] = list(a.extent)
    if a.value:
        found["value"] = a.value
    if a.values is not None and a.kind != "output":
        found["values"] = _values(a.values)
    if a.fields:
        found |= {"type": a.type, "by_pointer": a.by_pointer, "fields": [_field(f) for f in a.fields]}
    return found


def _field(f: StructField) -> dict[str, Any]:
    found: dict[str, Any] = {"name": f.name, "dtype": f.dtype}
    if f.value:
        found["value"] = f.value
    if f.values is not None:
        found["values"] = _values(f.values)
    return found


def _values(values: Values) -> dict[str, str]:
    return {k: v for k, v in values.model_dump().items() if v}
