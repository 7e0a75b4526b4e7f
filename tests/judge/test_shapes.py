"""Which shapes are verified, and on which values."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hayate import hosts
from hayate.judge.shapes import (
    DISTRIBUTIONS,
    INTEGERS,
    UNIFORM,
    WIDE,
    beyond,
    memory_bytes,
    sample,
    usable,
    with_distributions,
)
from hayate.tasks import builtin, builtin_names, evaluate_expression


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("count", [5, 10, 15, 20])
def test_each_shape_once_and_each_distribution_as_often(name: str, count: int) -> None:
    task, rng = builtin(name), random.Random(count)
    shapes = sample(task, count, rng)
    found = with_distributions(task, shapes, rng)
    assert [shape for shape, _ in found] == shapes
    assert Counter(distribution for _, distribution in found) == dict.fromkeys(DISTRIBUTIONS, count // 5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_look_at_few_shapes_may_be_of_any_distribution(count: int) -> None:
    task, rng = builtin("dgemm"), random.Random(count)
    seen = {d for _ in range(60) for _, d in with_distributions(task, sample(task, count, rng), rng)}
    assert seen == set(DISTRIBUTIONS)


def test_shapes_of_fewest_terms_get_values_that_need_every_bit() -> None:
    """Integers may be exact in a lower precision, and zeros are: they would hide it where it shows best."""
    task, rng = builtin("dgemm"), random.Random(5)
    for _ in range(50):
        found = with_distributions(task, sample(task, 8, rng), rng)
        by_terms = sorted(found, key=lambda f: evaluate_expression(task.bound.terms, f[0]))
        assert {distribution for _, distribution in by_terms[:2]} == {UNIFORM, WIDE}
        assert [shape["K"] for shape, _ in by_terms[:2]] == [1, 1]


def test_no_other_shape_can_know_its_values() -> None:
    """Else a kernel could be right for those alone."""
    task, rng = builtin("dgemm"), random.Random(6)
    seen = {
        "large": Counter[int](),
        "long sums": Counter[int](),
    }
    for _ in range(200):
        for shape, distribution in with_distributions(task, sample(task, 8, rng), rng):
            if shape["M"] > 1024:
                seen["large"][distribution] += 1
            if shape["K"] > 1024:
                seen["long sums"][distribution] += 1
    for counts in seen.values():
        assert all(counts[d] > 0.08 * counts.total() for d in DISTRIBUTIONS), counts


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("thorough", [False, True])
def test_some_shapes_are_beyond_what_the_oracle_can_afford(name: str, thorough: bool) -> None:
    task, rng, host = builtin(name), random.Random(3), hosts.profile()
    found = beyond(task, 60, rng, host=host, thorough=thorough)
    assert len(found) == 60
    work = [evaluate_expression(task.oracle_work, shape) for shape, _ in found]
    assert min(work) > task.oracle_work_max
    assert {distribution for _, distribution in found} == set(DISTRIBUTIONS)
    for size, limits in task.domain.items():
        assert all(limits.low <= shape[size] <= limits.high for shape, _ in found)
        assert any(shape[size] == limits.high for shape, _ in found)
    training = max(evaluate_expression(task.oracle_work, b.center) for b in task.bands if b.training)
    assert (max(work) > 4 * training) == thorough
    memory = max(memory_bytes(task, shape) for shape, _ in found)
    assert memory <= host.memory_bytes / 16


def test_a_domain_that_the_oracle_affords_has_no_shape_beyond() -> None:
    task = builtin("dgemm")
    small = task.model_copy(update={"oracle_work_max": 1e12})
    assert beyond(small, 3, random.Random(1), host=hosts.profile(), thorough=True) == ()


def test_the_exact_test_can_be_switched_off() -> None:
    """A task whose constants are no integers has none; one whose sums grow has it where they fit."""
    task, rng = builtin("dgemm"), random.Random(4)
    off = task.model_copy(update={"bound": task.bound.model_copy(update={"integer_bits": ""})})
    bounded = task.model_copy(update={"bound": task.bound.model_copy(update={"integer_bits": "20 - K"})})
    for _ in range(20):
        assert INTEGERS not in {d for _, d in with_distributions(off, sample(off, 12, rng), rng)}
        drawn = with_distributions(bounded, sample(bounded, 12, rng), rng)
        assert all(shape["K"] < 20 for shape, d in drawn if d == INTEGERS)
    assert INTEGERS in usable(task, {"M": 9, "N": 9, "K": 900})
    assert INTEGERS not in {d for _, d in beyond(off, 60, rng, host=hosts.profile(), thorough=True)}
