"""The decision rule on a host whose speed drifts, with a clock that is a number: no time passes.

The host's speed at a moment multiplies every call's time. Pairs are interleaved in random order, as in a launch, and
a launch's ratio and a head-to-head's decision are the judge's own code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from hayate.judge.stats import Sequential, log_ratio
from hayate.records import Launch

CALL_NS = 3e6
PAIRS = 5
Speed = Callable[[float], float]  # time in ns -> factor on a call's time


class Host:
    """Calls take `speed(now)` times their work, a launch shifts one side, and a call is disturbed now and then."""

    def __init__(self, rng: random.Random, speed: Speed, noise: Callable[[], float], effect: float) -> None:
        self.rng, self.speed, self.noise, self.effect = rng, speed, noise, effect
        self.now = 0.0

    def call(self, work_ns: float) -> int:
        took = work_ns * self.speed(self.now) * math.exp(self.noise())
        self.now += took
        return round(took)

    def launch(self, slower: float) -> Launch:
        self.now += 1e8  # processes start
        shift = math.exp(self.rng.gauss(0, self.effect))
        candidate, yardstick = [], []
        for _ in range(PAIRS):
            works = [(candidate, CALL_NS * slower * shift), (yardstick, CALL_NS)]
            self.rng.shuffle(works)
            for times, work in works:
                times.append(self.call(work))
        return Launch(
            band="480",
            yardstick="y",
            shapes=((480, 480, 480),) * PAIRS,
            candidate_ns=tuple(candidate),
            yardstick_ns=tuple(yardstick),
        )


def steps(rng: random.Random) -> Speed:
    """The core's speed jumps by up to a third, every second or so: a neighbour comes and goes."""
    levels: dict[int, float] = {}
    return lambda now: levels.setdefault(int(now / 1e9), math.exp(rng.uniform(-0.3, 0.3)))


def walk(rng: random.Random) -> Speed:
    """Slow, strongly autocorrelated drift: each 10 ms half a per cent more or less."""
    at, value = 0, 0.0

    def speed(now: float) -> float:
        nonlocal at, value
        while at < now / 1e7:
            at += 1
            value = 0.999 * value + rng.gauss(0, 0.005)
        return math.exp(value)

    return speed


def steady(_: random.Random) -> Speed:
    return lambda _now: 1.0


def gauss(rng: random.Random) -> Callable[[], float]:
    return lambda: rng.gauss(0, 0.01)


def heavy(rng: random.Random) -> Callable[[], float]:
    """One call in ten takes up to twice as long; the others differ by half a per cent."""
    return lambda: rng.uniform(0, 0.7) if rng.random() < 0.1 else rng.gauss(0, 0.005)


HOSTS = {
    "steady": (steady, gauss, 0.01),
    "steps": (steps, gauss, 0.01),
    "walk": (walk, gauss, 0.01),
    "heavy tails": (steady, heavy, 0.005),
    "all together": (walk, heavy, 0.01),
}


def head_to_head(host: Host, slower: float) -> str:
    """As `measure` does it: looked at from the third launch on, at most 64 launches."""
    rule = Sequential(confidence=0.99)
    for _ in range(64):
        found = rule.add(host.launch(slower).log_ratio)
        if found.outcome:
            return found.outcome
    return ""


def hosts(name: str, seed: str, trials: int) -> list[Host]:
    speed, noise, effect = HOSTS[name]
    found = []
    for trial in range(trials):
        rng = random.Random(f"{name} {seed} {trial}")
        found.append(Host(rng, speed(rng), noise(rng), effect))
    return found


@pytest.mark.parametrize("name", HOSTS)
def test_identical_code_is_not_called_faster(name: str) -> None:
    trials = 300
    called = sum(head_to_head(host, 1.0) in ("faster", "slower") for host in hosts(name, "same", trials))
    assert called <= 9  # 1% stated, and four binomial standard errors of room


@pytest.mark.parametrize("name", HOSTS)
def test_a_difference_of_five_per_cent_is_found_and_has_the_right_sign(name: str) -> None:
    found = [head_to_head(host, 1.05) for host in hosts(name, "five", 60)]
    assert "faster" not in found
    assert found.count("slower") >= 57


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("launches", [1, 3])
def test_the_stated_interval_covers(name: str, launches: int) -> None:
    trials, truth, held = 300, -math.log(1.1), 0
    for host in hosts(name, f"cover {launches}", trials):
        found = log_ratio([host.launch(1.1) for _ in range(launches)], 0.95, chained=False)
        held += found.low <= truth <= found.high
    assert held / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)
