"""From the text of a reference and its arguments to the text of an automatic oracle."""

from hayate.running.oracle import COMPILER, FLAGS, drawn_beyond, oracle_text
from hayate.running.refuse import Unsuitable

__all__ = ["COMPILER", "FLAGS", "Unsuitable", "drawn_beyond", "oracle_text"]
