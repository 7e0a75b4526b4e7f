"""Whatever a model replies: what counts as its answer stands in the reply as it is, and finding it takes no time."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hayate.prompts import extract

CPU_S = 3.0  # a megabyte takes a third of a second
PIECES = [
    "```",
    "```",
    "`",
    "````",
    "~~~",
    "c",
    "C",
    "cpp",
    "{}",
    "int x;",
    "\n",
    "\n",
    "\r\n",
    "   ",
    "    ",
]
ODD = " \t\r\0\ud800\ufeff\u2028\x0b\x0c\x1c\x85\xa0\u00e9\u017f\u2102\\\N{FOX FACE}"
PIECED = st.lists(st.sampled_from(PIECES) | st.sampled_from(ODD), max_size=60).map("".join)
REPLIES = PIECED | st.text(max_size=300)
# Any text but fences: no line's first visible character is a backquote.
SOURCES = st.lists(
    st.text(max_size=30).filter(lambda line: not line.lstrip().startswith("`")), max_size=12
).map("\n".join)


@contextlib.contextmanager
def limited(cpu_s: float = CPU_S) -> Iterator[None]:
    """Fails after so much CPU time; of the process, so that a busy machine changes nothing."""

    def stop(*_: object) -> None:
        raise AssertionError(f"more than {cpu_s} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def is_fence(line: str) -> bool:
    """By the docs' words, written otherwise than there."""
    blanks = len(line) - len(line.lstrip(" "))
    return blanks <= 3 and line[blanks : blanks + 3] == "```" and line[blanks + 3 : blanks + 4] != "`"


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


@settings(max_examples=250, deadline=None, derandomize=True)
@given(REPLIES)
@example("```c\n\n x\n\n```\n")
@example("x\n```\n```c\ny\n```")
def test_an_answer_stands_in_the_reply(reply: str) -> None:
    got = extract(reply)
    if got is None:
        return
    assert got.strip()
    assert got.endswith("\n") and not got.endswith("\n\n")
    answer, lines = lines_of(got)[:-1], lines_of(reply)
    assert not any(is_fence(line) for line in answer)
    # Whole lines in a row, save what is white at the end, up to a bare fence.
    starts = [
        i
        for i in range(len(lines))
        if lines[i : i + len(answer) - 1] == answer[:-1]
        and lines[i + len(answer) - 1 : i + len(answer)]
        and lines[i + len(answer) - 1].startswith(answer[-1])
        and not lines[i + len(answer) - 1][len(answer[-1]) :].strip()
    ]
    assert starts
    after = [next((x for x in lines[i + len(answer) :] if x.strip()), "") for i in starts]
    assert any(is_fence(line) and line.strip(" \t") == "```" for line in after)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(SOURCES, st.sampled_from(["", "Here it is.\n\n", "```sh\nmake\n```\n", "```c\nint old;\n```\n"]))
def test_a_source_in_a_block_comes_back(source: str, before: str) -> None:
    got = extract(f"{before}```c\n{source}\n```\n")
    meant = source.replace("\r\n", "\n").strip("\n").rstrip()
    assert got == (meant + "\n" if meant.strip() else None)
    # What was found is found again: nothing is lost at a second look.
    if got is not None:
        assert extract(f"```c\n{got}```") == got


@settings(max_examples=120, deadline=None, derandomize=True)
@given(SOURCES, st.text(max_size=30))
def test_a_reply_that_was_cut_off_is_none(source: str, after: str) -> None:
    whole = f"```c\nint old;\n```\nBetter:\n```c\n{source}"
    assert extract(whole) is None
    if "`" not in after:
        assert extract(f"{whole}\n{after}") is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(*[REPLIES.map(lambda text: text.replace("`", "'"))] * 2)
def test_text_around_the_block_changes_nothing(before: str, after: str) -> None:
    assert extract(f"{before}\n```c\nint mine;\n```\n{after}") == "int mine;\n"


LONG = {
    "backquotes": "`" * 10**6,
    "fences": "```\n" * 250_000,
    "opening fences": "```c\n" * 200_000,
    "blocks": "```c\nint x;\n```\n" * 60_000,
    "blanks": " " * 10**6,
    "blank lines": "\n" * 10**6,
    "blanks in a fence's word": "```x" + " " * 10**6 + "y",
    "tabs in a fence's word": "```x" + "\t " * 500_000 + "y\n",
    "words of a fence": "```" + "c " * 500_000,
    "blanks before a fence": "   ```" * 160_000,
    "blanks after a fence": ("```c" + " " * 500 + "\n") * 2000,
    "carriage returns": "\r" * 10**6 + "```",
    "a block without end": "```c\n" + "int x;\n" * 140_000,
    "one long line": "```c\n" + "x" * 10**6 + "\n```",
}


@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_takes_no_time(name: str) -> None:
    with limited():
        got = extract(LONG[name])
    assert got is None or name in ("blocks", "one long line")
