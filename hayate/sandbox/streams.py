"""A captured output: a pipe of which a bounded part is kept."""

from __future__ import annotations

import os

BLOCK = 65536
DRAIN_FACTOR = 16  # output beyond this many times its limit ends the command


class Stream:
    """One captured output."""

    def __init__(self, limit: int) -> None:
        self.inner, self.outer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.inner, False)
        self.limit = limit
        self.kept = bytearray()
        self.total = 0
        self.open = True

    def read(self) -> None:
        """Take what is there."""
        while self.open:
            try:
                data = os.read(self.inner, BLOCK)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self.total += len(data)
            self.kept += data[: max(0, self.limit - len(self.kept))]
            if self.total > self.limit * DRAIN_FACTOR:
                return

    def close(self) -> None:
        if self.open:
            os.close(self.inner)
            self.open = False
