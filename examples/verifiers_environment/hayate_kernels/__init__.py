"""The taskset `hayate-kernels`, with its environment and its harness: what verifiers finds under this name."""

from hayate.adapters.verifiers import KernelEnv, KernelTaskset, ReplyHarness

__all__ = ["KernelEnv", "KernelTaskset", "ReplyHarness"]
