"""The order of rewards is what a policy learns from: check it for every preset and scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from record_examples import HOST, accepted, candidate, refused

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Metric, Outcome, Verdict
from hayate.rewards import BELIEVED_ABOVE_LOW, FAILURES, Positive, RewardSettings, reward

MADE = candidate()
FAILED = [outcome for outcome in Outcome if outcome is not Outcome.ACCEPTED]
SCALES: list[Positive] = ["log", "speedup", "peak_fraction", "gflops"]


def _timed(gflops: float, speedup: float) -> Verdict:
    return accepted(MADE, gflops=gflops, speedup=speedup)


def test_s1_is_the_published_table() -> None:
    settings = RewardSettings(preset="s1")
    table = {outcome.value: reward(refused(MADE, outcome), settings).value for outcome in FAILED}
    assert table == {
        "violation": -100,
        "cheated": -100,
        "build_failed": -40,
        "timed_out": -30,
        "crashed": -20,
        "wrong": -10,
    }
    assert reward(_timed(50, 15), settings).value == pytest.approx(50, rel=0.01)


def test_scaled_keeps_the_order_within_four_points() -> None:
    values = [reward(refused(MADE, outcome)).value for outcome in FAILED]
    assert values == sorted(values)
    assert (min(values), max(values)) == (-4.0, -1.0)
    order = sorted(FAILED, key=FAILURES["s1"].__getitem__)
    assert order == sorted(FAILED, key=FAILURES["scaled"].__getitem__)


@given(speedup=st.floats(1e-3, 1e3), preset=st.sampled_from(["scaled", "s1"]), scale=st.sampled_from(SCALES))
def test_a_slow_right_kernel_beats_every_failure(speedup: float, preset: str, scale: Positive) -> None:
    settings = RewardSettings.model_validate({"preset": preset, "positive": scale})
    value = reward(_timed(speedup * 3.3, speedup), settings).value
    assert value > 0 > max(reward(refused(MADE, outcome), settings).value for outcome in FAILED)


@given(
    speedup=st.floats(1e-2, 1e3),
    faster=st.floats(1.03, 100),
    preset=st.sampled_from(["scaled", "s1"]),
    scale=st.sampled_from(SCALES),
)
def test_faster_by_more_than_the_noise_pays_more(
    speedup: float, faster: float, preset: str, scale: Positive
) -> None:
    settings = RewardSettings.model_validate({"preset": preset, "positive": scale})
    slow, fast = _timed(speedup, speedup), _timed(speedup * faster, speedup * faster)
    assert reward(fast, settings).value > reward(slow, settings).value


def test_the_default_spread_is_near_ten_points() -> None:
    """What was seen to work: about ten points from the slowest to the fastest, four for failures."""
    assert reward(_timed(3.3, 1)).value == pytest.approx(2.08, abs=0.05)
    assert reward(_timed(96, 30)).value == pytest.approx(10.3, abs=0.1)


@pytest.mark.parametrize("scale", SCALES)
def test_equal_kernels_within_the_noise_are_paid_alike(scale: Positive) -> None:
    settings = RewardSettings(positive=scale, quantum=0.02)
    values = {
        reward(_timed(54.5982 * f, 7.3891 * f), settings).value for f in (0.992, 0.997, 1.0, 1.004, 1.009)
    }
    if scale == "peak_fraction":  # its grid lies elsewhere, so that an edge may fall among them
        assert len(values) <= 2
    else:
        assert len(values) == 1


def test_the_quantum_is_the_hosts_noise_unless_set() -> None:
    noisy = HOST.model_copy(update={"noise": 0.2})
    pair = [accepted(MADE, speedup=value, host=noisy) for value in (1.01, 1.08)]
    assert len({reward(verdict).value for verdict in pair}) == 1
    assert len({reward(verdict, RewardSettings(quantum=0.01)).value for verdict in pair}) == 2
    exact = reward(pair[0], RewardSettings(quantum=0, positive="speedup", scale=1.0))
    assert exact.value == 1.01


def test_correctness_only_pays_one_and_fails_as_ever() -> None:
    settings = RewardSettings(correctness_only=True)
    assert reward(_timed(1, 0.1), settings).value == reward(_timed(90, 30), settings).value == 1.0
    assert reward(refused(MADE, Outcome.WRONG), settings).value == -1.0


def test_an_untimed_acceptance_pays_as_correctness() -> None:
    untimed = _timed(1, 1).model_copy(update={"timing": None, "metric": None, "speedup": None})
    assert reward(untimed).value == 1.0


def test_what_a_scale_needs_is_asked_for() -> None:
    fraction = RewardSettings(positive="peak_fraction")
    assert reward(_timed(59, 15), fraction).value == pytest.approx(5.0, rel=0.02)
    with pytest.raises(Fault) as told:
        reward(accepted(MADE, host=HOST.model_copy(update={"peak_gflops": None})), fraction)
    assert told.value.kind is FaultKind.HOST_UNFIT
    with pytest.raises(WrongUse, match="no rate"):
        reward(_timed(1, 1).model_copy(update={"metric": None}), RewardSettings(positive="gflops"))
    traffic = Metric(name="GB/s", value=9.0, low=8.0, high=10.0)
    for positive in ("gflops", "peak_fraction"):
        with pytest.raises(WrongUse, match="no rate in GFLOPS"):
            reward(
                _timed(1, 1).model_copy(update={"metric": traffic}),
                RewardSettings.model_validate({"positive": positive}),
            )


def test_settings_say_what_is_wrong() -> None:
    for wrong in (
        {"presett": "s1"},
        {"preset": "s2"},
        {"scale": 0},
        {"failures": {"wrong": 1.0}},
        {"failures": {"accepted": -1.0}},
    ):
        with pytest.raises(ValidationError):
            RewardSettings.model_validate(wrong)
    own = RewardSettings(failures={Outcome.WRONG: -0.5})
    assert reward(refused(MADE, Outcome.WRONG), own).value == -0.5
    assert reward(refused(MADE, Outcome.CRASHED), own).value == -1.5


@pytest.mark.parametrize("scale", SCALES)
def test_a_wide_interval_is_paid_by_its_low_end(scale: Positive) -> None:
    """Who makes his own interval wide, or is lucky in it, gets what is certain."""
    narrow = _timed(33, 10)
    assert narrow.speedup is not None and narrow.metric is not None
    wide = narrow.model_copy(
        update={
            "speedup": narrow.speedup.model_copy(update={"low": 2.0, "high": 50.0}),
            "metric": narrow.metric.model_copy(update={"low": 6.6, "high": 165.0}),
        }
    )
    settings = RewardSettings(positive=scale, quantum=0)
    certain = reward(_timed(6.6 * BELIEVED_ABOVE_LOW, 2.0 * BELIEVED_ABOVE_LOW), settings).value
    assert reward(wide, settings).value == pytest.approx(certain)
    assert reward(wide, settings).value < reward(narrow, settings).value
