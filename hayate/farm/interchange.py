"""Parsl's interchange, which ends with the process that started it: by itself it would stay, and its blocks with it."""

from __future__ import annotations

import os
import runpy
import threading
import time

LOOK_S = 1.0


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)  # workers miss its heartbeats and end, and so do their blocks


if __name__ == "__main__":
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    runpy.run_module("parsl.executors.high_throughput.interchange", run_name="__main__", alter_sys=True)
