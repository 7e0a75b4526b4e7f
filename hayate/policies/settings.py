"""Which policy, and how it is sampled: the `[policy]` table of a run file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class PolicySettings(BaseModel):
    """One policy. Nothing here imports torch, so a run file can be checked where torch is missing.

    `model` is `"tiny"` (the model shipped with the package), a folder, or a name on the Hugging Face hub.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default="tiny", min_length=1)
    revision: str | None = None  # branch, tag or commit on the hub
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"  # auto: float32 on a CPU, else as saved
    device: str = "auto"  # "cpu", "cuda", "cuda:1"; auto: the first accelerator, else the CPU
    trust_remote_code: bool = False  # runs code from the model's repository in this process
    attn_implementation: str | None = None  # "sdpa", "flash_attention_2"; None: transformers chooses
    chat_template_kwargs: dict[str, Any] = {}  # e.g. {"enable_thinking": false}

    temperature: float = Field(default=1.0, ge=0)  # 0: greedy, every sample the same
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)  # 0: off
    max_new_tokens: int = Field(default=1024, ge=1)
    batch_size: int = Field(default=32, ge=1)  # replies generated at a time
