"""Phases 1-3 of training on TRL, by one run file. `train(load_run(path), out)` is all a caller needs.

torch, transformers and TRL are imported when a phase begins, not by this module.
"""

from hayate.train.progress import JsonProgress, PlainProgress, Progress, RichProgress
from hayate.train.refused import Refused, refused
from hayate.train.run import train
from hayate.train.runfile import RunFile, load_run, parse_run

__all__ = [
    "JsonProgress",
    "PlainProgress",
    "Progress",
    "Refused",
    "RichProgress",
    "RunFile",
    "load_run",
    "parse_run",
    "refused",
    "train",
]
