"""Databases and servers for the tests of this room."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("fastapi", reason="no FastAPI: pip install 'hayate[serve]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")

from served import Server, postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that don't end it, with the tokens of `served`."""
    with Server(tmp_path_factory.mktemp("serve")) as started:
        yield started
