"""Figures as a person reads them."""

from __future__ import annotations

from typing import Protocol

NOTHING = "\N{EN DASH}"


class Spanned(Protocol):
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def figure(value: float | None) -> str:
    """Three significant digits, without an exponent.

    >>> [figure(v) for v in (0.0123, 1.0549, 31.94, 912.3)]
    ['0.012', '1.05', '31.9', '912']
    """
    if value is None:
        return NOTHING
    size = abs(value)
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3}f}"


def times(ratio: float | None) -> str:
    """A ratio, e.g. 1.07 with a multiplication sign."""
    return NOTHING if ratio is None else f"{figure(ratio)}\N{MULTIPLICATION SIGN}"


def percent(share: float | None) -> str:
    """E.g. "84%"; one decimal near the ends.

    >>> percent(0.841), percent(0.9971)
    ('84%', '99.7%')
    """
    if share is None:
        return NOTHING
    return f"{100 * share:.{1 if 0 < share < 0.1 or 0.95 < share < 1 else 0}f}%"


def span(interval: Spanned | None, *, share: bool = False) -> str:
    """The interval alone, e.g. "90.1 to 94.0"."""
    if interval is None:
        return ""
    show = percent if share else figure
    return f"{show(interval.low)} to {show(interval.high)}"


def duration(seconds: float | None) -> str:
    """
    >>> duration(4.2), duration(83), duration(9240)
    ('4.2 s', '1 min 23 s', '2 h 34 min')
    """
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(number: int, word: str) -> str:
    """
    >>> plural(1, "verdict"), plural(1200, "verdict")
    ('1 verdict', '1,200 verdicts')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"
