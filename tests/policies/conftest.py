"""A miniature policy, made here: random weights, a tokenizer trained on a few kernels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hayate.records import Prompt

# Before torch is imported: threads that spin while they wait make these tests ten times slower on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
pytest.importorskip("torch", reason="pip install 'hayate[train]'")
pytest.importorskip("transformers", reason="pip install 'hayate[train]'")

from hayate.policies.tiny_model import new_model
from hayate.policies.tiny_tokenizer import train_tokenizer

from .miniature import KERNELS, SMALLEST, make_prompt


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt()


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return train_tokenizer(["Write scale faster.\n"], KERNELS, vocabulary=400)


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A folder as save_pretrained() writes it, without chat template."""
    folder = tmp_path_factory.mktemp("miniature")
    new_model(SMALLEST, tokenizer, seed=1).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
