"""Candidate -> Verdict: the one way to a verdict, for training, search, report and command line."""

from hayate.evaluate.against import judge_against
from hayate.evaluate.claims import Claims, EvaluateSettings
from hayate.evaluate.classes import HostClasses
from hayate.evaluate.evaluator import Evaluator, OnVerdict, judge_one
from hayate.evaluate.strictness import binds, shortfall
from hayate.evaluate.verdicts import verdict_json

__all__ = [
    "Claims",
    "EvaluateSettings",
    "Evaluator",
    "HostClasses",
    "OnVerdict",
    "binds",
    "judge_against",
    "judge_one",
    "shortfall",
    "verdict_json",
]
