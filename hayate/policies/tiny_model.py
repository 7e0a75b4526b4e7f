"""The tiny model's architecture: Qwen3, as transformers implements it.

Not Qwen2: for that model type transformers 5 puts `Qwen2Tokenizer` and its way of splitting text in place of
whatever tokenizer the folder holds.
"""

from __future__ import annotations

from typing import Any

from hayate.policies.tiny_settings import TinyShape


def new_model(shape: TinyShape, tokenizer: Any, seed: int) -> Any:
    """A randomly initialised `Qwen3ForCausalLM` in float32; the same seed gives the same weights."""
    import torch
    from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        # A multiple of 64: matrix products with a ragged side are slower.
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=shape.width,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.width // shape.heads,
        max_position_embeddings=shape.positions,
        tie_word_embeddings=True,
        initializer_range=0.02,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_sliding_window=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    return model
