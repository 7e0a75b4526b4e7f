"""Everything that the tiny model depends on besides its corpus. Nothing here imports torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PromptTokens = Literal["lines", "passages"]


class TinyShape(BaseModel):
    """Sizes of the network. The defaults give about 2 million parameters, 4 MB in bfloat16."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: int = 4
    width: int = 192
    heads: int = 6
    kv_heads: int = 2
    intermediate: int = 640
    positions: int = 2048


class TrainingSettings(BaseModel):
    """How the tiny model is trained. Everything here is part of what makes it reproducible."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    steps: int = Field(default=2500, ge=1)
    batch_size: int = Field(default=20, ge=1)  # sequences
    learning_rate: float = Field(default=2e-3, gt=0)  # AdamW: embeddings, norms, biases
    matrix_learning_rate: float = Field(default=1e-2, gt=0)  # Muon: the matrices of the blocks
    warmup_steps: int = Field(default=100, ge=0)
    final_fraction: float = Field(default=0.02, ge=0)  # of the learning rate, at the end of the cosine
    weight_decay: float = Field(default=0.05, ge=0)
    gradient_norm: float = Field(default=1.0, gt=0)
    threads: int = Field(default=2, ge=1)


class TinySettings(BaseModel):
    """Everything that the model depends on besides the corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: TinyShape = TinyShape()
    training: TrainingSettings = TrainingSettings()
    vocabulary: int = Field(default=2048, ge=300)
    longest_token: int = Field(default=32, ge=2)
    prompt_tokens: PromptTokens = "passages"  # what of a prompt's prose is one token
    check_samples: int = Field(default=64, ge=0)  # of each task's prompts, at the end
