"""The three farms over the simulated judge, and their processes, which can be killed.

What is killed: local, the child process that a slot's job runs in; Parsl, workers, and the managers of whole nodes
(blocks on this machine); HTTP, the server, and the child processes of its slots. A kind is drawn in proportion to how
many there should be of it (managers half as often), then one of those alive.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shlex
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import simulated
from hayate.farm import Farm, FarmSettings

KINDS = ("local", "parsl", "http")
ROOT = Path(__file__).parents[1]
END_S = 15.0  # for processes to end after their farm was closed
Victims = Callable[[], list[tuple[str, psutil.Process]]]


@dataclass
class Engine:
    """A farm under test. `other` is the process that it talks to: the server, or Parsl's interchange."""

    kind: str
    folder: Path
    slots: int
    farm: Farm
    of_kind: Mapping[str, float]  # what can be killed, and how often each kind is drawn
    victims: Victims
    other: Callable[[], psutil.Process | None]
    starts: Callable[[], int] = lambda: 1  # of the server


@contextlib.contextmanager
def opened(
    kind: str, folder: Path, slots: int, *, child: bool = False, heartbeat_s: int = 5
) -> Iterator[Engine]:
    os.environ[simulated.FOLDER] = str(folder)
    if kind == "local":
        with simulated.local(slots, child=child) as local:
            own = psutil.Process()
            yield Engine(kind, folder, slots, local, {"runner": slots}, lambda: _runners(own), lambda: None)
    elif kind == "parsl":
        from hayate.farm.cluster import ParslFarm

        nodes = max(1, min(4, slots // 4))
        settings = _pool(folder, nodes, slots // nodes, heartbeat_s)
        with ParslFarm(settings, work=simulated) as pool:
            # With a manager all its workers end. Drawn as often as they are, managers would be killed faster than two
            # cores can bring their workers back (worker_start_cpu_s in docs/scaling.md).
            killable = {"manager": nodes / 2, "worker": slots}
            yield Engine(
                kind, folder, slots, pool, killable, lambda: workers_and_managers(folder), _interchange
            )
    else:
        from hayate.farm.http import HttpFarm

        with (
            contextlib.closing(Server(folder, slots, child=child)) as server,
            HttpFarm(FarmSettings.model_validate(server.url)) as remote,
        ):
            killable = {"server": 1, "runner": slots}
            yield Engine(
                kind, folder, slots, remote, killable, server.victims, server.process, lambda: server.starts
            )


class Server:
    """`hayate serve` over the simulated judge in a process of its own, started again whenever it ends."""

    def __init__(
        self, folder: Path, slots: int, *, child: bool, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = [sys.executable, "-m", "benchmarks.simulated", str(folder)]
        self._after_port = [str(slots), *(["child"] if child else [])]
        self._environment = {**os.environ, simulated.FOLDER: str(folder), **(environment or {})}
        self._port = self.starts = 0
        self._ending = False
        self.url = ""
        self._start()
        if not self.url:
            raise RuntimeError("the server did not start")
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def process(self) -> psutil.Process | None:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid)
        return None

    def victims(self) -> list[tuple[str, psutil.Process]]:
        server = self.process()
        return [] if server is None else [("server", server), *_runners(server)]

    def close(self) -> None:
        self._ending = True
        while self._keeper.is_alive():  # it may be starting one
            self._process.kill()
            self._keeper.join(0.2)
        self._process.wait()

    def _start(self) -> None:
        self.starts += 1
        command = [*self._command, str(self._port), *self._after_port]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                if line.startswith("serving at "):
                    self.url = line.split()[-1]
                    self._port = int(self.url.rsplit(":", 1)[1])
                    return  # little is said later, and nobody needs it

    def _keep(self) -> None:
        while not self._ending:
            self._process.wait()
            if not self._ending:
                self._start()


def _pool(folder: Path, nodes: int, per_node: int, heartbeat_s: int) -> FarmSettings:
    init = [
        f"export PYTHONPATH={shlex.quote(str(ROOT))}",
        f"export {simulated.FOLDER}={shlex.quote(str(folder))}",
        "export OMP_NUM_THREADS=1",
    ]
    parsl = {
        "provider": "local",
        "run_dir": str(folder / "parsl"),
        "worker_init": "\n".join(init),
        "address": "127.0.0.1",
        "slots_per_node": per_node,
        "init_blocks": nodes,
        "min_blocks": nodes,
        "max_blocks": nodes,
        "idle_s": 3600,
        "poll_s": 1,
        "heartbeat_s": heartbeat_s,
        "patience_s": 300,
        "losses": simulated.RETRIES,
        "overdue_s": 20,  # a job waits in its node for a worker that starts, too
    }
    return FarmSettings.model_validate({"kind": "parsl", "retries": simulated.RETRIES, "parsl": parsl})


def _runners(parent: psutil.Process) -> list[tuple[str, psutil.Process]]:
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in parent.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.name() == "sleep":
                    found.append(("runner", child))
    return found


def workers_and_managers(folder: Path) -> list[tuple[str, psutil.Process]]:
    """Workers that have answered and still live, and their managers."""
    found: list[tuple[str, psutil.Process]] = []
    managers: dict[int, psutil.Process] = {}
    for file in simulated.workers(folder).glob("[0-9]*"):
        with contextlib.suppress(psutil.NoSuchProcess):
            worker, manager = psutil.Process(int(file.name)), int(file.read_text().split()[0])
            if worker.ppid() != manager:  # it is about to end, or another process has its number by now
                continue
            found.append(("worker", worker))
            managers.setdefault(manager, psutil.Process(manager))
    return [*found, *(("manager", manager) for manager in managers.values())]


def _interchange() -> psutil.Process | None:
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "hayate.farm.interchange" in child.cmdline() or "interchange" in child.name():
                return child
    return None


@contextlib.contextmanager
def killing(engine: Engine, every_s: float, seed: int) -> Iterator[Counter[str]]:
    """Kill one of the farm's processes every so often, for as long as the block runs; counts by kind."""
    killed: Counter[str] = Counter()
    rng, stop = random.Random(seed), threading.Event()

    def work() -> None:
        while not stop.wait(every_s):
            (what,) = rng.choices(list(engine.of_kind), list(engine.of_kind.values()))
            alive = [process for kind, process in engine.victims() if kind == what]
            if alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    rng.choice(alive).kill()
                    killed[what] += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def left(folder: Path) -> list[str]:
    """Processes of a closed farm that don't end, by their first words, without folders. They are ended."""
    mine = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(simulated.FOLDER) == str(folder):
                mine.append(process)
    _, left = psutil.wait_procs(mine, END_S)
    said = []
    for process in left:
        with contextlib.suppress(psutil.Error):
            said.append(" ".join(re.sub(r"^/.*/", "", word) for word in process.cmdline())[:200])
            process.kill()
    return said
