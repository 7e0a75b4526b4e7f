"""Intervals and decisions, on samples whose truth is known. No clock is involved."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayate.judge.stats import Sequential, log_ratio, metric, sequential_interval, speedup
from hayate.records import Launch, Timing


def launch(
    ratio: float,
    *,
    rng: random.Random,
    pairs: int = 5,
    noise: float = 0.01,
    effect: float = 0.01,
    **more: object,
) -> Launch:
    """The candidate is `ratio` times faster, with noise between pairs and a shift common to the launch."""
    shift = rng.gauss(0, effect)
    candidate, yardstick = [], []
    for _ in range(pairs):
        drift = math.exp(rng.gauss(0, 0.2))
        yardstick.append(round(3e6 * drift))
        candidate.append(round(3e6 * drift / ratio * math.exp(shift + rng.gauss(0, noise))))
    fields = {
        "band": "480",
        "yardstick": "y",
        "shapes": ((480, 480, 480),) * pairs,
        "candidate_ns": tuple(candidate),
        "yardstick_ns": tuple(yardstick),
        "flops": (2.0 * 480**3,) * pairs,
        "yardstick_gflops": 50.0,
        "yardstick_speedup": 20.0,
        **more,
    }
    return Launch.model_validate(fields)


def test_drift_common_to_a_pair_cancels() -> None:
    rng = random.Random(1)
    timing = Timing(launches=tuple(launch(1.25, rng=rng, noise=0.0, effect=0.0) for _ in range(3)))
    assert speedup(timing).median == pytest.approx(25.0, rel=1e-5)
    assert speedup(timing, baseline="y").median == pytest.approx(1.25, rel=1e-5)
    assert metric(timing).value == pytest.approx(62.5, rel=1e-5)


def test_bands_count_alike() -> None:
    rng = random.Random(2)
    quiet = {"noise": 0.0, "effect": 0.0}
    launches = [
        launch(2.0, rng=rng, **quiet),
        launch(2.0, rng=rng, **quiet),
        launch(0.5, rng=rng, band="960", **quiet),
    ]
    assert speedup(Timing(launches=tuple(launches)), baseline="y").median == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("launches", [1, 2, 3, 6])
def test_the_stated_interval_covers(launches: int) -> None:
    rng = random.Random(launches)
    trials, truth = 400, math.log(1.1)
    held = 0
    for _ in range(trials):
        found = log_ratio([launch(1.1, rng=rng) for _ in range(launches)], 0.95, chained=False)
        held += found.low <= truth <= found.high
    # 95% stated; four binomial standard errors of room.
    assert held / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)


def test_launch_effects_do_not_fool_the_head_to_head() -> None:
    rng = random.Random(3)
    wrong = 0
    for _ in range(300):
        rule = Sequential(confidence=0.99)
        for _ in range(24):
            if rule.add(rng.gauss(0, 0.015)).outcome in ("faster", "slower"):
                wrong += 1
                break
    assert wrong <= 9  # 1% stated over all looks: 3 expected at most, far below in practice


def test_the_head_to_head_finds_five_per_cent() -> None:
    rng = random.Random(4)
    needed = []
    for _ in range(100):
        rule = Sequential(confidence=0.99)
        for n in range(1, 65):
            if rule.add(rng.gauss(math.log(1.05), 0.015)).outcome == "faster":
                needed.append(n)
                break
    assert len(needed) == 100
    assert statistics.median(needed) <= 12


def test_equal_code_is_called_equal_in_the_end() -> None:
    rng = random.Random(5)
    rule = Sequential(confidence=0.99, equal_within=0.02)
    outcomes = [rule.add(rng.gauss(0, 0.005)).outcome for _ in range(64)]
    assert "equal" in outcomes


@given(st.lists(st.floats(-1, 1), min_size=0, max_size=40))
def test_the_sequential_interval_holds_the_mean(values: list[float]) -> None:
    found = sequential_interval(values, threshold=100)
    assert found.low <= found.value <= found.high


@given(st.lists(st.floats(-0.1, 0.1), min_size=8, max_size=40))
def test_more_confidence_is_never_narrower(values: list[float]) -> None:
    loose, strict = sequential_interval(values, threshold=20), sequential_interval(values, threshold=100)
    assert strict.low <= loose.low
    assert strict.high >= loose.high
