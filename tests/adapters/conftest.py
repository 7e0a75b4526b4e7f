"""A served farm whose answers are written in the source (tests/serve/served.py), and the examples to import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.extend(
    str(Path(__file__).parents[2] / folder)
    for folder in ("tests/serve", "tests/train", "examples", "examples/verifiers_environment")
)

pytest.importorskip("fastapi", reason="no FastAPI: pip install 'hayate[serve]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")

from served import ALICE, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("serve")) as started:
        yield started


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAYATE_TOKEN", ALICE)


@pytest.fixture(autouse=True)
def no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries under test would tell their makers that they were used."""
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
