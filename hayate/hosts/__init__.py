"""The machine: its cores and slots, what it can do, what distorts timing on it."""

from hayate.hosts.calibrate import vector_bytes
from hayate.hosts.doctor import Check, checks
from hayate.hosts.profile import profile
from hayate.hosts.state import state_dir
from hayate.hosts.topology import Slot, slots

__all__ = ["Check", "Slot", "checks", "profile", "slots", "state_dir", "vector_bytes"]
