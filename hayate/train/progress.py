"""What a person sees while a run trains: phase, step, verdicts by outcome, best, median, rate, time left.

On a terminal a live panel; elsewhere one line a step; with `--json` one JSON object a line, on stderr, so
that stdout holds the result alone.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as RichBar
from rich.text import Text

from hayate.errors import Fault
from hayate.records import Outcome, Verdict

_WINDOW_S = 120.0  # the rate of verdicts is that of the last two minutes


class Tally:
    """Counts of one phase, and the best of the run."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.best: float | None = None  # median of the metric of the best accepted, e.g. GFLOPS
        self.metric = ""
        self.median: float | None = None  # of the last group's accepted
        self._times: deque[float] = deque(maxlen=4096)

    def start_phase(self) -> None:
        self.outcomes.clear()
        self.median = None

    def add(self, result: Verdict | Fault) -> None:
        self._times.append(time.monotonic())
        if isinstance(result, Fault):
            self.outcomes["fault"] += 1
            return
        if result.guess:
            self.outcomes["guessed"] += 1
            return
        self.outcomes[result.outcome.value] += 1
        if result.outcome is Outcome.ACCEPTED and result.metric is not None:
            self.metric = result.metric.name
            if self.best is None or result.metric.value > self.best:
                self.best = result.metric.value

    def end_group(self, results: Sequence[Verdict | Fault]) -> None:
        values = [
            r.metric.value for r in results if isinstance(r, Verdict) and r.metric is not None and not r.guess
        ]
        if values:
            self.median = statistics.median(values)

    @property
    def per_minute(self) -> float:
        now = time.monotonic()
        recent = [t for t in self._times if now - t <= _WINDOW_S]
        if len(recent) < 2:
            return 0.0
        return 60.0 * len(recent) / max(now - recent[0], 1e-3)

    def line(self) -> str:
        """E.g. "96 verdicts (accepted 80, wrong 16), best 91.2 GFLOPS, last group's median 45.0, 210/min"."""
        total = sum(self.outcomes.values())
        if not total:
            return ""
        parts = ", ".join(f"{name} {n}" for name, n in self.outcomes.most_common())
        said = [f"{total} verdicts ({parts})"]
        if self.best is not None:
            said.append(f"best {self.best:.1f} {self.metric}")
        if self.median is not None:
            said.append(f"last group's median {self.median:.1f}")
        if self.per_minute:
            said.append(f"{self.per_minute:.0f}/min")
        return ", ".join(said)


class Progress:
    """Hears of everything, shows nothing: the base of the other three."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.phase_name = ""
        self.phase_number = self.phases = 0
        self.step_number = self.steps = 0
        self._began = time.monotonic()
        self._first_step: tuple[float, int] = (0.0, 0)

    def phase(self, name: str, number: int, phases: int, steps: int, done: int = 0) -> None:
        """A phase begins, or goes on after `done` of its steps."""
        self.tally.start_phase()
        self.phase_name, self.phase_number, self.phases = name, number, phases
        self.step_number, self.steps = done, steps
        self._first_step = (time.monotonic(), done)
        self.show("phase")

    def goes_on(self, done: int) -> None:
        """The phase was begun by an earlier process, which did so many of its steps: they took no time of this one."""
        self.step_number = done
        self._first_step = (time.monotonic(), done)

    def verdict(self, result: Verdict | Fault) -> None:
        self.tally.add(result)
        self.show("verdict")

    def group(self, results: Sequence[Verdict | Fault]) -> None:
        self.tally.end_group(results)

    def step(self, number: int, metrics: Mapping[str, Any]) -> None:
        """`number` steps of the phase are done."""
        self.step_number = number
        self.show("step", metrics=metrics)

    def say(self, text: str) -> None:
        self.show("say", text=text)

    def close(self) -> None:
        """Free the terminal."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, event: str, *, text: str = "", metrics: Mapping[str, Any] | None = None) -> None:
        """What became of an event: "phase", "verdict", "step", "say"."""

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of this phase, by the mean of the steps so far."""
        began, first = self._first_step
        done = self.step_number - first
        if done <= 0:
            return None
        return (time.monotonic() - began) / done * (self.steps - self.step_number)

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def headline(self) -> str:
        left = f", {_clock(self.left_s)} left of this phase" if self.left_s is not None else ""
        return (
            f"phase {self.phase_number}/{self.phases} {self.phase_name}, step {self.step_number}/{self.steps}"
            f", {_clock(self.wall_s)}{left}"
        )


class PlainProgress(Progress):
    """One line a step."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr

    def show(self, event: str, *, text: str = "", metrics: Mapping[str, Any] | None = None) -> None:
        if event == "say":
            self._print(text)
        elif event == "phase":
            self._print(f"phase {self.phase_number}/{self.phases}: {self.phase_name}, {self.steps} steps")
        elif event == "step":
            figures = " ".join(f"{k} {v:.4g}" for k, v in _figures(metrics).items())
            self._print("; ".join(part for part in (self.headline, self.tally.line(), figures) if part))

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class JsonProgress(Progress):
    """One JSON object a line: {"event", "phase", "step", "steps", "outcomes", "best", "median", ...}."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr

    def show(self, event: str, *, text: str = "", metrics: Mapping[str, Any] | None = None) -> None:
        if event == "verdict":
            return
        said: dict[str, Any] = {
            "event": event,
            "wall_s": round(self.wall_s, 1),
            "phase": self.phase_name,
            "step": self.step_number,
            "steps": self.steps,
            "outcomes": dict(self.tally.outcomes),
            "best": self.tally.best,
            "median": self.tally.median,
            "verdicts_per_minute": round(self.tally.per_minute, 1),
            "left_s": None if self.left_s is None else round(self.left_s),
        }
        if text:
            said["text"] = text
        if metrics:
            said["metrics"] = dict(metrics)
        print(json.dumps(said), file=self._stream, flush=True)


class RichProgress(Progress):
    """A live panel of three lines, on stderr."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(stderr=True)
        self._bar = RichBar(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._task: TaskID | None = None
        self._live = Live(console=self._console, get_renderable=self._panel, refresh_per_second=4)
        self._live.start()

    def show(self, event: str, *, text: str = "", metrics: Mapping[str, Any] | None = None) -> None:
        if event == "say":
            self._console.print(text, highlight=False, markup=False)
        elif event == "phase":
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task("", total=self.steps, left="")
        self._update()

    def close(self) -> None:
        self._live.stop()

    def _update(self) -> None:
        if self._task is None:
            return
        left = "" if self.left_s is None else f"{_clock(self.left_s)} left"
        self._bar.update(
            self._task,
            completed=self.step_number,
            description=f"phase {self.phase_number}/{self.phases} {self.phase_name}",
            left=left,
        )

    def _panel(self) -> Group:
        return Group(self._bar, Text(self.tally.line()), Text(f"{_clock(self.wall_s)} so far", style="dim"))


def choose(json_lines: bool = False) -> Progress:
    """What fits where stderr goes."""
    if json_lines:
        return JsonProgress()
    return RichProgress() if Console(stderr=True).is_terminal else PlainProgress()


_SHOWN = ("loss", "reward", "kl", "accepted_share", "generate_s", "judge_s", "update_s")


def _figures(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    return {k: metrics[k] for k in _SHOWN if isinstance(metrics.get(k), (int, float))} if metrics else {}


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
