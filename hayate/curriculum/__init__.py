"""Staged Quality-Diversity: which task, and which techniques permitted, comes next."""

from hayate.curriculum.curriculum import Curriculum
from hayate.curriculum.ladder import Pace, key, pace
from hayate.curriculum.settings import CurriculumSettings, FixedStage

__all__ = ["Curriculum", "CurriculumSettings", "FixedStage", "Pace", "key", "pace"]
