"""Assignment -> prompt; reply -> candidate. One text for every policy, large or small."""

from hayate.prompts.answers import candidate_of, source_in
from hayate.prompts.extract import extract
from hayate.prompts.render import Exemplar, Style, render
from hayate.prompts.techniques import DESCRIPTIONS, ORDER

__all__ = ["DESCRIPTIONS", "ORDER", "Exemplar", "Style", "candidate_of", "extract", "render", "source_in"]
