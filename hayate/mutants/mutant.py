"""A wrong version of a reference, and what it takes to make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hayate.records.base import Record

Change = Callable[[str], str]  # of the text of a node, its own parts already changed
Changes = dict[int, list[Change]]  # node.id -> in this order


class Kind(StrEnum):
    """What is wrong with a mutant."""

    PRECISION = "precision"  # fewer bits than the type of the result has
    LOOP = "loop"  # iterations left out or added
    ELEMENT = "element"  # part of an output not computed
    INPUT = "input"  # an argument taken for something else
    COPY = "copy"  # an output that is not computed at all, or changed as a whole
    BRANCH = "branch"  # conditions turned
    INDEX = "index"  # another element read or written
    OPERATOR = "operator"  # other arithmetic
    PADDING = "padding"  # memory written that is not the output
    STATE = "state"  # right in some calls only, or for some sizes


class Mutant(Record):
    """A whole source that computes something else than the reference, unless it `may_be_equivalent`."""

    name: str  # "single precision in line 7": stable, and of one mutant only
    kind: Kind
    line: int  # of the reference; that of the function's name, where the change is to all of it
    text: str
    why: str  # a sentence for a person: what it does, and why it may be equivalent
    may_be_equivalent: bool = False  # of a class of changes that, now and then, no input can tell


@dataclass(frozen=True)
class Draft:
    """A change, before it is a text."""

    kind: Kind
    name: str
    line: int
    why: str
    changes: Mapping[int, list[Change]] = field(default_factory=dict)
    helpers: str = ""  # C, before the first function
    # The reference stays whole and is called by a function of the entry's name, with C before and after the call:
    before: str = ""
    after: str = ""
    instead: Mapping[str, str] = field(default_factory=dict)  # parameter -> what is handed over in its place
    # Subscripts are held within their arrays, and loops end: for changes after which they might not.
    guarded: bool = False
    equivalent: str = ""  # the reason why it may be


def replace(changes: Changes, node_id: int, text: str) -> None:
    """Put `text` in the place of a node."""
    changes.setdefault(node_id, []).append(lambda _: text)


def wrap(changes: Changes, node_id: int, before: str, after: str) -> None:
    """Put text around a node."""
    changes.setdefault(node_id, []).append(lambda inner: f"{before}{inner}{after}")
