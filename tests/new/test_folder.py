"""A draft becomes a folder that loads, with yardsticks by compiler flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from hayate.errors import WrongUse
from hayate.new import guess, read
from hayate.new.folder import keep_yardsticks, write
from hayate.new.proving import how_correct
from hayate.records import Technique
from hayate.tasks import load
from hayate.tasks.arguments import in_drawn_names

TEXT = """#include <math.h>
struct factors { double a, b; };
/* y = a x + b y, rows of lda */
void scaled(int m, int n, int lda, struct factors f, const double *x, double *y)
{
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++) y[i * lda + k] = f.a * x[i * lda + k] + f.b * sqrt(fabs(y[i * lda + k]));
}
int most(int n, const int *x)
{
    int found = x[0];
    for (int i = 1; i < n; i++) found = x[i] > found ? x[i] : found;
    return found;
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.c"
    path.write_text(TEXT)
    return path


def test_a_folder_of_a_draft_says_what_the_draft_says(file: Path, tmp_path: Path) -> None:
    draft = guess(read(file, "scaled"))
    task = write(draft, tmp_path / "t", name="scaled", title="t", description="d", correct="automatic")
    assert task == load(tmp_path / "t")
    assert task.arguments == in_drawn_names(draft.arguments)
    assert task.domain == draft.domain
    assert task.bands == draft.bands
    assert task.preamble == draft.preamble
    assert [a.name for a in task.arguments if a.fields] == ["f"]
    assert any(a.extent for a in task.arguments)
    assert how_correct(draft, task)[0] == "automatic"
    flags = {y.name: y.flags for y in task.yardsticks}
    assert flags["40_unrolled.c"] == ("-funroll-loops",)
    assert Technique.FASTMATH in task.yardsticks[-1].techniques
    assert "check this" in (tmp_path / "t" / "task.toml").read_text()


def test_whole_numbers_are_compared_exactly(file: Path, tmp_path: Path) -> None:
    draft = guess(read(file, "most"))
    text = TEXT.replace("struct factors { double a, b; };", "")
    assert "double" not in draft.reference.text, text
    task = write(draft, tmp_path / "t", name="most", title="t", description="d", correct="automatic")
    assert task.returns == "int32"
    assert how_correct(draft, task)[0] == "exact"


def test_yardsticks_that_are_kept_are_numbered_anew(file: Path, tmp_path: Path) -> None:
    draft = guess(read(file, "most"))
    write(draft, tmp_path / "t", name="most", title="t", description="d", correct="exact")
    task = keep_yardsticks(tmp_path / "t", ["30_reordered", "10_plain"])
    assert [y.name for y in task.yardsticks] == ["10_reordered.c", "20_plain.c"]


def test_a_folder_that_is_there_is_left_alone(file: Path, tmp_path: Path) -> None:
    there = tmp_path / "t"
    there.mkdir()
    (there / "mine").write_text("precious")
    with pytest.raises(WrongUse, match="not empty"):
        write(guess(read(file, "most")), there, name="most", title="t", description="d", correct="exact")
    assert [p.name for p in there.iterdir()] == ["mine"]
