"""build() and measure(): what a candidate is worth on this machine, and whether it is what it claims to be.

Knows neither farm nor archive nor policy. The rules are in docs/measurement.md.
"""

from hayate.judge.baselines import blas_baselines, reference_best_flags
from hayate.judge.build import build
from hayate.judge.calibrate import calibrate_task, reference, yardsticks
from hayate.judge.measure import measure
from hayate.judge.native import JUDGE_VERSION
from hayate.judge.prove import Proof, prove
from hayate.judge.results import Measurement, Rejection, TaskCalibration, YardstickFigure
from hayate.judge.thorough import Thorough, thorough

__all__ = [
    "JUDGE_VERSION",
    "Measurement",
    "Proof",
    "Rejection",
    "TaskCalibration",
    "Thorough",
    "YardstickFigure",
    "blas_baselines",
    "build",
    "calibrate_task",
    "measure",
    "prove",
    "reference",
    "reference_best_flags",
    "thorough",
    "yardsticks",
]
