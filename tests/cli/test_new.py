"""`hayate new`: options, and one function from its file to a proven folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hayate.cli import app
from hayate.cli.new import _name, _range, _shape, _sizes, _values
from hayate.errors import WrongUse
from hayate.records import Values

HISTOGRAM = """void histogram(int n, const int *bin, int bins, int *count)
{
    for (int b = 0; b < bins; b++) count[b] = 0;
    for (int i = 0; i < n; i++) count[bin[i]]++;
}
"""


def test_options_are_read() -> None:
    assert _shape("A=M,K + 2") == ("A", ("M", "K + 2"))
    assert _range("M=1..2048") == ("M", (1, 2048))
    assert _range("M=64") == ("M", (64, 64))
    assert _sizes("M=N=480,K=64") == {"M": 480, "N": 480, "K": 64}
    assert _values("x=uniform:0.5..2") == ("x", Values(kind="uniform", low="0.5", high="2"))
    assert _values("p=permutation") == ("p", Values(kind="permutation"))
    assert _values("i=index:n") == ("i", Values(kind="index", high="n"))
    assert _name("My_Kernel2") == "my_kernel2"
    assert _name("_f") == "f"


@pytest.mark.parametrize(
    ("read", "text", "option"),
    [
        (_shape, "A", "--shape"),
        (_range, "M=a..b", "--range"),
        (_sizes, "M=many", "--size"),
        (_values, "x=lovely", "--values"),
    ],
)
def test_an_option_that_says_nothing_is_named(read: object, text: str, option: str) -> None:
    assert callable(read)
    with pytest.raises(WrongUse) as wrong:
        read(text)
    assert option in str(wrong.value)


@pytest.mark.slow
def test_a_function_becomes_a_proven_folder(tmp_path: Path) -> None:
    file = tmp_path / "mine.c"
    file.write_text(HISTOGRAM)
    words = ["new", str(file), "histogram", "--out", str(tmp_path / "h"), "--json"]
    done = CliRunner().invoke(app, [*words, "--range", "n=1..60000", "--range", "bins=1..2000"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["holds"] and found["correct"] == "exact"
    assert found["caught"] > 30 and not found["survived"]
    assert (tmp_path / "h" / "task.toml").exists()


def test_a_failed_try_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.c"
    file.write_text(HISTOGRAM)
    words = ["new", str(file), "nothing_here", "--out", str(tmp_path / "h")]
    assert CliRunner().invoke(app, words).exception is not None
    assert not (tmp_path / "h").exists()
