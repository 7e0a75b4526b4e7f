"""Matplotlib -> SVG that takes its colours from the page, so that one drawing serves light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Stand-in colours, each replaced by the page's variable of that name. None occurs in a drawing otherwise.
_VARIABLES = (
    *("ink", "muted", "grid", "accent", "accent2", "accent3"),
    *("accepted", "wrong", "crashed", "timed_out", "build_failed", "violation", "cheated"),
)
COLOURS = {name: f"#0a0b{number:02x}" for number, name in enumerate(_VARIABLES, start=0x10)}

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it takes the page's font, and can be searched
    "font.size": 10,
    "text.parse_math": False,
    "axes.edgecolor": COLOURS["grid"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.titlecolor": COLOURS["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.6,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "text.color": COLOURS["ink"],
    "legend.frameon": False,
    "legend.labelcolor": COLOURS["ink"],
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
}


def draw(
    name: str, describe: str, paint: Callable[[Axes], None], *, width: float = 6.4, height: float = 3.3
) -> str:
    """An inline <svg>. `name` keeps its ids apart from other drawings' on the page; `describe` is read aloud.

    `width` and `height` are in inches; the page shows it as wide as its box, so a wider drawing has finer text.
    """
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure.add_subplot())
        FigureCanvasSVG(figure)
        out = io.StringIO()
        figure.savefig(
            out,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _inline(out.getvalue(), name, describe)


def _inline(svg: str, name: str, describe: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|xlink:href="#|href="#|url\(#)', rf"\g<1>{name}-", svg)
    view = re.search(r'viewBox="[^"]*"', svg)
    assert view is not None
    label = describe.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view[0]} role="img" aria-label="{label}">'
    )
    svg = re.sub(r"<svg[^>]*>", lambda _: head, svg, count=1, flags=re.DOTALL)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable.replace('_', '-')})")
    return svg.strip()
