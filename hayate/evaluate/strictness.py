"""Whether a plan is as strict as the house's own, so that what it finds may be paid, kept and told to others.

A plan may come from a client. One shape and one pair, or a second of time, or only the band where a kernel shines,
give an answer to that question; whoever asks for the usual must not get it.
"""

from __future__ import annotations

from hayate.records import MeasurePlan

OWN = MeasurePlan()  # what a training verdict takes

_MORE_IS_STRICTER = ("launches", "verify_shapes", "confidence")
_WHAT_FOR = ("purpose", "max_launches")  # they change what is timed and when it is over, not what must hold


def shortfall(plan: MeasurePlan, own: MeasurePlan = OWN) -> list[str]:
    """In what it asks for less than `own`, or for something else; empty: what it finds is worth as much.

    Fields that are not known here must be equal, so that a new one is no way around.
    """
    found = []
    for name in type(own).model_fields:
        asked, due = getattr(plan, name), getattr(own, name)
        if name in _WHAT_FOR or asked == due or (name in _MORE_IS_STRICTER and asked > due):
            continue
        found.append(f"{name} {_word(asked)} for {_word(due)}")
    return found


def binds(plan: MeasurePlan, own: MeasurePlan = OWN) -> bool:
    """May what it finds stand for everybody? Measurements for other purposes hold for who asked for them."""
    return plan.purpose == own.purpose and not shortfall(plan, own)


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return "the task's" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
