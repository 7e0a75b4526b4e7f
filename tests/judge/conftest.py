"""The real task, host and sandbox, once for all tests of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hayate import hosts, sandbox
from hayate.hosts import Slot
from hayate.records import HostProfile, Task
from hayate.tasks import builtin

# For `hostile`, `folders` and `make`.
_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE / "general"), str(_HERE.parent / "tasks")]


@pytest.fixture(scope="session")
def task() -> Task:
    return builtin("dgemm")


@pytest.fixture(scope="session")
def host() -> HostProfile:
    return hosts.profile()


@pytest.fixture(scope="session")
def slot() -> Slot:
    return hosts.slots()[0]


@pytest.fixture(scope="session")
def best() -> sandbox.Sandbox:
    return sandbox.best()
