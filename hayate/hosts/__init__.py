"""The machine: its cores and slots, what it can do, what distorts timing on it."""

from hayate.hosts.calibrate import vector_bytes
from hayate.hosts.doctor import Check, checks
from hayate.hosts.fastest import fastest_known, note_fastest
from hayate.hosts.profile import profile
from hayate.hosts.state import keep, state_dir
from hayate.hosts.topology import Slot, slots

__all__ = [
    "Check",
    "Slot",
    "checks",
    "fastest_known",
    "keep",
    "note_fastest",
    "profile",
    "slots",
    "state_dir",
    "vector_bytes",
]
