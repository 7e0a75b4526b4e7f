"""What a person gives overrules what is guessed; what is tried out corrects it, or says what is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hayate.errors import WrongUse
from hayate.new import Draft, Found, guess, read, try_out
from hayate.new.fitting import Fitter, least_one
from hayate.records import Values
from hayate.sandbox import get, probe
from hayate.tasks.expressions import evaluate_expression

HISTOGRAM = """void count(int n, const int *bin, double *weight, double *total) {
  for (int i = 0; i < n; i++)
    total[bin[i]] += weight[i];
}
"""


def from_text(folder: Path, text: str, name: str, file: str = "a.c") -> Found:
    (folder / file).write_text(text)
    return read(folder / file, name)


def test_shapes_ranges_sizes_and_values_that_are_given(tmp_path: Path) -> None:
    found = from_text(tmp_path, HISTOGRAM, "count")
    guessed = guess(found, sizes=[{"n": 100}])
    unsure = {(g.about, g.what): g for g in guessed.unsure}
    assert "--shape 'total=...'" in unsure["total", "shape"].option
    draft = guess(
        found,
        shapes={"total": ("64",)},
        ranges={"n": (2, 500)},
        sizes=[{"n": 100}, {"n": 400}],
        values={"bin": Values(kind="index", high="64")},
    )
    assert draft.argument("total").shape == ("64",)
    assert (draft.domain["n"].low, draft.domain["n"].high) == (2, 500)
    assert [b.center for b in draft.bands] == [{"n": 100}, {"n": 400}]
    assert [b.training for b in draft.bands] == [True, False]
    assert draft.argument("bin").values == Values(kind="index", high="64")
    assert not [g for g in draft.unsure if g.what in ("shape", "values")]
    assert not try_out(draft, found).problems
    with pytest.raises(WrongUse, match=r"--range: m is not drawn. Allowed: n"):
        guess(found, ranges={"m": (1, 2)})
    with pytest.raises(WrongUse, match=r"--values: no argument m"):
        guess(found, values={"m": Values(kind="real")})
    with pytest.raises(WrongUse, match=r"--shape: no array m"):
        guess(found, shapes={"m": ("n",)})


def test_a_shape_that_is_too_short_is_found_by_the_sanitizer(tmp_path: Path) -> None:
    found = from_text(
        tmp_path, "void f(int n, double *x) {\n  for (int i = 0; i < n + 3; i++)\n    x[i] = i;\n}\n", "f"
    )
    right = guess(found, sizes=[{"n": 50}])
    assert right.argument("x").shape == ("n + 3",)
    wrong = guess(found, shapes={"x": ("n + 1",)}, sizes=[{"n": 50}])
    (problem,) = try_out(wrong, found).problems
    assert problem.about == "x"
    assert re.search(r"x is used 1 elements beyond its end in .*a\.c:3, at n = ", problem.what)
    assert problem.option == "--shape 'x=...'"


def test_a_size_of_one_that_does_not_work_raises_the_range(tmp_path: Path) -> None:
    text = "double f(int n, const double *x) {\n  return x[n - 1] - x[n - 2];\n}\n"
    found = from_text(tmp_path, text, "f")
    tried = try_out(guess(found, sizes=[{"n": 50}]), found)
    assert not tried.problems
    assert tried.draft.domain["n"].low == 2
    assert "sizes begin at 2" in tried.corrected[0]


def test_an_output_that_keeps_some_of_what_it_held_is_inout(tmp_path: Path) -> None:
    text = "void f(int n, const double *x, double *y) {\n  for (int i = 0; i < n; i++)\n"
    text += "    if (x[i] > 0)\n      y[i] = x[i];\n}\n"
    found = from_text(tmp_path, text, "f")
    draft = guess(found, sizes=[{"n": 50}])
    assert draft.argument("y").kind == "output"  # the traced runs draw positive numbers
    tried = try_out(draft, found)
    assert not tried.problems
    assert tried.draft.argument("y").kind == "inout"
    assert "depends on what it held before" in tried.corrected[0]


def test_values_that_give_no_numbers_are_corrected_or_said(tmp_path: Path) -> None:
    text = "#include <math.h>\nvoid f(int n, const double *x, double *y) {\n  for (int i = 0; i < n; i++) {\n"
    deep = "    double t = x[i] * 3 + 1;\n    y[i] = sqrt(t * fabs(t) / fabs(t));\n  }\n}\n"
    found = from_text(tmp_path, text + deep, "f")
    tried = try_out(guess(found, sizes=[{"n": 50}], values={"x": Values(kind="real")}), found)
    assert not tried.problems
    assert tried.draft.argument("x").values == Values(kind="uniform", low="0.5", high="2")
    never = "    y[i] = sqrt(-1 - x[i] * x[i]);\n  }\n}\n"
    found = from_text(tmp_path, text + never, "f")
    (problem,) = try_out(guess(found, sizes=[{"n": 50}]), found).problems
    assert problem.what == "y holds infinities or what is no number"
    assert "--values 'x=...'" in problem.option


def test_integers_that_overflow_get_smaller(tmp_path: Path) -> None:
    text = "int f(int n, const int *x) {\n  int p = 1;\n  for (int i = 0; i < 3 && i < n; i++)\n"
    text += "    p *= x[i];\n  return p;\n}\n"
    found = from_text(tmp_path, text, "f")
    given = Values(kind="integer", low="0", high="100000")
    tried = try_out(guess(found, values={"x": given}, sizes=[{"n": 50}]), found)
    assert not tried.problems
    assert "signed integer overflow" in tried.corrected[0]
    values = tried.draft.argument("x").values
    assert values is not None and int(values.high) < 2000


def test_a_draft_for_a_person_and_as_json(tmp_path: Path) -> None:
    draft = guess(from_text(tmp_path, HISTOGRAM, "count"), sizes=[{"n": 100}])
    table = draft.table(width=160)
    head = "void count(int n, const int *bin, double *weight, double *total)"
    unsure = ("unsure: shape of total", "Overrule it by --shape 'total=...'")
    for seen in (head, "bounds the loop in line 2", "index", "read before it is written", *unsure):
        assert seen in table
    assert Draft.model_validate_json(draft.model_dump_json()) == draft
    assert json.loads(draft.model_dump_json())["arguments"][1]["values"]["kind"] == "index"


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
def test_the_reference_runs_in_either_tier(tmp_path: Path, tier: str) -> None:
    if not next(r for r in probe(1) if r.tier == tier).works:
        pytest.skip(f"{tier} does not work here")
    found = from_text(
        tmp_path, "void f(int n, double *x) {\n  for (int i = 0; i < n; i++) x[i] *= 2;\n}\n", "f"
    )
    draft = guess(found, sizes=[{"n": 64}], within=get(tier))
    assert (draft.argument("x").kind, draft.argument("x").shape) == ("inout", ("n",))
    assert not try_out(draft, found, within=get(tier)).problems


def test_what_lengths_are_fitted_to() -> None:
    rng = np.random.default_rng(5)
    shapes = [{"n": int(a), "m": int(b)} for a, b in rng.integers(4, 14, (30, 2))]
    fitter = Fitter(shapes, ["n", "m"])
    for expression in ("n", "n + 1", "n * m", "n - m + 1", "n * (n + 1) // 2", "(n + 3) // 4 * 4", "2 * n"):
        lengths = [eval(expression, {}, dict(s)) for s in shapes]
        assert fitter.exact(lengths) == expression
    assert fitter.exact([7] * 30) == "7"
    assert fitter.exact([s["n"] ** 2 + s["m"] ** 3 + 11 for s in shapes]) is None
    assert fitter.bound([s["n"] - 1 if i % 3 else s["n"] for i, s in enumerate(shapes)]) == "n"
    assert least_one("n - k + 1") == "k <= n"
    assert least_one("n + k - 1") is None
    assert least_one("n * m") is None
    assert least_one("n - 4") == "n - 4 >= 1"


def test_vector_instructions_and_enumerations(tmp_path: Path) -> None:
    text = """typedef float four __attribute__((vector_size(16), aligned(4)));
enum mode { ADD, SUBTRACT, NEGATE };
void f(int n, const float *x, float *y, enum mode mode) {
  float s = mode == SUBTRACT ? -1.0f : 1.0f;
  for (int i = 0; i + 4 <= n; i += 4)
    *(four *)(y + i) += s * *(const four *)(x + i);
}
"""
    draft = guess(from_text(tmp_path, text, "f"), sizes=[{"n": 4096}])
    assert draft.argument("mode").values == Values(kind="integer", low="0", high="2")
    assert draft.argument("y").kind == "inout"
    assert evaluate_expression(draft.flops, {"n": 4096}) == pytest.approx(2 * 4096, rel=0.3)
