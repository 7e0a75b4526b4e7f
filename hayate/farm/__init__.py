"""Where `build` and `measure` run. `open(FarmSettings())` gives the farm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from hayate import hosts, sandbox, toolchains
from hayate.errors import WrongUse
from hayate.farm.base import BuildJob, Farm, MeasureJob
from hayate.farm.local import LocalFarm, this_machine
from hayate.farm.settings import FarmSettings, HttpSettings, ParslSettings, ReplaySettings
from hayate.farm.status import Farms, FarmStatus, published
from hayate.records import decode

__all__ = [
    "BuildJob",
    "Farm",
    "FarmSettings",
    "FarmStatus",
    "Farms",
    "HttpSettings",
    "LocalFarm",
    "MeasureJob",
    "ParslSettings",
    "ReplaySettings",
    "also",
    "look_at",
    "open",
    "published",
    "this_machine",
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
        compiler=toolchains.named(settings.compiler) if settings.compiler else None,
    )


@contextmanager
def also(
    settings: FarmSettings, first: Farm, *, on_event: Callable[[str], None] | None = None
) -> Iterator[dict[str, Farm]]:
    """The farms of further classes of hosts, by name; `first` is that of `settings` itself. Closed at the end.

    Raises Fault as `open` does, WrongUse if two are of one class: that would be one farm with more slots.
    """
    known = {first.host.host_class: "farm"}
    with ExitStack() as opened:
        found = {}
        for name, one in settings.also.items():
            say = None if on_event is None else partial(_say, on_event, name)
            made = opened.enter_context(open(one, on_event=say))
            here = made.host.host_class
            if here in known:
                raise WrongUse(
                    f"{known[here]} is of the same class of hosts, {here}",
                    where=f"farm.also.{name}",
                    allowed="another kind of machine; more nodes of one kind are more slots of one farm",
                )
            known[here] = f"farm.also.{name}"
            found[name] = made
        yield found


def _say(on_event: Callable[[str], None], name: str, text: str) -> None:
    on_event(f"{name}: {text}")


def look_at(what: str, *, token_env: str = "HAYATE_TOKEN") -> Farms:
    """What the farm of a run's folder, of a server (URL) or of this machine ("") does now. Raises WrongUse, Fault."""
    if not what:
        return Farms(farms={"": this_machine()})
    if what.startswith(("http://", "https://")):
        from hayate.farm.http_call import server_status

        return server_status(what, token_env)
    path = Path(what) / "farm.json"
    try:
        return decode(Farms, path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "no farm.json here" if isinstance(error, OSError) else "its farm.json is another version's"
        raise WrongUse(
            reason, where=what, allowed="the folder of a run, or http://HOST:PORT of hayate serve"
        ) from error
