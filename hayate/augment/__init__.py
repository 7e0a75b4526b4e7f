"""Variants of a task's solution as a corpus: what phase 1 learns from, and what the tiny model is made of."""

from hayate.augment.corpus import CorpusItem, corpus, variants_of

__all__ = ["CorpusItem", "corpus", "variants_of"]
