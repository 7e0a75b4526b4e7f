"""Templates: parameters, constraints, techniques, held-out combinations, and errors that name the key."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hayate.errors import WrongUse
from hayate.records import Technique
from hayate.tasks import builtin_names, folder, templates

TOML = """
[[template]]
name = "a"
file = "a.c.j2"
weight = 3
techniques = ["blocking"]
constraints = ["R * C <= 8", "MODE == 'x' or R > 1"]
[template.parameters]
R = [1, 2, 4]
C = [2, 4]
MODE = ["x", "y"]
[template.technique_if]
prefetch = "C > 2"
simd = "MODE == 'x'"

[[template]]
name = "b"
file = "a.c.j2"
weight = 1
[template.parameters]
R = [1]
C = [2, 3]
MODE = ["x"]

[[held_out]]
techniques = ["blocking", "prefetch"]
"""
TEXT = """
{% if MODE == "x" %}
#define R {{ R }}
{% endif %}


void f(int n)
{

    g({{ C }});{{ "   " }}

}
"""


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants" / "variants.toml").write_text(TOML)
    (tmp_path / "variants" / "a.c.j2").write_text(TEXT)
    return tmp_path


def test_constraints_choose_the_combinations(task_folder: Path) -> None:
    found = templates.load(task_folder)
    combinations = found.template("a").combinations
    assert all(int(p["R"]) * int(p["C"]) <= 8 and (p["MODE"] == "x" or int(p["R"]) > 1) for p in combinations)
    assert len(combinations) == 8  # of 12: (4, 4) twice and (1, *, "y") twice are out
    assert found.count() == 10
    assert found.count(held_out=True) == 3
    assert found.count(held_out=False) == 7
    assert found.template("a").parameters == {"R": (1, 2, 4), "C": (2, 4), "MODE": ("x", "y")}


def test_text_is_tidy_and_techniques_follow_the_parameters(task_folder: Path) -> None:
    variant = templates.load(task_folder).render("a", {"R": 2, "C": 4, "MODE": "x"})
    assert variant.text == "#define R 2\n\nvoid f(int n)\n{\n    g(4);\n}\n"
    assert variant.techniques == (Technique.SIMD, Technique.PREFETCH, Technique.BLOCKING)
    assert variant.held_out
    plain = templates.load(task_folder).render("a", {"R": 2, "C": 2, "MODE": "y"})
    assert plain.techniques == (Technique.BLOCKING,)
    assert not plain.held_out


def test_all_texts_are_distinct(task_folder: Path) -> None:
    found = templates.load(task_folder)
    texts = [v.text for v in found.all()]
    assert len(set(texts)) == len(texts) < found.count()  # with MODE "y", R leaves no trace; "b" repeats "a"
    assert [v.text for v in found.all(limit=3)] == texts[:3]


def test_samples_follow_seed_weight_and_held_out(task_folder: Path) -> None:
    found = templates.load(task_folder)
    draws = [found.sample(random.Random(f"{i}")) for i in range(400)]
    again = [found.sample(random.Random(f"{i}")) for i in range(400)]
    assert draws == again
    assert not any(v.held_out for v in draws)
    assert 0.6 < sum(v.name == "a" for v in draws) / 400 < 0.9  # weight 3 against 1
    assert all(found.sample(random.Random(i), held_out=True).held_out for i in range(20))


def test_a_search_may_leave_the_listed_values_but_not_the_constraints(task_folder: Path) -> None:
    found = templates.load(task_folder)
    assert "g(3)" in found.render("a", {"R": 2, "C": 3, "MODE": "x"}).text
    with pytest.raises(WrongUse, match=r"R \* C <= 8"):
        found.render("a", {"R": 4, "C": 4, "MODE": "x"})
    with pytest.raises(WrongUse, match=r"'MOD'.*did you mean 'MODE'"):
        found.render("a", {"R": 1, "C": 2, "MOD": "x"})
    with pytest.raises(WrongUse, match="no value for MODE"):
        found.render("a", {"R": 1, "C": 2})
    with pytest.raises(WrongUse, match="no template 'aa'"):
        found.render("aa", {})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight = 3", "weigth = 3", r"'template\[1\].weigth' \(did you mean 'weight'\?\)"),
        ('file = "a.c.j2"', 'file = "c.c.j2"', r"c\.c\.j2: the file is missing"),
        ('"R * C <= 8"', '"R * D <= 8"', r"template\[1\] \(a\): constraints: .*'D'"),
        ('"R * C <= 8"', '"R * C <= "', "not an expression"),
        ('"R * C <= 8"', '"R > 9"', "no combination"),
        ('prefetch = "C > 2"', 'prefetch = "PF > 2"', "technique_if.prefetch"),
        ('prefetch = "C > 2"', 'prefech = "C > 2"', "technique_if.prefech"),
        ("R = [1, 2, 4]", "R = [1, 2, 2]", "distinct values"),
        ("R = [1, 2, 4]", "R = []", "distinct values"),
        ('name = "b"', 'name = "a"', "two templates"),
        ('techniques = ["blocking", "prefetch"]', 'techniques = ["blocking"]', r"held_out\[1\].techniques"),
    ],
)
def test_a_wrong_file_is_explained(task_folder: Path, old: str, new: str, said: str) -> None:
    path = task_folder / "variants" / "variants.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(WrongUse, match=f"(?s){said}"):
        templates.load(task_folder)


def test_a_template_that_needs_what_is_not_there_says_so(task_folder: Path) -> None:
    (task_folder / "variants" / "a.c.j2").write_text("{{ NOPE }}")
    with pytest.raises(WrongUse, match=r"a\.c\.j2: can't be rendered: 'NOPE' is undefined"):
        templates.load(task_folder).render("b", {"R": 1, "C": 2, "MODE": "x"})


@pytest.mark.parametrize("name", builtin_names())
def test_the_builtin_ones_are_many(name: str) -> None:
    found = templates.load(folder(name))
    assert found.count(held_out=False) >= 1500
    assert found.count(held_out=True) >= 100
    assert len({v.text for v in found.all(limit=300)}) == 300
