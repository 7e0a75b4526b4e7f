"""The fastest code known for each task on this host, as whoever measured it left word: a vendor's library when the
task was calibrated, a run's best kernel at its end.
"""

from __future__ import annotations

from hayate.hosts.state import keep, state_dir
from hayate.records import Fastest, decode, encode


def note_fastest(found: Fastest) -> None:
    """Keep it, unless something faster is known for the same task on that host. Raises Fault."""
    path = state_dir() / "fastest" / f"{found.task}-{found.fingerprint}.json"
    try:
        known = decode(Fastest, path.read_bytes())
    except (OSError, ValueError):  # pydantic's is a ValueError
        known = None
    if known is None or known.task_hash != found.task_hash or known.times <= found.times:
        keep(path, encode(found))


def fastest_known(fingerprint: str) -> list[Fastest]:
    """By task, on the host of that fingerprint; what can't be read is left out."""
    found = []
    for path in sorted((state_dir() / "fastest").glob(f"*-{fingerprint}.json")):
        try:
            found.append(decode(Fastest, path.read_bytes()))
        except (OSError, ValueError):
            continue
    return found
