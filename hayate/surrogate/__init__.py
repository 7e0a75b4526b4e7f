"""A small learned model of the judge: what a candidate would be found to be. Its answers are guesses.

Trained from an archive, one model for each task on one class of host. scikit-learn is imported when one is fitted.
"""

from hayate.surrogate.correlation import rank_correlation
from hayate.surrogate.features import source_features
from hayate.surrogate.guess import Guess, held_out_of, is_guessed_id
from hayate.surrogate.learner import Learner
from hayate.surrogate.model import MIN_OBJECTS, Surrogate, check
from hayate.surrogate.objects import ObjectReader

__all__ = [
    "MIN_OBJECTS",
    "Guess",
    "Learner",
    "ObjectReader",
    "Surrogate",
    "check",
    "held_out_of",
    "is_guessed_id",
    "rank_correlation",
    "source_features",
]
