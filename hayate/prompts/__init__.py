"""Task and assignment -> prompt; reply -> C source. One text for every policy, large or small."""

from hayate.prompts.extract import extract
from hayate.prompts.render import Exemplar, Style, render
from hayate.prompts.techniques import DESCRIPTIONS, ORDER

__all__ = ["DESCRIPTIONS", "ORDER", "Exemplar", "Style", "extract", "render"]
