"""The corpus: distinct, reproducible, honest about what each kernel may use, without what is held out."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from hayate.augment import CorpusItem, corpus
from hayate.errors import WrongUse
from hayate.records import WITHHOLDABLE, Technique
from hayate.tasks import builtin, builtin_names, folder, load, templates
from hayate.toolchains import inspect

TASKS = [builtin(name) for name in builtin_names()]


@pytest.fixture(scope="module")
def items() -> list[CorpusItem]:
    return corpus(TASKS, seed=7, per_task=150)


def test_items_are_distinct_and_as_many_as_asked_for(items: list[CorpusItem]) -> None:
    assert Counter(i.task for i in items) == {t.name: 150 for t in TASKS}
    assert len({i.source for i in items}) == len(items)


def test_the_same_seed_gives_the_same_corpus(items: list[CorpusItem]) -> None:
    assert corpus(TASKS, seed=7, per_task=150) == items
    other = corpus(TASKS, seed=8, per_task=150)
    assert {i.source for i in other} != {i.source for i in items}


def test_the_permission_covers_the_kernel_and_says_something(items: list[CorpusItem]) -> None:
    for item in items:
        task = builtin(item.task)
        assert set(item.techniques) & WITHHOLDABLE <= set(item.permitted) <= set(task.techniques)
        assert item.prompt.assignment.permitted == item.permitted
        assert item.prompt.assignment.task == item.task
    # Where SIMD is permitted it is used more often than not; where it isn't, never.
    with_simd = [i for i in items if Technique.SIMD in i.permitted]
    assert sum(Technique.SIMD in i.techniques for i in with_simd) > len(with_simd) / 2
    assert len({i.permitted for i in items}) > 20


def test_no_item_is_a_violation_under_its_own_permission(items: list[CorpusItem]) -> None:
    for item in items[:30]:
        facts = inspect(builtin(item.task), item.source, item.permitted)
        assert not facts.violations, item.source


def test_held_out_combinations_stay_out_unless_asked_for(items: list[CorpusItem]) -> None:
    for task in TASKS:
        combinations = templates.load(folder(task.name)).held_out
        assert combinations
        for item in items:
            if item.task == task.name:
                assert not any(c <= set(item.techniques) for c in combinations)
        asked = corpus([task], seed=1, per_task=50, held_out=True)
        assert len(asked) == 50
        assert all(any(c <= set(i.techniques) for c in combinations) for i in asked)


def test_every_template_has_its_share(items: list[CorpusItem]) -> None:
    for task in TASKS:
        seen = Counter(i.template for i in items if i.task == task.name)
        able = {t.name for t in templates.load(folder(task.name)).templates if t.weight > 0}
        assert set(seen) <= able
        assert len(seen) >= 0.8 * len(able)


@pytest.mark.slow
def test_more_than_there_is_ends() -> None:
    task = builtin("jacobi2d")
    found = corpus([task], seed=1, per_task=10**6)
    assert 1500 <= len(found) <= templates.load(folder("jacobi2d")).count(held_out=False)


def test_a_task_without_templates_is_refused(tmp_path: Path) -> None:
    other = TASKS[0].model_copy(update={"name": "other"})
    with pytest.raises(WrongUse, match="no templates"):
        corpus([other], seed=1, per_task=1)
    with pytest.raises(WrongUse, match="there are none") as told:
        corpus([other], seed=1, per_task=1, folders={"other": tmp_path})
    assert told.value.where == str(tmp_path / "variants" / "variants.toml")


def test_a_folder_outside_the_package_has_a_corpus(tmp_path: Path) -> None:
    """Also one that has the name of a built-in task: its own templates count."""
    shutil.copytree(folder("jacobi2d"), tmp_path / "mine")
    for path in (tmp_path / "mine" / "variants").glob("*.c.j2"):
        path.write_text("/* mine */\n" + path.read_text())
    task = load(tmp_path / "mine")
    items = corpus([task], seed=1, per_task=5, folders={task.name: tmp_path / "mine"})
    assert len(items) == 5
    assert all(item.source.startswith("/* mine */") for item in items)
