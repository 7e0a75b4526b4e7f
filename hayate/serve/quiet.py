"""A log that clients can't fill: of lines that are alike only some a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

WINDOW_S = 60.0
LINES = 10  # of one kind in a window
KINDS = 256  # remembered; more come from nobody's mistake

LOGGERS = ("hayate.serve", "uvicorn.error", "asyncio")


class Quiet(logging.Filter):
    """Lines are alike if they come from the same place in the code."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}  # place -> begin of its window, lines in it

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), self._clock()
        with self._lock:
            began, lines = self._seen.pop(place, (now, 0))
            left_out = 0
            if now - began >= WINDOW_S:
                left_out, began, lines = max(0, lines - LINES), now, 0
            if len(self._seen) >= KINDS:
                self._seen.pop(next(iter(self._seen)))
            self._seen[place] = began, lines + 1
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it)", ()
        return lines < LINES


def quieten() -> None:
    """For the rest of the process. Twice is once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, Quiet) for one in logger.filters):
            logger.addFilter(Quiet())
