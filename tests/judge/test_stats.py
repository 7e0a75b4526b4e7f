"""Intervals and decisions, on samples whose truth is known. No clock is involved."""

import json
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayate.judge.stats import DRIFT, Sequential, log_ratio, metric, sequential_interval, speedup
from hayate.judge.student import quantile
from hayate.records import Launch, StandardError, Timing, decode


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


# -- through the chain to the reference

SURE = StandardError(value=0.03, freedom=5)


def half(launches: list[Launch]) -> float:
    found = log_ratio(launches, 0.95, chained=True)
    return (found.high - found.low) / 2


@pytest.mark.parametrize("launches", [1, 2, 3, 12])
def test_the_interval_through_the_chain_covers(launches: int) -> None:
    """Each trial has a calibration of its own, whose error is one for all its launches, and a drift since."""
    rng = random.Random(launches)
    trials, truth, rounds = 500, 20.0, 6
    held = {True: 0, False: 0}
    for _ in range(trials):
        seen = [rng.gauss(math.log(truth / 1.1), 0.06) for _ in range(rounds)]
        known = {
            "yardstick_speedup": math.exp(statistics.fmean(seen)),
            "yardstick_speedup_error": StandardError(
                value=statistics.stdev(seen) / math.sqrt(rounds), freedom=rounds - 1
            ),
        }
        now = 1.1 * math.exp(rng.gauss(0, DRIFT))
        found = [launch(now, rng=rng, **known) for _ in range(launches)]
        for told in held:
            kept = [x if told else x.model_copy(update={"yardstick_speedup_error": None}) for x in found]
            ratio = speedup(Timing(launches=tuple(kept)))
            held[told] += ratio.low <= truth <= ratio.high
    assert held[True] / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)
    assert held[False] / trials < 0.9  # what it was without the calibration's error


def test_more_launches_do_not_lower_the_calibrations_error() -> None:
    rng = random.Random(6)
    many = [launch(1.1, rng=rng, yardstick_speedup_error=SURE) for _ in range(400)]
    least = quantile(0.975, SURE.freedom) * SURE.value
    assert half(many) > 0.9 * least
    assert half([x.model_copy(update={"yardstick_speedup_error": None}) for x in many]) < 0.1 * least


def test_chains_to_two_yardsticks_have_steps_in_common() -> None:
    quiet = {"noise": 0.0, "effect": 0.0, "yardstick_speedup_error": SURE}
    rng = random.Random(7)
    one = [launch(1.1, rng=rng, **quiet) for _ in range(4)]
    two = [x.model_copy(update={"yardstick": name}) for x, name in zip(one, "abab", strict=True)]
    assert half(two) == pytest.approx(half(one))


def test_bands_have_calibrations_of_their_own_and_one_drift() -> None:
    quiet = {"noise": 0.0, "effect": 0.0}
    rng = random.Random(8)
    known = StandardError(value=0.03, freedom=1e6)
    widths = []
    for count in (1, 4):
        found = [
            launch(1.1, rng=rng, band=str(band), yardstick_speedup_error=known, **quiet)
            for band in range(count)
            for _ in range(3)
        ]
        ratio = speedup(Timing(launches=tuple(found)))
        widths.append(math.log(ratio.high / ratio.low) / 2 / 1.96)
    assert widths[0] == pytest.approx(math.hypot(0.03, DRIFT), rel=1e-3)
    assert widths[1] == pytest.approx(math.hypot(0.03 / 2, DRIFT), rel=1e-3)


def test_gflops_hold_the_calibrated_figures_error() -> None:
    quiet = {"noise": 0.0, "effect": 0.0}
    rng = random.Random(9)
    timing = Timing(
        launches=tuple(launch(1.1, rng=rng, yardstick_gflops_error=SURE, **quiet) for _ in range(3))
    )
    found = metric(timing)
    assert math.log(found.high / found.value) == pytest.approx(
        quantile(0.975, SURE.freedom) * SURE.value, rel=1e-3
    )


def test_launches_recorded_without_the_error_still_decode_and_count_as_before() -> None:
    rng = random.Random(10)
    found = [launch(1.1, rng=rng) for _ in range(4)]
    for one in found:
        text = one.model_dump(exclude={"yardstick_speedup_error", "yardstick_gflops_error"}, mode="json")
        assert decode(Launch, json.dumps(text)) == one
    chained, bare = (log_ratio(found, 0.95, chained=c) for c in (True, False))
    assert chained.high - chained.low == pytest.approx(bare.high - bare.low)


@given(st.floats(1, 1e5), st.floats(0.5, 0.99999))
def test_quantiles_are_those_of_students_t(freedom: float, probability: float) -> None:
    from scipy.special import stdtrit

    assert quantile(probability, freedom) == pytest.approx(
        float(stdtrit(freedom, probability)), rel=1e-6, abs=1e-5
    )


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


def test_gflops_of_launches_with_different_yardsticks_are_as_certain_as_with_one() -> None:
    """Their bare ratios are a factor of five apart; the figures that they stand for are not."""
    rng = random.Random(8)
    slow = {"yardstick": "slow", "yardstick_gflops": 10.0, "yardstick_speedup": 4.0}
    mixed = Timing(launches=(launch(1.1, rng=rng), launch(5.5, rng=rng, **slow), launch(1.1, rng=rng)))
    found = metric(mixed)
    assert 45 < found.low < found.value < found.high < 70
    assert found.value == pytest.approx(55, rel=0.05)
