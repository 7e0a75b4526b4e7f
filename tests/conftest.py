"""Puts this folder on the path, so that every room's tests can import `record_examples`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
