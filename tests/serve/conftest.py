"""Databases for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="no FastAPI: pip install 'hayate[serve]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")

from served import postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url
