"""Puts `hostile` (of the judge's tests) and `catalogue` on the path."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "judge"), str(Path(__file__).parent)]
