"""Which shapes are verified, and on which values."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hayate.judge.shapes import DISTRIBUTIONS, INTEGERS, SPARSE, UNIFORM, WIDE, sample, with_distributions
from hayate.tasks import builtin, builtin_names, evaluate_expression


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("count", [4, 8, 12, 16])
def test_each_shape_once_and_each_distribution_as_often(name: str, count: int) -> None:
    task, rng = builtin(name), random.Random(count)
    shapes = sample(task, count, rng)
    found = with_distributions(task, shapes, rng)
    assert [shape for shape, _ in found] == shapes
    assert Counter(distribution for _, distribution in found) == dict.fromkeys(DISTRIBUTIONS, count // 4)


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
        assert all(counts[d] > 0.1 * counts.total() for d in (UNIFORM, WIDE, INTEGERS, SPARSE)), counts
