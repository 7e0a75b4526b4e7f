"""What counts as an answer, and what as a violation of the format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayate.prompts import extract

CODE = "void f(int n)\n{\n    (void)n;\n}\n"
OTHER = "int g;\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"```c\n{CODE}```",
        f"Here it is.\n\n```c\n{CODE}```\n",
        f"```C\n{CODE}```\nIt tiles the loops.\n",
        f"   ```c  \n{CODE}   ```\n",
        f"```c\n{CODE}```".replace("\n", "\r\n"),
        f"```c\n{OTHER}```\nBetter:\n```c\n{CODE}```\n",
        f"```bash\ngcc x.c\n```\n```c\n{CODE}```\n",
        f"{CODE}```",
        f"{CODE}```\n",
        f"\n\n{CODE}```\nDone.",
        f"{CODE}```\n```text\nnotes\n```\n",
    ],
    ids=lambda reply: reply[:24].replace("\n", "|"),
)
def test_finds_the_source(reply: str) -> None:
    assert extract(reply) == CODE


@pytest.mark.parametrize(
    "reply",
    [
        "",
        CODE,
        f"```c\n{CODE}",
        "```c\n```",
        "```c\n  \n\n```\n",
        "```\n",
        f"```c\n{OTHER}```\n```c\n{CODE}",
        f"```c\n{OTHER}```text\n{CODE}```",
        f"{CODE}```\n```c\n{OTHER}```\n",
        f"```python\n{CODE}```",
        f"```\n{CODE}```",
        f"```cpp\n{CODE}```",
        f"{CODE[:-1]}```",
    ],
    ids=lambda reply: reply[:24].replace("\n", "|") or "empty",
)
def test_violations(reply: str) -> None:
    assert extract(reply) is None


@given(st.text(max_size=300), st.booleans())
def test_any_text_in_a_block_comes_back_or_is_refused(text: str, opened: bool) -> None:
    got = extract((f"```c\n{text}\n```") if opened else f"{text}\n```")
    assert got is None or (got.strip() and got.endswith("\n") and not got.endswith("\n\n"))


@given(st.lists(st.text(alphabet="ab ;{}()\n", min_size=1), min_size=1).map("x;".join))
def test_both_forms_agree_on_plain_code(code: str) -> None:
    code = f"int x;{code}"
    assert extract(f"```c\n{code}\n```") == extract(f"{code}\n```")


def test_the_language_asked_for_is_the_language_taken() -> None:
    reply = "```c\nint in_c;\n```\n```cpp\nint in_cpp;\n```\n"
    assert extract(reply) == "int in_c;\n"
    assert extract(reply, "c++") == "int in_cpp;\n"
    assert extract("```C++\nint x;\n```", "c++") == "int x;\n"
    assert extract("```c\nint x;\n```", "c++") is None
