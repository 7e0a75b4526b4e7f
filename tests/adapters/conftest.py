"""The examples to import, and what every test of an adapter needs: a token, and libraries that keep quiet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.extend(
    str(Path(__file__).parents[2] / folder)
    for folder in ("tests/train", "examples", "examples/verifiers_environment")
)

pytest.importorskip("fastapi", reason="no FastAPI: pip install 'hayate[serve]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")


@pytest.fixture(autouse=True)
def no_reports(token: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries under test would tell their makers that they were used."""
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
