"""Policies: any Hugging Face causal language model, and the tiny one that is shipped.

`PolicySettings(model="tiny")` and `PolicySettings(model="Qwen/Qwen2.5-Coder-14B-Instruct")` run one path;
the name is the only difference. torch and transformers are imported by `load`, not by this module.
"""

from hayate.policies.huggingface import TINY_FOLDER, HuggingFacePolicy, Message, check, load
from hayate.policies.settings import PolicySettings

__all__ = ["TINY_FOLDER", "HuggingFacePolicy", "Message", "PolicySettings", "check", "load"]
