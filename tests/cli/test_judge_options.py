"""What `hayate judge` makes of its options and of a source's name, without judging anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from record_examples import accepted, candidate

from hayate.cli.judge import _head_to_head, _naming_folder, _plan, exit_status
from hayate.cli.sources import language_of, percentage
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Outcome, Verdict

BANDS = ("480",)


def test_strictness_is_said_and_not_guessed_from_the_launches() -> None:
    assert _plan(None, 1, BANDS, None, "").purpose == "report"
    assert _plan("report", None, BANDS, None, "").launches == 3
    training = _plan("training", None, BANDS, None, "")
    assert (training.purpose, training.launches, training.max_launches) == ("training", 1, 1)
    assert _plan("training", 5, BANDS, None, "").launches == 5
    assert _plan("check", None, BANDS, None, "").launches == 0


def test_a_width_gets_more_time_and_launches() -> None:
    plain, narrow = (_head_to_head(None, None, BANDS, None, width) for width in ("", "2%"))
    assert (plain.decide_s, plain.until_width) == (10, None)
    assert (narrow.decide_s, narrow.until_width) == (120, 0.02)
    assert narrow.max_launches > plain.max_launches
    assert _head_to_head(None, None, BANDS, 30, "2%").decide_s == 30
    assert percentage("0.5%", "") == 0.005
    for wrong in ("nan", "0", "-2%", "200%", "%", "inf"):
        with pytest.raises(WrongUse, match="e\\.g\\. 2%"):
            percentage(wrong, "--until-width")


def decided(how: str, outcome: Outcome = Outcome.ACCEPTED) -> Verdict:
    return accepted(candidate()).model_copy(update={"decision": how, "outcome": outcome})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ([""], 0),
        (["faster"], 0),
        (["slower"], 3),
        (["equal"], 4),
        (["undecided"], 5),
        (["faster", "equal"], 4),
        (["equal", "slower"], 3),
        (["undecided", "slower"], 5),
    ],
)
def test_the_exit_status_is_the_decision(said: list[Any], status: int) -> None:
    assert exit_status([decided(one) for one in said]) == status


def test_rejected_comes_first() -> None:
    assert exit_status([decided("faster"), decided("", Outcome.WRONG)]) == 1


def test_a_language_is_what_a_name_says() -> None:
    assert language_of("", Path("k.c"), "") == "c"
    assert language_of("", Path("-"), "") == "c"
    assert language_of("", Path("k.cpp"), "") == "c++"
    assert language_of("c++", Path("k.f90"), "") == "c++"
    for name in ("k.f90", "k", "k.py", "k.C", "k.h"):
        with pytest.raises(WrongUse, match="does not say in which language"):
            language_of("", Path(name), "")


@pytest.mark.parametrize(
    "text",
    [
        "#include <vector>\nvoid f(void) {}",
        "# include <cmath>\n",
        "template <int N> static void g() {}",
        "static void f() { std::swap(a, b); }",
        "using namespace std;",
        "namespace { int x; }",
        "double *p = static_cast<double *>(q);",
        "constexpr int N = 4;",
    ],
)
def test_cxx_in_a_file_of_c_is_told(text: str) -> None:
    for name in ("k.c", "-"):
        with pytest.raises(WrongUse, match=r"--language c\+\+"):
            language_of("", Path(name), text)
    assert language_of("c", Path("k.c"), text) == "c"
    assert language_of("", Path("k.cpp"), text) == "c++"


@pytest.mark.parametrize(
    "text",
    [
        "#include <stdlib.h>\n#include <sys/mman.h>\nvoid f(void) {}",
        "// std::vector would be nice\n/* template <int N> */ int x;",
        'const char *s = "using namespace std;";',
        "int template = 3, namespace = 4, class = template < namespace;",
        "#ifdef __cplusplus\nnamespace x {\n#endif\nint f(void);\n",
    ],
)
def test_c_is_not_taken_for_cxx(text: str) -> None:
    assert language_of("", Path("k.c"), text) == "c"


def test_a_broken_yardstick_is_looked_for_in_its_folder() -> None:
    broken = Fault(FaultKind.YARDSTICK_BROKEN, "10_a.c does not pass", remedy="hayate tasks check mine")
    assert _naming_folder(broken, "/home/me/mine").remedy == "hayate tasks check /home/me/mine"
    assert _naming_folder(broken, "dgemm") is broken
