"""Who waits for a core hears of it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from hayate.judge import locks


def test_it_is_said_when_a_measurement_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "TOLD_AFTER_S", 0.05)
    told = threading.Event()
    caplog.set_level(logging.INFO, logger=locks.__name__)

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.set()

    listener = Listener()
    locks.log.addHandler(listener)

    def wait() -> None:
        with locks.held(tmp_path / "lock", 30, "core 7"):
            pass

    waiting = threading.Thread(target=wait)
    try:
        with locks.held(tmp_path / "lock", 30, "core 7"):
            waiting.start()
            assert told.wait(20)
        waiting.join(20)
    finally:
        locks.log.removeHandler(listener)
    (said,) = caplog.messages
    assert said == "waiting for core 7: another measurement uses it (up to 30 s)"


def test_who_gets_the_lock_at_once_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=locks.__name__)
    with locks.held(tmp_path / "lock", 30, "core 7"):
        pass
    assert caplog.messages == []
