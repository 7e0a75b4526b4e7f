"""Where `build` and `measure` run. `open(FarmSettings())` gives the farm."""

from __future__ import annotations

from collections.abc import Callable

from hayate import hosts, sandbox, toolchains
from hayate.errors import WrongUse
from hayate.farm.base import BuildJob, Farm, MeasureJob
from hayate.farm.local import LocalFarm
from hayate.farm.settings import FarmSettings, HttpSettings, ParslSettings, ReplaySettings

__all__ = [
    "BuildJob",
    "Farm",
    "FarmSettings",
    "HttpSettings",
    "LocalFarm",
    "MeasureJob",
    "ParslSettings",
    "ReplaySettings",
    "open",
]


def open(settings: FarmSettings | None = None, *, on_event: Callable[[str], None] | None = None) -> Farm:
    """The farm, ready. Raises Fault (no compiler, no sandbox, no slot) and WrongUse before any work.

    `on_event` hears, from whatever thread, what becomes of nodes that come and go.
    """
    settings = settings or FarmSettings()
    # Each kind brings libraries that the others do without.
    if settings.kind == "parsl":
        from hayate.farm.cluster import ParslFarm

        return ParslFarm(settings, on_event=on_event)
    if settings.kind == "http":
        from hayate.farm.http import HttpFarm

        return HttpFarm(settings)
    if settings.kind == "replay":
        from hayate.farm.replay import ReplayFarm

        return ReplayFarm(settings)
    return LocalFarm(
        settings,
        host=hosts.profile(),
        slots=hosts.slots(),
        sandbox=sandbox.get(settings.sandbox) if settings.sandbox else sandbox.best(),
        compiler=_compiler(settings.compiler),
    )


def _compiler(name: str | None) -> toolchains.Compiler | None:
    found = toolchains.compilers()
    if name is None:
        return None
    for compiler in found:
        if compiler.name == name:
            return compiler
    raise WrongUse(
        f"no compiler {name!r} on PATH", where="farm.compiler", allowed=", ".join(c.name for c in found)
    )
