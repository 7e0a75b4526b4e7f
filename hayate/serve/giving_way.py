"""Which runs give way: those of tokens that have used most, when the job of one that used less has waited too long.

A run that gives way is ended and its job is queued again, as its token's last. It can't be had for nothing: what it
did is lost, so that a run is let alone for `wait_s`, and when its job gave way eight times for twice as long each time
more. So a job gives way a bounded number of times (sixteen, of 300 s after 2), and then runs to its end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from hayate.serve.followed import Running
from hayate.serve.shares import faded

_TIMES = 8  # that a job gives way before it is let alone for longer
_REMEMBERED = 10_000  # jobs that gave way; one that was forgotten is protected as if it had not


class GivingWay:
    """Of one thread, the server's keeper; but `end` may come from any."""

    def __init__(self, wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.wait_s = wait_s
        self._clock = clock
        self._looked = clock()
        self._used: dict[str, float] = {}  # token -> seconds of slots and builders, those of long ago less
        self._times: dict[str, int] = {}  # a job's key -> how often it gave way

    def protected_s(self, key: str) -> float:
        """How long a run of this job holds its place whoever waits."""
        return float(self.wait_s * 2 ** max(0, self._times.get(key, 0) - _TIMES))

    def gave_way(self, key: str) -> None:
        """Its run had a place, and lost it."""
        self._times[key] = self._times.pop(key, 0) + 1
        if len(self._times) > _REMEMBERED:
            del self._times[next(iter(self._times))]

    def end(self, key: str) -> None:
        """The job is over."""
        self._times.pop(key, None)

    def choose(self, runs: Sequence[Running], queued: Mapping[str, float]) -> list[Running]:
        """The runs to be ended now. Call it several times in `wait_s`: it adds up what it sees.

        `queued`: for tokens that have no worker, since all are taken: for how many seconds their oldest job waits.
        """
        now = self._clock()
        passed_s, before, self._looked = now - self._looked, self._looked, now
        self._used = {token: faded(used, before, now) for token, used in self._used.items()}
        for run in runs:
            run.look(now, passed_s)
            if run.holds:
                self._used[run.token] = self._used.get(run.token, 0.0) + passed_s
        live = [run for run in runs if not run.ended]
        tokens = {run.token for run in runs} | queued.keys()
        self._used = {token: used for token, used in self._used.items() if used > 1e-3 or token in tokens}
        share_s = sum(self._used.get(token, 0.0) for token in tokens) / max(1, len(tokens))
        chosen = self._for_workers(live, queued, share_s, sum(run.ended for run in runs))
        coming = sum(run.ended and run.holds is not None for run in runs) + sum(
            run.holds is not None for run in chosen
        )
        rest = [run for run in live if run not in chosen]
        return [*chosen, *self._for_places(rest, share_s, coming)]

    def _for_workers(
        self, live: Iterable[Running], queued: Mapping[str, float], share_s: float, coming: int
    ) -> list[Running]:
        """Those that wait in the farm lose nothing by waiting in the queue, so they go first, and soon."""
        chosen: list[Running] = []
        late = [token for token, waited_s in queued.items() if waited_s >= self.wait_s / 4]
        for token in sorted(late, key=self._used_s)[coming:]:
            may = [
                run
                for run in live
                if run not in chosen
                and (run.holds is None or queued[token] >= self.wait_s)
                and self._may_lose(run, token, share_s)
            ]
            if may:
                chosen.append(max(may, key=lambda run: (run.holds is None, self._used_s(run.token))))
        return chosen

    def _for_places(self, live: Sequence[Running], share_s: float, coming: int) -> list[Running]:
        """One for each that has waited too long, as long as the other's token holds more places than its own."""
        chosen: list[Running] = []
        places = Counter(run.token for run in live if run.holds)
        late = [run for run in live if run.waits and not run.holds and run.waited_s >= self.wait_s]
        for waiting in sorted(late, key=lambda run: (self._used_s(run.token), run.rank))[coming:]:
            held = [run for run in live if run.holds]
            # Where none of its kind has a place, one of the other kind keeps it from all cores.
            alike = [run for run in held if run.holds == waiting.waits] or held
            may = [
                run
                for run in alike
                if run not in chosen
                and places[run.token] > places[waiting.token]
                and self._may_lose(run, waiting.token, share_s)
            ]
            if may:
                loser = max(may, key=lambda run: self._used_s(run.token))
                chosen.append(loser)
                places[loser.token] -= 1
                places[waiting.token] += 1
        return chosen

    def _may_lose(self, run: Running, token: str, share_s: float) -> bool:
        used_s = self._used_s(run.token)
        more = used_s > share_s and used_s > self._used_s(token)
        return more and (run.holds is None or run.held_s > self.protected_s(run.key))

    def _used_s(self, token: str) -> float:
        return self._used.get(token, 0.0)
