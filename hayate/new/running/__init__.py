"""Running the reference, in the sandbox: traced, sanitized, or timed."""

from hayate.new.running.calls import Call, Caller, Complaint, Result
from hayate.new.running.program import Program
from hayate.new.running.traces import ArrayTrace, Crash, Fill, Trace, Tracer

__all__ = [
    "ArrayTrace",
    "Call",
    "Caller",
    "Complaint",
    "Crash",
    "Fill",
    "Program",
    "Result",
    "Trace",
    "Tracer",
]
