"""What a running number knows of itself, seen through the bounds of small functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

U = 2.0**-53


def loop(body: str) -> str:
    return (
        "#include <math.h>\n#include <stdlib.h>\n"
        f"void f(int n, double *x, double *y) {{ for (int i = 0; i < n; i++) {{ {body} }} }}"
    )


def test_moved_and_chosen_numbers_are_exact(compare: Any) -> None:
    known = compare(loop("y[i] = x[i] > 0.5 ? x[n - 1 - i] : fmax(x[i], -x[0]);"), [0.1, 0.7, -0.3, 1e-300])
    assert (known.bound[0] == 0).all()


def test_whole_numbers_are_exact_as_long_as_they_fit(compare: Any) -> None:
    text = loop("y[i] = 0; for (int k = 0; k < n; k++) y[i] += x[k] * x[(k + i) % n] * 0.5;")
    assert (compare(text, np.arange(1.0, 40.0)).bound[0] == 0).all()
    assert (compare(text, 2.0**28 * np.arange(1.0, 40.0)).bound[0] == 0).all()  # all are multiples of 2^55
    assert (compare(text, np.r_[2.0**28 + 1, 1:39]).bound[0] > 0).tolist() == [True] + [False] * 38
    assert (compare(text, np.arange(1.0, 40.0) / 3).bound[0] > 0).all()


def test_the_order_of_a_sum_does_not_matter(compare: Any) -> None:
    """The largest comes last: nothing is rounded in this order, and n times in the other."""
    x = np.full(1000, 2.0**-30 / 3)
    x[-1] = 1
    forward = compare(
        "void f(int n, double *x, double *y) { y[0] = 0; for (int i = 0; i < n; i++) y[0] += x[i]; }", x
    )
    back = compare(
        "void f(int n, double *x, double *y) { y[0] = 0; for (int i = n - 1; i >= 0; i--) y[0] += x[i]; }", x
    )
    assert forward.bound[0][0] == pytest.approx(back.bound[0][0], rel=1e-6)
    assert 1000 * U < forward.bound[0][0] < 1005 * U


def test_zeros_cost_nothing(compare: Any) -> None:
    x = np.zeros(1000)
    x[[3, 500]] = 0.1, 0.7
    known = compare(
        "void f(int n, double *x, double *y) { y[0] = 0; for (int i = 0; i < n; i++) y[0] += x[i] * x[i]; }",
        x,
    )
    assert known.bound[0][0] < 8 * U


def test_a_difference_of_inputs_is_rounded_once(compare: Any) -> None:
    x = [1.0, 1 - 2.0**-50, 0.3]
    known = compare("void f(int n, double *x, double *y) { y[0] = (x[0] - x[1]) / x[2]; }", x)
    assert known.bound[0][0] < 8 * U * known.want[0][0]


def test_repeated_sums_are_bounded_by_what_was_added_in_all(compare: Any) -> None:
    text = "void f(int n, double *x, double *y) { for (int i = 0; i < n; i++) y[i] = x[i];"
    text += "for (int t = 0; t < 40; t++) for (int i = 1; i < n; i++) y[i] += y[i - 1]; }"
    known = compare(text, np.random.default_rng(0).uniform(0.5, 1, 30))
    assert (known.bound[0] <= 4 * 40 * 30 * U * np.abs(known.want[0]) + 1e-300).all()


@pytest.mark.parametrize(
    ("body", "x", "near"),
    [
        ("double v = x[i] * 0.1; y[i] = v > 0.3 ? 1 : 2; if (v > 0.3) { y[i] += 1; y[0] = 0; }", [3.0], True),
        ("double v = x[i] * 0.1; if (v > 0.3) { y[i] = 1; y[0] = 2; }", [2.0], False),
        ("int k = x[i] * 10; y[i] = k;", [0.3], True),
        ("y[i] = x[i] * 0.1 == 0.3;", [3.0], True),
        ("if (x[i] > 3) { y[0] = 1; y[i] = 2; }", [3.0], False),  # an input is what it is
        ("double v = x[i] * 0.1; y[i] = v > 0.3 ? v : 0.3;", [3.0], False),  # a maximum
        (
            "double v = x[i] * 0.1 - 0.3; y[i] = v > 0 ? v : 0.01 * v;",
            [3.0],
            False,
        ),  # either way within the error
        ("double v = x[i] * 0.1, m = 0.3; if (v > m) m = v; y[i] = m;", [3.0], False),
        ("double v = x[i] * 0.1 - 0.3; if (v < 0) v = -v; y[i] = v;", [3.0], False),
        ("y[i] = floor(x[i] * 0.1 * 10) * 0;", [3.0], False),
    ],
)
def test_what_rounding_could_turn_is_counted(body: str, x: list[float], near: bool, compare: Any) -> None:
    assert (compare(loop(body), x).near > 0) == near


def test_a_choice_that_could_turn_has_both_values_within_its_bound(compare: Any) -> None:
    known = compare(loop("double v = x[i] * 0.1 - 0.3; y[i] = v > 0 ? 1 + v : 2.0;"), [3.0])
    assert known.near == 0 and 1 <= known.bound[0][0] < 1.1


@pytest.mark.parametrize(
    ("body", "x"),
    [
        ("y[i] = sqrt(x[i] * 0.1 - 0.3);", 3.0),  # honest code may find the root of less than zero
        ("y[i] = 1 / (x[i] * 0.1 - 0.3);", 3.0),
        ("y[i] = log(x[i] * 0.1 - 0.3);", 3.0),
        ("y[i] = 0 * x[i];", np.inf),
        ("y[i] = x[i] - x[i];", np.inf),
        ("y[i] = x[i] * x[i];", 1e200),  # overflows in double, not in what the oracle computes with
        ("y[i] = x[i] / 0;", 0.0),
        ("if (x[i] > 9) y[i] = 1;", 0.0),  # not written
    ],
)
def test_where_nothing_is_known_the_bound_is_infinite(body: str, x: float, compare: Any) -> None:
    assert compare(loop(body), [x]).bound[0][0] == np.inf


def test_infinities_of_the_problem_are_exact(compare: Any) -> None:
    known = compare(loop("y[i] = (x[i] + 3) * 2 + exp(-x[i]) + fmin(x[i], 1);"), [np.inf])
    assert known.want[0][0] == np.inf and known.bound[0][0] == 0


def test_a_root_of_squares_near_zero_stays_known(compare: Any) -> None:
    known = compare(loop("double d = x[i] * 0.1 - 0.3; y[i] = sqrt(d * d);"), [3.0])
    assert 0 < known.bound[0][0] < 1e-15
