"""Settings of farms on a cluster, for tests: impatient, and with the tests' modules on the nodes' path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hayate.farm import FarmSettings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def settings(folder: Path, **parsl: Any) -> FarmSettings:
    init = [
        f"export PYTHONPATH={ROOT}:{HERE}",
        f"export HAYATE_TEST_LOG={folder}/log",
        "export OMP_NUM_THREADS=1",
    ]
    given: dict[str, Any] = {
        "provider": "local",
        "run_dir": str(folder / "parsl"),
        "worker_init": "\n".join(init),
        "address": "127.0.0.1",
        "poll_s": 1,
        "heartbeat_s": 1,
        "patience_s": 150,
        "exclusive": False,
        **parsl,
    }
    return FarmSettings(kind="parsl", parsl=given)


def finished(folder: Path) -> list[str]:
    """What nodes have finished, in order: "NODE 'SOURCE'"; one that was lost afterwards may be there twice."""
    path = folder / "log"
    return path.read_text().splitlines() if path.exists() else []
