"""Run files on the miniature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hayate.train import RunFile, parse_run


def settings(model: Path | str, phases: dict[str, Any], **tables: Any) -> RunFile:
    """A run on the miniature; `tables` go over the defaults."""
    base: dict[str, Any] = {
        "run": {"name": "mini", "tasks": ["dgemm"], "baselines": False},
        "policy": {"model": str(model), "max_new_tokens": 32, "device": "cpu"},
        "judge": {"confirm": "never"},
    }
    for name, table in tables.items():
        base[name] = {**base.get(name, {}), **table}
    return parse_run({**base, "phases": phases})


SFT: dict[str, Any] = {
    "steps": 110,
    "examples": 400,
    "checkpoint_steps": 100,
    "trl": {"per_device_train_batch_size": 16, "learning_rate": 5e-3, "lr_scheduler_type": "linear"},
}
GRPO: dict[str, Any] = {
    "steps": 12,
    "trl": {
        "num_generations": 16,
        "per_device_train_batch_size": 16,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "beta": 0.02,
    },
}
