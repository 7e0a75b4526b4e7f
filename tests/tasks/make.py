"""Writes a task folder from a dict, for tests of tasks of every kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hayate.records import Task
from hayate.toolchains import compilers

DEFAULTS: dict[str, Any] = {
    "format": 2,
    "title": "made for a test",
    "bound_by": "memory",
    "description": "what its reference computes",
    "techniques": ["simd", "unrolling"],
    "headers": ["stddef.h", "stdint.h"],
    "languages": ["c"],
    "correct": "exact",
}
_TABLES = ("argument", "band")  # repeated


def make(root: Path, task: Mapping[str, Any], files: Mapping[str, str]) -> Path:
    """The folder. `task` is what task.toml says beside `DEFAULTS`; without a band there is one in the middle of the
    domain, without yardsticks the reference is one."""
    said = {**DEFAULTS, **task}
    said.setdefault("name", said["entry"])
    for key in ("flops", "bytes", "oracle_work"):
        said.setdefault(key, " + ".join(said["domain"]))
    if "band" not in said:
        said["band"] = [{"name": "all", "center": _middle(said["domain"]), "spread": 0.0, "training": True}]
    root.mkdir(parents=True, exist_ok=True)
    (root / "task.toml").write_text(toml(said))
    texts = dict(files)
    if not any(name.startswith("yardsticks/") for name in texts):
        texts["yardsticks/10_plain.c"] = texts["reference.c"]
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _middle(domain: Mapping[str, Any]) -> dict[str, int]:
    found = {}
    for name, limits in domain.items():
        low, high = limits if isinstance(limits, list) else (limits["low"], limits["high"])
        step = 1 if isinstance(limits, list) else limits.get("multiple_of", 1)
        power = 0 if isinstance(limits, list) else limits.get("power_of", 0)
        if power:
            found[name] = low
            while found[name] * power <= (low + high) // 2:
                found[name] *= power
        else:
            found[name] = max(low, (low + high) // 2 // step * step)
    return found


def toml(said: Mapping[str, Any]) -> str:
    """As TOML: keys first, then tables, then repeated ones."""
    flat = [f"{key} = {value(x)}" for key, x in said.items() if key not in _TABLES]
    tables = [
        f"[[{key}]]\n" + "\n".join(f"{name} = {value(x)}" for name, x in one.items())
        for key in _TABLES
        for one in said.get(key, ())
    ]
    return "\n".join([*flat, *tables]) + "\n"


def value(x: object) -> str:
    """One value; a dict is an inline table."""
    if isinstance(x, Mapping):
        return "{ " + ", ".join(f"{key} = {value(y)}" for key, y in x.items()) + " }"
    if isinstance(x, list | tuple):
        return "[" + ", ".join(value(y) for y in x) + "]"
    return json.dumps(x)


def needs_cxx(task: Task) -> None:
    """Skips where the judge can't make the oracle of this task."""
    if task.correct == "automatic" and not compilers()[0].cxx:
        pytest.skip("no C++ here: apt install g++")
