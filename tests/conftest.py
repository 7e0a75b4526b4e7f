"""Helpers on the path (`record_examples`, `scripted_farm`, `served`), and what several rooms' tests stand on."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "serve")]

if TYPE_CHECKING:
    from served import Server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Without real-time priority a machine with much else to do can't time, and says so by a fault: no failure of
    a test then. With it, it is one."""
    from noise import EXCUSED, excused

    try:
        return (yield)
    except Exception as error:
        if not excused(error):
            raise
        EXCUSED.append(str(error)[:200])
        pytest.skip("needs real-time priority, or a machine with little else to do: hayate doctor")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A judge that always blamed the machine would be excused in every test: few may be."""
    from noise import EXCUSED, excusable

    if len(EXCUSED) > excusable(session.testscollected):
        print(f"\n{len(EXCUSED)} tests were excused by noise, more than may be; the last: {EXCUSED[-1]}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A served farm whose answers are written in the source; one for all tests of a file that don't end it."""
    from served import Server

    with Server(tmp_path_factory.mktemp("serve")) as started:
        yield started


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alice's, where clients look for one."""
    from served import ALICE

    monkeypatch.setenv("HAYATE_TOKEN", ALICE)
