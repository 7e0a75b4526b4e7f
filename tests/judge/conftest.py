"""The real task, host and sandbox, once for all tests of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hayate import hosts, sandbox
from hayate.hosts import Slot
from hayate.records import HostProfile, Task
from hayate.tasks import builtin

sys.path.insert(0, str(Path(__file__).parent))  # for `hostile`


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
