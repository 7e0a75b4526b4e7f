"""hayate: train language models to write fast kernels, with measured speed as the teacher."""

__version__ = "0.1.0"
