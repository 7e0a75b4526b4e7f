"""Run one command within limits: files, network, processes, memory, time.

`best()` is the strongest tier that works here; `TierReport.weaknesses` says what it does not stop. Nothing
keeps a command from altering its *own* process: the judge's clock and results live elsewhere.
"""

from hayate.sandbox import allowed, seccomp
from hayate.sandbox.base import FIRST_FD, Command, Exit, Limits, Profile, Sandbox, TierReport
from hayate.sandbox.boxes import new_box
from hayate.sandbox.launcher import Process
from hayate.sandbox.probe import best, get, probe

__all__ = [
    "FIRST_FD",
    "Command",
    "Exit",
    "Limits",
    "Process",
    "Profile",
    "Sandbox",
    "TierReport",
    "allowed",
    "best",
    "get",
    "new_box",
    "probe",
    "seccomp",
]
